import type { Engine } from '../engine/engine.ts';
import { failure, reasonOf } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { engineIdentity } from '../snapshot/engineIdentity.ts';
import { landSnapshot } from '../snapshot/landSnapshot.ts';
import type { Snapshot, SnapshotVolume } from '../snapshot/snapshot.ts';
import { SnapshotDraft } from '../snapshot/snapshotDraft.ts';
import { openSnapshot } from '../snapshot/snapshots.ts';
import { shortDigest } from '../digest.ts';
import { captureOpen } from './captureVolume.ts';
import { emptyVolume, writeParts } from './fillVolume.ts';
import type { VolumeDeps } from './helperContainer.ts';
import { withOpenVolume, type OpenVolume } from './openVolume.ts';
import { isForgetful } from './volumeRemarks.ts';
import { checkVolumeParts } from './volumeParts.ts';
import { usersOf } from './volumeUsers.ts';

/** On the snapshots that are made of what a restore replaces. */
export const beforeRestoreTag = 'before-restore';

/** Says in the journal that a volume is to get its old data back, which is in a snapshot. */
export const refillNote = 'refillVolume';

/**
 * Replaces what a volume holds; README.md says why it is done so:
 * 1. see that no container that uses it runs, 2. read and check the new data in the vault, 3. back up what it holds
 * now, as a snapshot of its own, 4. note that, 5. empty it, 6. send the new data and compare it entry by entry.
 * When 5 or 6 fails or is cancelled it gets its old data back; after a crash recovery does that.
 *
 * Resolves with the snapshot of the old data. Rejects with `volumeInUse`, what the steps reject with, and with
 * `volumeNotPutBack` when the old data could not be put back.
 */
export async function replaceVolume(
  deps: VolumeDeps,
  { volume, target }: { readonly volume: SnapshotVolume; readonly target: string },
  operation: Operation,
): Promise<Snapshot> {
  const { engine, session } = deps;
  const { blobs } = session.vault;
  const signal = AbortSignal.any([session.signal, operation.signal]);
  const during = { ...operation, signal };
  await requireIdle(engine, target, signal);
  await checkVolumeParts(blobs, volume, during);
  const toOpen = { kind: 'volume', name: target, access: 'write' } as const;
  return await withOpenVolume(deps, toOpen, signal, async (open) => {
    if (isForgetful(open.details?.options)) throw failure('volumeForgets', { name: target });
    if (!open.hasRootEntry) throw failure('volumeNotReplaceable', { name: target });
    const before = await backUpOpen(deps, open, during);
    const [old] = (await openSnapshot(session.vault, before, { signal })).volumes;
    if (old === undefined) throw failure('unexpected', { reason: 'a snapshot of a volume holds none' });
    await requireIdle(engine, target, signal);
    const data = { engineId: deps.engineId, name: target, snapshot: before.id };
    const note = await session.journal.note(refillNote, data);
    try {
      await emptyVolume(open, signal);
      await writeParts(blobs, open, volume, during);
    } catch (error) {
      await putBack(deps, open, old, before, error);
      await session.journal.settle(note);
      throw error;
    }
    await session.journal.settle(note);
    return before;
  });
}

async function backUpOpen(deps: VolumeDeps, open: OpenVolume, during: Operation): Promise<Snapshot> {
  const { engine, session } = deps;
  const createdMs = Date.now();
  const { document, parts } = await captureOpen(deps, open, { isWrittenMeanwhile: false }, during);
  const draft = new SnapshotDraft(session.vault.blobs);
  await draft.addVolume(document, parts, during);
  const source = { kind: 'volume', name: open.name, ...engineIdentity(await engine.info(during)) } as const;
  return await landSnapshot(
    session,
    draft,
    { source, createdMs, imageIds: [], tags: [beforeRestoreTag] },
    during,
  );
}

/** Not with the operation's signal: that may be why. Where this fails the note stays open. */
async function putBack(
  { session }: VolumeDeps,
  open: OpenVolume,
  old: SnapshotVolume,
  before: Snapshot,
  error: unknown,
): Promise<void> {
  const { signal } = new AbortController();
  try {
    await emptyVolume(open, signal);
    await writeParts(session.vault.blobs, open, old, { signal, progress: { report: () => undefined } });
  } catch (second) {
    const reasons = { reason: reasonOf(error), second: reasonOf(second) };
    throw failure(
      'volumeNotPutBack',
      { name: open.name, snapshot: shortDigest(before.id), ...reasons },
      new AggregateError([error, second]),
    );
  }
}

async function requireIdle(engine: Engine, name: string, signal: AbortSignal): Promise<void> {
  const busy = usersOf(name, await engine.containers.list({ signal })).filter(({ state }) =>
    ['running', 'paused', 'restarting'].includes(state),
  );
  if (busy.length === 0) return;
  const containers = busy.map(({ id, names: [own = id] }) => own).join(', ');
  throw failure('volumeInUse', { name, containers });
}
