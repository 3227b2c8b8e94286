import type { Digest } from '../digest.ts';
import type { Snapshot, SnapshotKind } from '../snapshot/snapshot.ts';
import { snapshotOf } from '../snapshot/snapshotAnnotations.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import type { Vault } from '../vault/layout.ts';
import { readSnapshotIndex } from '../vault/updateIndex.ts';
import { blobsUnder, readVaultGraph, type GraphNode } from './vaultGraph.ts';

interface Amount {
  readonly blobs: number;
  readonly bytes: number;
}

export interface KindStats {
  readonly kind: SnapshotKind;
  readonly sources: number;
  readonly snapshots: number;
  /** Bytes as they would be if each snapshot were kept plain on its own. */
  readonly plainBytes: number;
  /** Bytes of the blobs that these snapshots reach; what two kinds share is in both. */
  readonly storedBytes: number;
}

/** What a vault holds and takes. */
export interface VaultStats {
  readonly kinds: readonly KindStats[];
  readonly snapshots: number;
  readonly damaged: number;
  readonly pinned: number;
  readonly plainBytes: number;
  /** Everything in the blobs' folder. */
  readonly stored: Amount;
  /** What no entry of index.json reaches: prune removes it once it is old enough. */
  readonly reclaimable: Amount;
  /** What entries of other tools reach and no snapshot does. */
  readonly foreign: Amount;
}

/** Counts without reading a layer. Documents that can't be read are passed over; verify names them. */
export async function vaultStats(vault: Vault, { signal }: CancelOptions = {}): Promise<VaultStats> {
  const stop = signal ?? new AbortController().signal;
  const { entries } = await readSnapshotIndex(vault, { signal: stop });
  const snapshots = entries.flatMap((entry) => snapshotOf(entry) ?? []);
  const roots = entries.flatMap(({ descriptor }) => descriptor ?? []);
  const graph = await readVaultGraph(vault.blobs, roots, stop);
  const under = new Map(snapshots.map(({ id }) => [id, blobsUnder(graph, id)]));
  const ours = unique(snapshots, under);
  const all: { readonly digest: Digest; readonly sizeBytes: number }[] = [];
  for await (const blob of vault.blobs.list({ signal: stop })) all.push(blob);
  const kinds = (['image', 'container', 'volume', 'project'] as const).flatMap((kind): KindStats[] => {
    const some = snapshots.filter(({ source }) => source.kind === kind);
    if (some.length === 0) return [];
    const sources = new Set(some.map(({ source }) => JSON.stringify([source.engineId, source.name])));
    return [
      {
        kind,
        sources: sources.size,
        snapshots: some.length,
        plainBytes: plainOf(some),
        storedBytes: amountOf([...unique(some, under).values()]).bytes,
      },
    ];
  });
  return {
    kinds,
    snapshots: snapshots.length,
    damaged: snapshots.filter(({ damaged }) => damaged !== undefined).length,
    pinned: snapshots.filter(({ isPinned }) => isPinned).length,
    plainBytes: plainOf(snapshots),
    stored: amountOf(all),
    reclaimable: amountOf(all.filter(({ digest }) => !graph.has(digest))),
    foreign: amountOf(all.filter(({ digest }) => graph.has(digest) && !ours.has(digest))),
  };
}

function plainOf(snapshots: readonly Snapshot[]): number {
  return snapshots.reduce((sum, { plainBytes }) => sum + plainBytes, 0);
}

function unique(
  snapshots: readonly Snapshot[],
  under: ReadonlyMap<Digest, readonly GraphNode[]>,
): ReadonlyMap<Digest, { readonly sizeBytes: number }> {
  const found = new Map<Digest, { readonly sizeBytes: number }>();
  for (const { id } of snapshots)
    for (const { digest, found: stat } of under.get(id) ?? []) if (stat) found.set(digest, stat);
  return found;
}

function amountOf(blobs: readonly { readonly sizeBytes: number }[]): Amount {
  return { blobs: blobs.length, bytes: blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}
