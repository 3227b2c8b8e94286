import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { annotationsOf, snapshotOf } from '../snapshot/snapshotAnnotations.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import { requireWritable, type Vault } from '../vault/layout.ts';
import { withLock } from '../vault/locks.ts';
import type { ProcessIdentity } from '../vault/processIdentity.ts';
import { newEntry, type IndexEntry } from '../vault/snapshotIndex.ts';
import { updateSnapshotIndex } from '../vault/updateIndex.ts';

/** What maintenance works on. */
export interface VaultDeps {
  readonly vault: Vault;
  readonly owner: ProcessIdentity;
}

/** What is to be said of a snapshot from now on; what is left out stays. */
export interface SnapshotChange {
  readonly isPinned?: boolean;
  readonly addTags?: readonly string[];
  readonly removeTags?: readonly string[];
  readonly verified?: NonNullable<Snapshot['verified']>;
  /** `none` takes the mark away. */
  readonly damaged?: NonNullable<Snapshot['damaged']> | 'none';
}

/** How long a change waits for prune and the like. */
export const sharedWaitMs = 5 * 60_000;

/**
 * Pins snapshots, tags them, or says what a verification found; resolves with how they stand then. Rejects with
 * `snapshotGone` when one of `ids` is not listed any more, and changes nothing then.
 */
export async function annotateSnapshots(
  { vault, owner }: VaultDeps,
  { ids, change }: { readonly ids: readonly Digest[]; readonly change: SnapshotChange },
  { signal }: CancelOptions = {},
): Promise<readonly Snapshot[]> {
  requireWritable(vault);
  const { paths, steps } = vault;
  const lock = { scope: 'vault', mode: 'shared', waitMs: sharedWaitMs } as const;
  return await withLock({ paths, owner, steps }, lock, signal && { signal }, async (held) => {
    const entries = await updateSnapshotIndex(
      { vault, owner },
      (before) => changedEntries(vault, before, ids, () => change),
      { signal: held.signal },
    );
    const wanted = new Set(ids);
    return entries.flatMap((entry) => snapshotOf(entry) ?? []).filter(({ id }) => wanted.has(id));
  });
}

/** The entries with what `changeOf` says of each of `ids`. Throws `snapshotGone`. */
export function changedEntries(
  vault: Vault,
  entries: readonly IndexEntry[],
  ids: readonly Digest[],
  changeOf: (id: Digest) => SnapshotChange,
): readonly IndexEntry[] {
  const left = new Set(ids);
  const changed = entries.map((entry) => {
    const snapshot = snapshotOf(entry);
    if (snapshot === undefined || !ids.includes(snapshot.id)) return entry;
    left.delete(snapshot.id);
    return annotated(entry, snapshot, applied(snapshot, changeOf(snapshot.id)));
  });
  const [gone] = left;
  if (gone !== undefined) throw failure('snapshotGone', { vault: vault.paths.root, id: gone });
  return changed.every((entry, place) => entry === entries[place]) ? entries : changed;
}

function applied(snapshot: Snapshot, change: SnapshotChange): Snapshot {
  const { damaged: before, ...rest } = snapshot;
  const removed = new Set(change.removeTags ?? []);
  const tags = [...new Set([...snapshot.tags, ...(change.addTags ?? [])])].filter((tag) => !removed.has(tag));
  const damaged = change.damaged === 'none' ? undefined : (change.damaged ?? before);
  return {
    ...rest,
    tags,
    isPinned: change.isPinned ?? snapshot.isPinned,
    ...(change.verified && { verified: change.verified }),
    ...(damaged && { damaged }),
  };
}

/** Only what differs is written: an annotation that can't be read is not replaced by a guess. */
export function annotated(entry: IndexEntry, before: Snapshot, after: Snapshot): IndexEntry {
  const { descriptor, fields } = entry;
  if (descriptor === undefined) return entry;
  const [old, wanted] = [annotationsOf(before), annotationsOf(after)];
  const gone = Object.keys(old).filter((name) => !(name in wanted));
  const news = Object.entries(wanted).filter(([name, value]) => old[name] !== value);
  if (gone.length === 0 && news.length === 0) return entry;
  const kept = Object.entries(descriptor.annotations).filter(([name]) => !gone.includes(name));
  const annotations = { ...Object.fromEntries(kept), ...Object.fromEntries(news) };
  const result = newEntry({ ...descriptor, annotations });
  return { ...result, fields: { ...fields, ...result.fields } };
}
