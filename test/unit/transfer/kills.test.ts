import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { verifyVault } from '../../../src/core/maintenance/verifyVault.ts';
import { unattended } from '../../../src/core/progress.ts';
import { recoverVault } from '../../../src/core/recovery/recoverVault.ts';
import { readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { pullSnapshot } from '../../../src/core/transfer/pullSnapshot.ts';
import { pushSnapshot } from '../../../src/core/transfer/pushSnapshot.ts';
import { createVault, openVault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { FakeRegistry } from '../../support/fakeRegistry.ts';
import { pushedVaults } from '../../support/pushedVault.ts';
import { registryHere } from '../../support/registryHere.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const run = promisify(execFile);
const program = new URL('../../support/vaultKeeper.ts', import.meta.url).pathname;

describe('a vault that is killed while it pulls', function () {
  this.timeout(200_000);
  const folder = temporaryFolder();
  const vaults = pushedVaults();
  const server = new FakeRegistry();
  before(() => server.start());
  after(() => server.stop());

  it('is whole after every step, and a second pull brings the rest', async () => {
    const { vault, image } = await vaults.copy(join(folder.path(), 'vault'));
    const registry = registryHere(server.host);
    const from = registry.repository('backups');
    await pushSnapshot({ from: vault, to: from }, { snapshot: image, tag: 't' }, unattended());
    const { paths } = await createVault({ path: join(folder.path(), 'to'), compression: 'zstd' });
    // One process, gone then; what lies on disk is put aside at each step.
    const states = join(folder.path(), 'states');
    const args = [program, 'pull', paths.root, `${server.host} backups t`, states];
    const total = Number((await run(process.execPath, args)).stdout);
    assert.ok(total > 20, String(total));
    const owner = await currentProcess();
    const seen = new Set<number>();
    // Most steps are those of one more blob; the last ones list the snapshot.
    const looked = Array.from({ length: total }, (_, place) => place + 1).filter(
      (step) => step % 5 === 1 || step > total - 6,
    );
    for (const state of looked) {
      const to = await openVault({ path: join(states, String(state)), access: 'write' });
      await recoverVault({ vault: to, owner });
      assert.deepEqual(await readdir(to.paths.journal), []);
      const { problems } = await verifyVault({ vault: to, owner }, { depth: 'digests' }, unattended());
      assert.deepEqual(problems, [], `step ${state}`);
      seen.add((await readSnapshots(to)).length);
      await pullSnapshot({ from, to, owner }, { ref: 't' }, unattended());
      assert.deepEqual(
        (await readSnapshots(to)).map(({ id }) => id),
        [image.id],
      );
    }
    // Before it was listed, and after.
    assert.deepEqual([...seen].sort(), [0, 1]);
    registry.close();
  });
});
