/**
 * Bundles the snapshots of a vault in a process of its own, whose disk a test may limit. It kills itself at the first
 * report of a phase:
 *
 *     node bundleOf.ts <vault> <file> <bytes of parts> [<phase>]
 */
import { bundleSnapshots } from '../../src/core/bundle/bundleSnapshots.ts';
import { DrydockError } from '../../src/core/errors.ts';
import { unattended } from '../../src/core/progress.ts';
import { readSnapshots } from '../../src/core/snapshot/snapshots.ts';
import { openVault } from '../../src/core/vault/layout.ts';

const [root = '', path = '', partBytes = '0', killedIn] = process.argv.slice(2);
const vault = await openVault({ path: root, access: 'read' });
const size = Number(partBytes);
const place = { path, replace: false, ...(size > 0 && { partBytes: size }) };
try {
  const snapshots = await readSnapshots(vault);
  await bundleSnapshots(
    { vault },
    { ...place, snapshots, compression: 'none', nowMs: Date.now() },
    {
      ...unattended(),
      progress: {
        report: ({ phase }) => {
          if (phase === killedIn) process.kill(process.pid, 'SIGKILL');
        },
      },
    },
  );
  console.log('done');
} catch (error) {
  console.log(error instanceof DrydockError ? error.code : String(error));
}
