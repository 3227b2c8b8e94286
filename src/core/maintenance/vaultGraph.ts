import type { Digest } from '../digest.ts';
import { isIndexType } from '../oci/mediaTypes.ts';
import type { BlobReader, BlobStat } from '../vault/blobStore.ts';
import { childrenOf } from '../vault/reachableBlobs.ts';
import { snapshotType, type EntryDescriptor } from '../vault/snapshotIndex.ts';
import { damageReason, isDamage, type ProblemKind } from './vaultProblem.ts';

/** A blob that is reached from index.json. */
export interface GraphNode {
  readonly digest: Digest;
  readonly mediaType: string;
  /** As its first descriptor states. */
  readonly sizeBytes: number;
  readonly found?: BlobStat;
  /** What is wrong with it, as far as a walk sees. */
  readonly fault?: { readonly kind: ProblemKind; readonly detail: string } | undefined;
  readonly isSnapshot: boolean;
  readonly children: readonly Digest[];
  /** Who points at it, and whether that one can do without it. */
  readonly parents: ReadonlyMap<Digest, { readonly isOptional: boolean }>;
}

/** Everything that index.json reaches, whole or not. */
export type VaultGraph = ReadonlyMap<Digest, GraphNode>;

interface Pending {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly from?: Digest;
  readonly isOptional: boolean;
  readonly isSnapshot: boolean;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type OpenNode = Mutable<Omit<GraphNode, 'parents'>> & {
  readonly parents: Map<Digest, { readonly isOptional: boolean }>;
};

/**
 * Walks from `roots` through every document that can be read, parents first, each once, and notes what is missing, of
 * another size, or can't be read. An image's own index may name platforms that were never there, so it can do without
 * what it names; a snapshot's index can't, nor can a manifest.
 */
export async function readVaultGraph(
  store: BlobReader,
  roots: readonly EntryDescriptor[],
  signal: AbortSignal,
): Promise<VaultGraph> {
  const nodes = new Map<Digest, OpenNode>();
  const ahead: Pending[] = roots
    .map((root) => ({ ...root, isOptional: false, isSnapshot: root.artifactType === snapshotType }))
    .reverse();
  for (let next = ahead.pop(); next; next = ahead.pop()) {
    signal.throwIfAborted();
    const known = nodes.get(next.digest);
    const node = known ?? (await nodeOf(store, next));
    if (next.from !== undefined) {
      const before = node.parents.get(next.from);
      node.parents.set(next.from, { isOptional: next.isOptional && (before?.isOptional ?? true) });
    }
    if (known !== undefined) {
      known.isSnapshot ||= next.isSnapshot;
      known.fault ??= sizeFault(next.sizeBytes, known.found);
      continue;
    }
    nodes.set(next.digest, node);
    if (node.found === undefined || node.fault !== undefined) continue;
    const children = await readChildren(store, node, signal);
    node.children = children.map(({ digest }) => digest);
    const isOptional = isIndexType(next.mediaType) && !next.isSnapshot;
    for (const child of children.reverse())
      ahead.push({ ...child, from: next.digest, isOptional, isSnapshot: false });
  }
  return nodes;
}

/** The snapshots that need a blob: all that reach it, or only those that can't do without it. */
export function snapshotsNeeding(
  graph: VaultGraph,
  digest: Digest,
  how: 'reach' | 'need',
): readonly Digest[] {
  const found = new Set<Digest>();
  const seen = new Set<Digest>();
  const ahead = [digest];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const node = graph.get(next);
    if (node?.isSnapshot === true) found.add(next);
    for (const [parent, { isOptional }] of node?.parents ?? [])
      if (how === 'reach' || !isOptional) ahead.push(parent);
  }
  return [...found];
}

/** Whether something can't do without a blob: an entry of index.json itself, or what is needed by one. */
export function isNeeded(graph: VaultGraph, digest: Digest): boolean {
  const seen = new Set<Digest>();
  const ahead = [digest];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const parents = graph.get(next)?.parents;
    if (parents?.size === 0) return true;
    for (const [parent, { isOptional }] of parents ?? []) if (!isOptional) ahead.push(parent);
  }
  return false;
}

/** Every blob that a snapshot reaches and that is there. */
export function blobsUnder(graph: VaultGraph, root: Digest): readonly GraphNode[] {
  const seen = new Set<Digest>();
  const found: GraphNode[] = [];
  const ahead = [root];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    const node = graph.get(next);
    if (node === undefined || seen.has(next)) continue;
    seen.add(next);
    if (node.found !== undefined) found.push(node);
    ahead.push(...node.children);
  }
  return found;
}

async function nodeOf(
  store: BlobReader,
  { mediaType, digest, sizeBytes, isSnapshot }: Pending,
): Promise<OpenNode> {
  const node: OpenNode = { digest, mediaType, sizeBytes, isSnapshot, children: [], parents: new Map() };
  const found = await store.stat(digest);
  if (found === undefined) return { ...node, fault: { kind: 'missing', detail: 'it is not there' } };
  const fault = sizeFault(sizeBytes, found);
  return { ...node, found, ...(fault && { fault }) };
}

function sizeFault(statedBytes: number, found: BlobStat | undefined): OpenNode['fault'] {
  if (found === undefined || found.sizeBytes === statedBytes) return undefined;
  return { kind: 'wrongSize', detail: `it has ${found.sizeBytes} bytes of the ${statedBytes} stated` };
}

async function readChildren(
  store: BlobReader,
  node: OpenNode,
  signal: AbortSignal,
): Promise<Omit<Pending, 'isOptional' | 'isSnapshot'>[]> {
  if (node.found === undefined) return [];
  try {
    const children = await childrenOf(store, node, node.found, { signal });
    return children.map(({ mediaType, digest, size }) => ({ mediaType, digest, sizeBytes: size }));
  } catch (error) {
    if (!isDamage(error)) throw error;
    const kind = error.code === 'blobDamaged' ? 'wrongDigest' : 'unreadable';
    node.fault = { kind, detail: damageReason(error) };
    return [];
  }
}
