/**
 * A process of its own that keeps a vault: copies all its snapshots into another one, prunes it, forgets the oldest
 * snapshot, repairs it from another one, pulls one from a registry, or backs something up. Told a number, it kills itself at that step; told a
 * folder, it puts there what lies on disk at each step; in the end it says how many steps there were.
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { copySnapshots } from '../../src/core/maintenance/copySnapshots.ts';
import { forgetSnapshots } from '../../src/core/maintenance/forgetSnapshots.ts';
import { pruneVault } from '../../src/core/maintenance/pruneVault.ts';
import { repairVault } from '../../src/core/maintenance/repairVault.ts';
import { unattended } from '../../src/core/progress.ts';
import { readSnapshots } from '../../src/core/snapshot/snapshots.ts';
import { pullSnapshot } from '../../src/core/transfer/pullSnapshot.ts';
import { openVault, type Vault } from '../../src/core/vault/layout.ts';
import { currentProcess } from '../../src/core/vault/processIdentity.ts';
import type { VaultSteps } from '../../src/core/vault/vaultSteps.ts';
import { keep } from './keptVault.ts';
import { registryHere } from './registryHere.ts';

const [, , task = '', path = '', extra = '', at = '0'] = process.argv;
let reached = 0;
const steps: VaultSteps = {
  reached: () => {
    reached += 1;
    if (reached === Number(at)) process.kill(process.pid, 'SIGKILL');
    if (at.includes('/'))
      cpSync(task === 'copy' ? extra : path, join(at, String(reached)), { recursive: true });
  },
};
const open = (folder: string): Promise<Vault> => openVault({ path: folder, access: 'write' }, { steps });
const owner = await currentProcess();
const vault = await open(path);
const operation = unattended();

if (task === 'copy') {
  const ids = (await readSnapshots(vault)).map(({ id }) => id);
  await copySnapshots({ from: vault, to: await open(extra), owner }, { ids }, operation);
} else if (task === 'prune') {
  const [times = 1, graceMs = 0] = extra.split(' ').filter(Boolean).map(Number);
  for (let time = 0; time < times; time += 1)
    await pruneVault({ vault, owner }, { graceMs, isDryRun: false }, operation);
} else if (task === 'repair') {
  const from = await openVault({ path: extra, access: 'read' });
  await repairVault({ vault, from, owner }, { isDropping: false }, operation);
} else if (task === 'pull') {
  const [host = '', repository = '', ref = ''] = extra.split(' ');
  const registry = registryHere(host);
  await pullSnapshot({ from: registry.repository(repository), to: vault, owner }, { ref }, operation);
  registry.close();
} else if (task === 'forget') {
  const oldest = (await readSnapshots(vault)).at(-1);
  if (oldest) await forgetSnapshots({ vault, owner }, { ids: [oldest.id] });
} else {
  const [name = '', times = '1'] = extra.split(' ');
  for (let time = 0; time < Number(times); time += 1)
    await keep(vault, { name, files: { data: `${name} ${time}`, shared: 'the same everywhere' } });
}
console.log(String(reached));
