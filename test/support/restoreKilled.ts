/**
 * A process of its own that restores a snapshot and kills itself when it has written so many notes into the journal.
 * Without that number it ends well and says how many notes there were. With `load` it dies when the engine has all the
 * images, and their tags with them.
 *
 *     node restoreKilled.ts <host> <vault or bundle> <snapshot ID> <choices as JSON> [<note>|load]
 *
 * Out of a bundle it works in a vault of the folder beside it.
 */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { bundleToRestore, vaultOfBundle } from '../../src/core/bundle/bundleToRestore.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import { unattended } from '../../src/core/progress.ts';
import { executeRestore } from '../../src/core/restore/executeRestore.ts';
import { planRestore } from '../../src/core/restore/planRestore.ts';
import type { RestoreChoices } from '../../src/core/restore/restorePlan.ts';
import type { Snapshot } from '../../src/core/snapshot/snapshot.ts';
import { findSnapshot, openSnapshot, readSnapshots } from '../../src/core/snapshot/snapshots.ts';
import { openVault, type Vault } from '../../src/core/vault/layout.ts';
import { currentProcess } from '../../src/core/vault/processIdentity.ts';
import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';

const [, , host = '', path = '', id = '', choices = '{}', killAt = '0'] = process.argv;
let written = 0;
const steps = {
  reached: (step: string): void => {
    if (step !== 'journal written') return;
    written += 1;
    if (written === Number(killAt)) process.kill(process.pid, 'SIGKILL');
  },
};

const endpoint = parseAddress(host);
if (endpoint === undefined) throw new Error(`no engine at ${host}`);
const real = connect(endpoint);
const engine: Engine = {
  ...real,
  images: {
    ...real.images,
    load: async (...args) => {
      const outcome = await real.images.load(...args);
      if (killAt === 'load') process.kill(process.pid, 'SIGKILL');
      return outcome;
    },
  },
};
const { vault, snapshots } = await open();
const contents = await openSnapshot(vault, findSnapshot(snapshots, id));
const plan = await planRestore(
  { engine, vault },
  { contents, choices: JSON.parse(choices) as RestoreChoices },
);
await executeRestore({ engine, vault, owner: await currentProcess() }, plan, unattended());
await engine.close();
console.log(String(written));

async function open(): Promise<{ readonly vault: Vault; readonly snapshots: readonly Snapshot[] }> {
  if ((await stat(path)).isDirectory()) {
    const opened = await openVault({ path, access: 'write' }, { steps });
    return { vault: opened, snapshots: await readSnapshots(opened) };
  }
  const bundle = await bundleToRestore({ path, temporaryFolder: dirname(path) }, unattended());
  const through = await vaultOfBundle(bundle, { dataFolder: dirname(path) });
  return { vault: { ...through, steps }, snapshots: bundle.snapshots };
}
