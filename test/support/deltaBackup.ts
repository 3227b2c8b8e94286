/**
 * A process of its own that has an engine push an image into a vault, and kills itself as soon as bytes of it come.
 *
 *     node deltaBackup.ts <vault> <engine host> <image id> <name>
 */
import { backupImages } from '../../src/core/backup/backupImages.ts';
import { parseDigest } from '../../src/core/digest.ts';
import { openVault } from '../../src/core/vault/layout.ts';
import { currentProcess } from '../../src/core/vault/processIdentity.ts';
import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';
import { openEndpoint } from '../../src/registry/endpoint/openEndpoint.ts';

const [, , path = '', host = '', id = '', name = ''] = process.argv;
const address = parseAddress(host);
if (!address) throw new Error(`${host} is no address`);
const vault = await openVault({ path, access: 'write' });
await backupImages(
  { engine: connect(address), vault, owner: await currentProcess(), openEndpoint },
  { images: [{ id: parseDigest(id, 'the arguments'), tags: [name] }], transport: 'delta' },
  {
    signal: new AbortController().signal,
    progress: {
      report: ({ phase }) => {
        if (phase === 'reading') process.kill(process.pid, 'SIGKILL');
      },
    },
  },
);
throw new Error('nothing came');
