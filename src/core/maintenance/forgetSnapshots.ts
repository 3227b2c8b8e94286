import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { snapshotOf } from '../snapshot/snapshotAnnotations.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import { requireWritable } from '../vault/layout.ts';
import { withLock } from '../vault/locks.ts';
import { updateSnapshotIndex } from '../vault/updateIndex.ts';
import { sharedWaitMs, type VaultDeps } from './annotateSnapshots.ts';

/**
 * Takes snapshots out of index.json; their blobs stay until prune. All of `ids` or none: rejects with `snapshotGone`
 * when one is not listed any more, and with `snapshotPinned` for one that is pinned, by now perhaps.
 *
 * `kept` are those for whose sake the others may go: rejects with `snapshotGone` when one of these was removed since,
 * by another client perhaps that kept the others, and with `keptDamaged` when one was found damaged since.
 */
export async function forgetSnapshots(
  { vault, owner }: VaultDeps,
  { ids, kept = [] }: { readonly ids: readonly Digest[]; readonly kept?: readonly Snapshot[] },
  { signal }: CancelOptions = {},
): Promise<readonly Snapshot[]> {
  requireWritable(vault);
  const wanted = new Set(ids);
  let forgotten: readonly Snapshot[] = [];
  const { paths, steps } = vault;
  const lock = { scope: 'vault', mode: 'shared', waitMs: sharedWaitMs } as const;
  await withLock({ paths, owner, steps }, lock, signal && { signal }, async (held) => {
    await updateSnapshotIndex(
      { vault, owner },
      (entries) => {
        const listed = entries.flatMap((entry) => snapshotOf(entry) ?? []);
        requireKept(paths.root, kept, listed);
        const found = listed.filter(({ id }) => wanted.has(id));
        const pinned = found.find(({ isPinned }) => isPinned);
        if (pinned !== undefined) throw failure('snapshotPinned', { name: pinned.refName });
        const gone = ids.find((id) => !found.some((snapshot) => snapshot.id === id));
        if (gone !== undefined) throw failure('snapshotGone', { vault: paths.root, id: gone });
        forgotten = found;
        return found.length === 0 ? entries : entries.filter((entry) => !isOneOf(wanted, snapshotOf(entry)));
      },
      { signal: held.signal },
    );
  });
  return forgotten;
}

function requireKept(vault: string, kept: readonly Snapshot[], listed: readonly Snapshot[]): void {
  const now = new Map(listed.map((snapshot) => [snapshot.id, snapshot]));
  for (const { id, damaged } of kept) {
    const found = now.get(id);
    if (found === undefined) throw failure('snapshotGone', { vault, id });
    if (damaged === undefined && found.damaged !== undefined)
      throw failure('keptDamaged', { name: found.refName });
  }
}

function isOneOf(wanted: ReadonlySet<Digest>, snapshot: Snapshot | undefined): boolean {
  return snapshot !== undefined && wanted.has(snapshot.id);
}
