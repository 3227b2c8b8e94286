import { rename } from 'node:fs/promises';
import { failure } from '../errors.ts';
import { syncFolder } from '../files/writeDurably.ts';
import type { CancelOptions } from './blobStore.ts';
import { sealed, sealState } from './entrySeal.ts';
import { requireWritable, type Vault } from './layout.ts';
import { withLock } from './locks.ts';
import { withPartialFile } from './partialFile.ts';
import type { ProcessIdentity } from './processIdentity.ts';
import { readSmallFile } from './readSmallFile.ts';
import {
  indexLimits,
  parseSnapshotIndex,
  refNameOf,
  snapshotIndexBytes,
  type EntryDescriptor,
  type IndexEntry,
  type SnapshotIndex,
} from './snapshotIndex.ts';

/** Another change takes milliseconds, so who waits this long waits for something that hangs. */
const waitMs = 60_000;

/**
 * The index.json of a vault as it is now, or the list that stands for it. Rejects with `badJson`, `fileMissing`,
 * `fileUnusable`, or as the calls of a registry do: there a list takes a call for each tag.
 */
export async function readSnapshotIndex(vault: Vault, cancel: CancelOptions = {}): Promise<SnapshotIndex> {
  if (vault.listing !== undefined) return vault.listing.read(cancel);
  return parseSnapshotIndex(await readSmallFile(vault.paths.index, indexLimits.maxBytes), vault.paths.index);
}

export interface UpdateOptions extends CancelOptions {
  /** Repair's: seals entries as they stand, even where they were changed since they were sealed. */
  readonly isAccepting?: boolean;
  /**
   * Rejects when the vault lock, under which blobs were found to be there, is no longer held. Asked with the index
   * lock in hand, which prune takes as well: so either prune sees the new entries, or this sees that prune came.
   */
  readonly ensureHeld?: () => Promise<void>;
}

/**
 * Changes the entries of index.json:
 * 1. take the index lock, 2. read the file as it is now, 3. let `change` make the new list of it, 4. refuse a new
 * entry whose blob is not there or whose name is taken, 5. write the whole beside it and read that back, 6. make
 * sure that the locks are still held, 7. rename, 8. sync the folder.
 *
 * `change` must keep the entries that it does not mean to change. When it gives back the same list nothing is
 * written. Rejects with `blobMissing`, `blobDamaged`, `vaultRefTaken`, `vaultInUse`, `vaultLockLost` and with what
 * `change` threw; the file is then the old one, unless step 8 itself failed.
 */
export async function updateSnapshotIndex(
  deps: { readonly vault: Vault; readonly owner: ProcessIdentity },
  change: (entries: readonly IndexEntry[]) => readonly IndexEntry[],
  { signal, isAccepting = false, ensureHeld }: UpdateOptions = {},
): Promise<readonly IndexEntry[]> {
  const { vault, owner } = deps;
  const { paths, steps } = vault;
  requireWritable(vault);
  const lock = { scope: 'index', mode: 'exclusive', waitMs } as const;
  return await withLock({ paths, owner, steps }, lock, signal && { signal }, async (held) => {
    const before = await readSnapshotIndex(vault, { signal: held.signal });
    steps.reached('index read');
    const changed = change(before.entries);
    if (changed === before.entries) return changed;
    const entries = resealed(before.entries, changed, isAccepting);
    const after = { fields: before.fields, entries };
    await requireSound(vault, before, after);
    const bytes = snapshotIndexBytes(after);
    const options = { steps, signal: held.signal };
    await withPartialFile(paths.partial, [bytes], options, async (partial) => {
      const written = await readSmallFile(partial.path, indexLimits.maxBytes);
      const { length } = parseSnapshotIndex(written, paths.index).entries;
      if (!bytes.equals(written) || length !== entries.length)
        throw failure('verifyMismatch', {
          name: paths.index,
          found: `${length} entries`,
          expected: `${entries.length}`,
        });
      await ensureHeld?.();
      await held.ensureHeld();
      held.signal.throwIfAborted();
      await rename(partial.path, paths.index);
      steps.reached('index replaced');
      await syncFolder(paths.root);
      steps.reached('index synced');
    });
    return entries;
  });
}

/** Seals what is new. What stays as it was keeps its seal, and a broken one stays broken: damage must not be sealed in. */
function resealed(
  before: readonly IndexEntry[],
  after: readonly IndexEntry[],
  isAccepting: boolean,
): readonly IndexEntry[] {
  if (isAccepting) return after.map(sealed);
  const kept = new Set(before);
  const broken = new Set(before.filter((entry) => sealState(entry) === 'broken').map(contentOf));
  return after.map((entry) => (kept.has(entry) || broken.has(contentOf(entry)) ? entry : sealed(entry)));
}

/** Nothing may be found through index.json that is not there, nor two things by one name. */
async function requireSound(vault: Vault, before: SnapshotIndex, after: SnapshotIndex): Promise<void> {
  const old = new Set(before.entries);
  // An entry that only says something new of what was listed before: that it is damaged, for example.
  const listed = new Set(before.entries.map(contentOf));
  const taken = new Set(after.entries.filter((entry) => old.has(entry)).map(refNameOf));
  for (const entry of after.entries) {
    if (old.has(entry) || entry.descriptor === undefined) continue;
    if (!listed.has(contentOf(entry))) await requireBlob(vault, entry.descriptor);
    const name = refNameOf(entry);
    if (name === undefined) continue;
    if (taken.has(name)) throw failure('vaultRefTaken', { path: vault.paths.root, name });
    taken.add(name);
  }
}

function contentOf({ descriptor }: IndexEntry): string {
  return `${descriptor?.digest ?? ''} ${descriptor?.sizeBytes ?? ''}`;
}

async function requireBlob(vault: Vault, { digest, sizeBytes }: EntryDescriptor): Promise<void> {
  const found = await vault.blobs.stat(digest);
  if (found === undefined) throw failure('blobMissing', { vault: vault.paths.root, digest });
  if (found.sizeBytes === sizeBytes) return;
  const reason = `it has ${found.sizeBytes} bytes of the ${sizeBytes} stated`;
  throw failure('blobDamaged', { vault: vault.paths.root, digest, reason });
}
