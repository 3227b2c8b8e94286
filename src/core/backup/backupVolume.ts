import type { Engine } from '../engine/engine.ts';
import { DrydockError } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { engineKey } from '../recovery/engineKey.ts';
import { engineIdentity } from '../snapshot/engineIdentity.ts';
import { landSnapshot } from '../snapshot/landSnapshot.ts';
import type { SnapshotSource } from '../snapshot/snapshot.ts';
import { SnapshotDraft } from '../snapshot/snapshotDraft.ts';
import { openSnapshot, readSnapshots } from '../snapshot/snapshots.ts';
import type { StoredLayer } from '../snapshot/storedLayer.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import type { Vault } from '../vault/layout.ts';
import type { ProcessIdentity } from '../vault/processIdentity.ts';
import { withVaultSession } from '../vault/vaultSession.ts';
import { withOpenVolume } from '../volumes/openVolume.ts';
import { writersOf } from '../volumes/volumeUsers.ts';
import type { BackupResult } from './backupResult.ts';
import { captureMount } from './openMounts.ts';
import { withConsistency, type Consistency } from './withConsistency.ts';

export interface BackupVolumeInput {
  readonly name: string;
  readonly consistency: Consistency;
  readonly tags?: readonly string[];
}

/**
 * Backs up one volume: 1. make what is needed to read it, 2. have the containers that may write to it stand still,
 * 3. read it, 4. let them go on, 5. land the snapshot. Files that changed all the same are named in the result.
 *
 * Rejects with `engineNotFound` where there is no such volume, and as `withConsistency`, `captureMount` and
 * `landSnapshot` do; there is no snapshot then.
 */
export async function backupVolume(
  {
    engine,
    vault,
    owner,
  }: { readonly engine: Engine; readonly vault: Vault; readonly owner: ProcessIdentity },
  { name, consistency, tags }: BackupVolumeInput,
  operation: Operation,
): Promise<BackupResult> {
  const info = await engine.info(operation);
  const createdMs = Date.now();
  const source: SnapshotSource = { kind: 'volume', name, ...engineIdentity(info) };
  const what = { kind: 'backup', subject: name };
  return await withVaultSession({ vault, owner }, what, operation, async (session) => {
    const { signal } = session;
    const deps = { engine, engineId: engineKey(info), session };
    const during = { ...operation, signal };
    const { value: captured, remarks } = await withOpenVolume(
      deps,
      { kind: 'volume', name, access: 'read' },
      signal,
      async (open) => {
        const containers = writersOf(name, await engine.containers.list({ signal }));
        return await withConsistency(deps, { containers, mode: consistency }, during, () =>
          captureMount(deps, open, during),
        );
      },
    );
    const named = new Set(remarks.filter(({ kind }) => kind === 'notPaused').map(({ subject }) => subject));
    const more = captured.document.remarks.filter(
      ({ kind, subject }) => kind !== 'notPaused' || !named.has(subject),
    );
    const document = { ...captured.document, remarks: [...remarks, ...more] };
    const draft = new SnapshotDraft(session.vault.blobs);
    await draft.addVolume(document, captured.parts, { signal });
    const isUnchanged = await isAsBefore(vault, source, captured.parts, { signal });
    const input = { source, createdMs, imageIds: [], ...(tags && { tags }) };
    const snapshot = await landSnapshot(session, draft, input, during);
    return { snapshot, remarks: document.remarks, isUnchanged };
  });
}

/** Whether the last snapshot of the same volume holds the same data. */
async function isAsBefore(
  vault: Vault,
  source: SnapshotSource,
  parts: readonly StoredLayer[],
  cancel: CancelOptions,
): Promise<boolean> {
  const last = (await readSnapshots(vault, cancel)).find(
    ({ source: { kind, name, engineId } }) =>
      kind === 'volume' && name === source.name && engineId === source.engineId,
  );
  if (last === undefined) return false;
  try {
    const [volume] = (await openSnapshot(vault, last, cancel)).volumes;
    return (
      volume?.parts.length === parts.length &&
      volume.parts.every(({ diffId }, index) => diffId === parts[index]?.diffId)
    );
  } catch (error) {
    // An old snapshot that is damaged is no reason to go without a new one.
    if (error instanceof DrydockError) return false;
    throw error;
  }
}
