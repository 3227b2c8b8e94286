import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { ociIndexType } from '../oci/mediaTypes.ts';
import type { Operation } from '../progress.ts';
import { newEntry, refNameOf, snapshotType, type EntryDescriptor } from '../vault/snapshotIndex.ts';
import { updateSnapshotIndex } from '../vault/updateIndex.ts';
import type { VaultSession } from '../vault/vaultSession.ts';
import { blobsOfSnapshot } from './blobsOfSnapshot.ts';
import { openContents } from './openContents.ts';
import { readBack } from './readBack.ts';
import { snapshotRef } from './refNames.ts';
import type { Snapshot, SnapshotSource } from './snapshot.ts';
import { annotationsOf, type DraftedSnapshot } from './snapshotAnnotations.ts';
import type { SnapshotDraft } from './snapshotDraft.ts';
import type { StoredLayer } from './storedLayer.ts';

export interface LandInput {
  readonly source: SnapshotSource;
  readonly createdMs: number;
  /** IDs of the images in it that people chose. */
  readonly imageIds: readonly Digest[];
  readonly tags?: readonly string[];
}

export interface Landing extends LandInput {
  readonly draft: SnapshotDraft;
}

/**
 * Makes a snapshot of a draft: 1. store its index, 2. read back every blob that it reaches, unless this session did,
 * and every layer that this session stored down to its diffID, 3. open it as a restore would, since a document with
 * its digest may still be one that no reader takes, 4. put it into index.json, when the vault is still held.
 *
 * Rejects with `blobMissing` and `blobDamaged` when something is not as it was stored, with `badJson` for a document
 * beyond what is read, with `vaultLockLost`, `diskFilledUp`, or an AbortError; index.json is as it was then.
 */
export async function landSnapshot(
  session: VaultSession,
  draft: SnapshotDraft,
  input: LandInput,
  operation: Operation,
): Promise<Snapshot> {
  const [landed] = await landSnapshots(session, [{ ...input, draft }], operation);
  if (landed === undefined) throw failure('unexpected', { reason: 'index.json was changed by nobody' });
  return landed;
}

/** Makes a snapshot of each draft, as {@link landSnapshot} does: all of them, in this order, or none. */
export async function landSnapshots(
  session: VaultSession,
  landings: readonly Landing[],
  operation: Operation,
): Promise<readonly Snapshot[]> {
  const signal = AbortSignal.any([session.signal, operation.signal]);
  const { vault, owner, ledger } = session;
  const drafted: Snapshot[] = [];
  for (const { draft, ...input } of landings) {
    const said = snapshotOfDraft(draft, input);
    const notes = { ...annotationsOf(said), [operationName]: session.operationId };
    const index = await draft.finish(notes, { signal });
    const found = await blobsOfSnapshot(vault.blobs, index, { signal });
    const layerOf = (digest: Digest): StoredLayer | undefined => draft.layerOf(digest);
    await readBack(session, found, layerOf, { ...operation, signal, item: input.source.name });
    const newBytes = found.reduce((sum, { digest }) => sum + ledger.takeNewBytes(digest), 0);
    const { digest: id, sizeBytes } = index;
    const verified = { atMs: Date.now(), depth: 'digests' } as const;
    const snapshot = { ...said, id, sizeBytes, newBytes, verified };
    await openContents(vault.blobs, snapshot, { signal });
    drafted.push(snapshot);
  }
  // Who slept through half an hour may have lost the vault to a prune on another machine.
  await session.ensureHeld();
  let landed: readonly Snapshot[] = [];
  await updateSnapshotIndex(
    { vault, owner },
    (entries) => {
      const taken = new Set(entries.map(refNameOf));
      landed = drafted.map((snapshot) => {
        const refName = snapshotRef(snapshot.source, snapshot.createdMs, (name) => taken.has(name));
        taken.add(refName);
        return { ...snapshot, refName };
      });
      return [...entries, ...landed.map((snapshot) => newEntry(entryDescriptor(snapshot)))];
    },
    { signal, ensureHeld: () => session.ensureHeld() },
  );
  return landed;
}

/** In a snapshot's own document: which operation made it. */
const operationName = 'dev.drydock.operation';

function snapshotOfDraft(draft: SnapshotDraft, input: LandInput): DraftedSnapshot {
  return {
    refName: snapshotRef(input.source, input.createdMs, () => false),
    source: input.source,
    createdMs: input.createdMs,
    plainBytes: draft.plainBytes,
    imageIds: input.imageIds,
    tags: input.tags ?? [],
    isPinned: false,
    remarkCount: draft.remarkCount,
  };
}

function entryDescriptor(snapshot: Snapshot): EntryDescriptor {
  return {
    mediaType: ociIndexType,
    artifactType: snapshotType,
    digest: snapshot.id,
    sizeBytes: snapshot.sizeBytes,
    annotations: annotationsOf(snapshot),
  };
}
