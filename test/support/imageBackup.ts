/**
 * A process of its own that backs images up from a real engine and kills itself at the step of the vault that it was
 * told; without one it ends well and says how many steps there were.
 *
 *     node imageBackup.ts <vault> <engine host> <kill at> <image id>…
 */
import { backupImages } from '../../src/core/backup/backupImages.ts';
import { parseDigest } from '../../src/core/digest.ts';
import { unattended } from '../../src/core/progress.ts';
import { openVault } from '../../src/core/vault/layout.ts';
import { currentProcess } from '../../src/core/vault/processIdentity.ts';
import type { VaultSteps } from '../../src/core/vault/vaultSteps.ts';
import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';

const [, , path = '', host = '', killAt = '0', ...ids] = process.argv;
let reached = 0;
const steps: VaultSteps = {
  reached: () => {
    reached += 1;
    if (reached === Number(killAt)) process.kill(process.pid, 'SIGKILL');
  },
};
const endpoint = parseAddress(host);
if (!endpoint) throw new Error(`${host} is no address`);
const engine = connect(endpoint);
const vault = await openVault({ path, access: 'write' }, { steps });
const images = ids.map((id) => ({ id: parseDigest(id, 'the arguments'), tags: [] }));
await backupImages({ engine, vault, owner: await currentProcess() }, { images }, unattended());
await engine.close();
console.log(String(reached));
