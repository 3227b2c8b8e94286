/**
 * A process of its own that backs something up into a vault, as a use case would, and kills itself at the step that
 * it was told. Without such a step it ends well and says how many steps there were.
 */
import { tarEnd, tarFile } from '../../src/core/archive/tarWriter.ts';
import { DrydockError } from '../../src/core/errors.ts';
import { putDocument } from '../../src/core/vault/blobStore.ts';
import { beginOperation } from '../../src/core/vault/journal.ts';
import { createVault, openVault, type Vault } from '../../src/core/vault/layout.ts';
import { withLock } from '../../src/core/vault/locks.ts';
import { currentProcess } from '../../src/core/vault/processIdentity.ts';
import { newEntry, snapshotType } from '../../src/core/vault/snapshotIndex.ts';
import { updateSnapshotIndex } from '../../src/core/vault/updateIndex.ts';
import type { VaultSteps } from '../../src/core/vault/vaultSteps.ts';
import { writeLayer } from '../../src/core/vault/writeLayer.ts';
import { inChunks } from './archives/byteStreams.ts';

const [, , path = '', name = '', killAt = '0'] = process.argv;
let reached = 0;
const steps: VaultSteps = {
  reached: () => {
    reached += 1;
    if (reached === Number(killAt)) process.kill(process.pid, 'SIGKILL');
  },
};

async function open(): Promise<Vault> {
  try {
    return await openVault({ path, access: 'write' }, { steps });
  } catch (error) {
    if (!(error instanceof DrydockError && error.code === 'notAVault')) throw error;
    return createVault({ path, compression: 'zstd' }, { steps });
  }
}

const vault = await open();
const { paths, blobs } = vault;
const owner = await currentProcess();
await withLock({ paths, owner, steps }, { scope: 'vault', mode: 'shared', waitMs: 0 }, {}, async (held) => {
  const operation = await beginOperation({ paths, owner, steps }, held, { kind: 'backup', subject: name });
  const paused = await operation.note('resume', { container: name });
  const bytes = inChunks(Buffer.concat([tarFile('data', `the data of ${name}`), tarEnd]));
  const { table } = await writeLayer(blobs, { bytes, name, compression: vault.settings.compression });
  const snapshot = await putDocument(blobs, JSON.stringify({ table }));
  const entry = newEntry({
    ...snapshot,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    artifactType: snapshotType,
    annotations: { 'org.opencontainers.image.ref.name': name },
  });
  await updateSnapshotIndex({ vault, owner }, (entries) => [...entries, entry], { signal: held.signal });
  await operation.settle(paused);
  await operation.end();
});
console.log(String(reached));
