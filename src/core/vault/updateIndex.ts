import { rename } from 'node:fs/promises';
import { failure } from '../errors.ts';
import { syncFolder } from '../files/writeDurably.ts';
import type { CancelOptions } from './blobStore.ts';
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
  type IndexEntry,
  type SnapshotIndex,
} from './snapshotIndex.ts';

/** Another change takes milliseconds, so who waits this long waits for something that hangs. */
const waitMs = 60_000;

/** The index.json of a vault as it is now. Rejects with `badJson`, `fileMissing`, `fileUnusable`. */
export async function readSnapshotIndex(vault: Vault): Promise<SnapshotIndex> {
  return parseSnapshotIndex(await readSmallFile(vault.paths.index, indexLimits.maxBytes), vault.paths.index);
}

/**
 * Changes the entries of index.json:
 * 1. take the index lock, 2. read the file as it is now, 3. let `change` make the new list of it, 4. refuse a new
 * entry whose blob is not there or whose name is taken, 5. write the whole beside it and read that back, 6. make
 * sure that the lock is still held, 7. rename, 8. sync the folder.
 *
 * `change` must keep the entries that it does not mean to change. When it gives back the same list nothing is
 * written. Rejects with `blobMissing`, `blobDamaged`, `vaultRefTaken`, `vaultInUse`, `vaultLockLost` and with what
 * `change` threw; the file is then the old one, unless step 8 itself failed.
 */
export async function updateSnapshotIndex(
  deps: { readonly vault: Vault; readonly owner: ProcessIdentity },
  change: (entries: readonly IndexEntry[]) => readonly IndexEntry[],
  { signal }: CancelOptions = {},
): Promise<readonly IndexEntry[]> {
  const { vault, owner } = deps;
  const { paths, steps } = vault;
  requireWritable(vault);
  const lock = { scope: 'index', mode: 'exclusive', waitMs } as const;
  return await withLock({ paths, owner, steps }, lock, signal && { signal }, async (held) => {
    const before = await readSnapshotIndex(vault);
    steps.reached('index read');
    const entries = change(before.entries);
    if (entries === before.entries) return entries;
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

/** Nothing may be found through index.json that is not there, nor two things by one name. */
async function requireSound(vault: Vault, before: SnapshotIndex, after: SnapshotIndex): Promise<void> {
  const old = new Set(before.entries);
  const taken = new Set(after.entries.filter((entry) => old.has(entry)).map(refNameOf));
  for (const entry of after.entries) {
    if (old.has(entry) || entry.descriptor === undefined) continue;
    const { digest, sizeBytes } = entry.descriptor;
    const found = await vault.blobs.stat(digest);
    if (found === undefined) throw failure('blobMissing', { vault: vault.paths.root, digest });
    if (found.sizeBytes !== sizeBytes)
      throw failure('blobDamaged', {
        vault: vault.paths.root,
        digest,
        reason: `it has ${found.sizeBytes} bytes of the ${sizeBytes} stated`,
      });
    const name = refNameOf(entry);
    if (name === undefined) continue;
    if (taken.has(name)) throw failure('vaultRefTaken', { path: vault.paths.root, name });
    taken.add(name);
  }
}
