import type { Engine } from '../engine/engine.ts';
import { failure, reasonOf } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { beforeRestoreTag } from '../snapshot/beforeRestore.ts';
import { engineIdentity } from '../snapshot/engineIdentity.ts';
import { landSnapshot } from '../snapshot/landSnapshot.ts';
import type { Snapshot, SnapshotVolume } from '../snapshot/snapshot.ts';
import { SnapshotDraft } from '../snapshot/snapshotDraft.ts';
import { openSnapshot } from '../snapshot/snapshots.ts';
import { shortDigest } from '../digest.ts';
import { captureOpen } from './captureVolume.ts';
import { emptyVolume, firstDifference, writeParts } from './fillVolume.ts';
import type { VolumeDeps } from './helperContainer.ts';
import { withOpenVolume, type OpenVolume } from './openVolume.ts';
import { isForgetful } from './volumeRemarks.ts';
import { checkVolumeParts } from './volumeParts.ts';
import { usersOf } from './volumeUsers.ts';

/** Says in the journal that a volume is to get its old data back, which is in a snapshot. */
export const refillNote = 'refillVolume';

export interface ReplaceInput {
  readonly volume: SnapshotVolume;
  /** Name of a volume that is there. */
  readonly target: string;
}

export interface ReplacedVolume {
  /** What it held before. */
  readonly before: Snapshot;
  /** To be settled once the new data is to stay: until then recovery would put the old data back. */
  readonly note: number;
}

/**
 * Replaces what a volume holds; README.md says why it is done so:
 * 1. see that no container that uses it runs, 2. read and check the new data in the vault, 3. back up what it holds
 * now, as a snapshot of its own, 4. see that nobody wrote to it since, 5. note that snapshot, 6. empty it, 7. send the
 * new data and compare it entry by entry.
 * When 6 or 7 fails or is cancelled it gets its old data back; after a crash recovery does that.
 *
 * Rejects with `volumeInUse`, `volumeChanged`, what the steps reject with, and with `volumeNotPutBack` when the old
 * data could not be put back; its note stays open then.
 */
export async function replaceVolume(
  deps: VolumeDeps,
  input: ReplaceInput,
  operation: Operation,
): Promise<ReplacedVolume> {
  const { blobs } = deps.session.vault;
  const { journal } = deps.session;
  return await withOldDataKept(deps, input, operation, async ({ open, before, old }, during) => {
    const data = { engineId: deps.engineId, name: input.target, snapshot: before.id };
    const note = await journal.note(refillNote, data);
    try {
      await emptyVolume(open, during.signal);
      await writeParts(blobs, open, input.volume, during);
    } catch (error) {
      await putBack(deps, open, old, before, error);
      await journal.settle(note);
      throw error;
    }
    return { before, note };
  });
}

/**
 * The same for recovery: there is a note already, of the operation that broke off, and it stays open when this fails.
 * One of its own would have the half that this finds put back after another crash.
 */
export async function refillVolume(
  deps: VolumeDeps,
  input: ReplaceInput,
  operation: Operation,
): Promise<void> {
  await withOldDataKept(deps, input, operation, async ({ open }, during) => {
    await emptyVolume(open, during.signal);
    await writeParts(deps.session.vault.blobs, open, input.volume, during);
  });
}

interface KeptVolume {
  readonly open: OpenVolume;
  readonly before: Snapshot;
  /** What is in `before`. */
  readonly old: SnapshotVolume;
}

/** Does `work` with an open volume that nobody uses, and of whose data there is a snapshot; the new data is checked. */
async function withOldDataKept<T>(
  deps: VolumeDeps,
  { volume, target }: ReplaceInput,
  operation: Operation,
  work: (kept: KeptVolume, during: Operation) => Promise<T>,
): Promise<T> {
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
    // A container may have come, written and gone meanwhile, the volume's folder may be the host's as well, or hold
    // the vault itself: what was written since would be nowhere.
    const difference = await firstDifference(blobs, open, old, during);
    if (difference !== undefined) throw failure('volumeChanged', { name: target, path: difference.path });
    return await work({ open, before, old }, during);
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
