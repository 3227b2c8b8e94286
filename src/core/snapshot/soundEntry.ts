import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { sealState } from '../vault/entrySeal.ts';
import type { Vault } from '../vault/layout.ts';
import type { EntryDescriptor, IndexEntry } from '../vault/snapshotIndex.ts';
import type { Snapshot } from './snapshot.ts';
import { snapshotOf } from './snapshotAnnotations.ts';

/** A snapshot as index.json lists it. */
export interface SoundEntry {
  readonly entry: IndexEntry;
  readonly descriptor: EntryDescriptor;
  readonly snapshot: Snapshot;
}

/** The entry of a snapshot, as it was written. Throws `snapshotGone`, and `entryChanged` where its seal is broken. */
export function soundEntry(
  { paths }: Pick<Vault, 'paths'>,
  entries: readonly IndexEntry[],
  id: Digest,
): SoundEntry {
  for (const entry of entries) {
    const snapshot = snapshotOf(entry);
    if (entry.descriptor === undefined || snapshot?.id !== id) continue;
    if (sealState(entry) === 'broken')
      throw failure('entryChanged', { vault: paths.root, name: snapshot.refName });
    return { entry, descriptor: entry.descriptor, snapshot };
  }
  throw failure('snapshotGone', { vault: paths.root, id });
}
