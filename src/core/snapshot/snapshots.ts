import { failure } from '../errors.ts';
import { isBeforeRestore } from './beforeRestore.ts';
import { openContents } from './openContents.ts';
import { sourceRef } from './refNames.ts';
import type { Snapshot, SnapshotContents } from './snapshot.ts';
import { snapshotOf } from './snapshotAnnotations.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import type { Vault } from '../vault/layout.ts';
import { readSnapshotIndex } from '../vault/updateIndex.ts';

/** The snapshots of a vault, newest first. Entries of other tools are left out. Rejects as {@link readSnapshotIndex} does. */
export async function readSnapshots(vault: Vault, cancel: CancelOptions = {}): Promise<readonly Snapshot[]> {
  const { entries } = await readSnapshotIndex(vault, cancel);
  return entries
    .flatMap((entry) => snapshotOf(entry) ?? [])
    .sort((a, b) => b.createdMs - a.createdMs || (a.refName < b.refName ? 1 : -1));
}

/**
 * All that a snapshot holds, its documents read and checked; no layer is read. Rejects with `blobMissing`,
 * `blobDamaged`, `badJson`.
 */
export function openSnapshot(
  vault: Vault,
  snapshot: Snapshot,
  cancel: CancelOptions = {},
): Promise<SnapshotContents> {
  return openContents(vault.blobs, snapshot, cancel);
}

const minIdLength = 4;

/**
 * The one snapshot that `text` means: its name, a start of its ID of at least four digits, `latest`, or
 * `<source>@latest` with the source as it stands in names or as its engine calls it. `latest` alone is only clear in
 * a vault of one source. What a restore replaced is the latest only where there is no other. Throws `snapshotUnknown`, `notExactlyOne`.
 */
export function findSnapshot(snapshots: readonly Snapshot[], text: string): Snapshot {
  const found = matching(snapshots, text);
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  const shown = text.slice(0, 300);
  if (first === undefined) throw failure('snapshotUnknown', { text: shown });
  throw failure('notExactlyOne', { text: shown, count: found.length, kind: 'snapshots' });
}

function matching(snapshots: readonly Snapshot[], text: string): readonly Snapshot[] {
  const named = snapshots.filter(({ refName }) => refName === text);
  if (named.length > 0) return named;
  const source = text === 'latest' ? '' : /^(.+)@latest$/.exec(text)?.[1];
  if (source !== undefined) return latest(snapshots.filter((one) => source === '' || isOf(one, source)));
  const hex = text.replace(/^sha256:/, '').toLowerCase();
  if (hex.length < minIdLength || !/^[0-9a-f]+$/.test(hex)) return [];
  return snapshots.filter(({ id }) => id.startsWith(`sha256:${hex}`));
}

function isOf({ source }: Snapshot, text: string): boolean {
  return text === source.name || text === sourceRef(source) || text === `${source.kind}/${source.name}`;
}

/** The newest of each source; what comes first of the same millisecond is the newer one. */
function latest(snapshots: readonly Snapshot[]): readonly Snapshot[] {
  const newest = new Map<string, Snapshot>();
  for (const one of snapshots) {
    const { kind, engineId, name } = one.source;
    const key = JSON.stringify([kind, engineId, name]);
    const known = newest.get(key);
    if (known === undefined || isMoreLatest(one, known)) newest.set(key, one);
  }
  return [...newest.values()];
}

function isMoreLatest(one: Snapshot, other: Snapshot): boolean {
  if (isBeforeRestore(one) !== isBeforeRestore(other)) return isBeforeRestore(other);
  return one.createdMs > other.createdMs;
}
