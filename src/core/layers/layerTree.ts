import { Pacer } from '../archive/pacer.ts';
import type { LayerEntry } from '../vault/layerEntry.ts';
import { exactPath, meaningOf, partsOf } from './entryNames.ts';
import { maxDepth } from './loadTree.ts';
import {
  childrenOf,
  fileAt,
  fileOf,
  placeFile,
  type TreeFile,
  type TreeGrower,
  type TreeNode,
} from './treeNode.ts';

/** Entries of a tar in its order, from a layer's index or from the tar itself. */
export type EntrySequence = AsyncIterable<LayerEntry> | Iterable<LayerEntry>;

/** Entries that come many at a time: a step of an async generator for each takes longer than what is done with it. */
export class EntryBatches implements AsyncIterable<LayerEntry> {
  readonly batches: () => AsyncIterable<readonly LayerEntry[]>;

  constructor(batches: () => AsyncIterable<readonly LayerEntry[]>) {
    this.batches = batches;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LayerEntry, void, undefined> {
    for await (const batch of this.batches()) yield* batch;
  }
}

/** What one layer of an image says on its own. */
export interface LayerTree<L> {
  /** Whiteouts included, as `TreeNode` describes them. */
  readonly root: TreeNode<L>;
  /**
   * Everything but folders that the tar brings, also what a later entry of the same tar has replaced, so that it is not
   * in the tree any more. A link to another file brings nothing.
   */
  readonly brought: readonly TreeFile<L>[];
  readonly entryCount: number;
}

export interface LayerTreeInput<L> {
  readonly entries: EntrySequence;
  /** What a file says of its layer; `path` is that of its entry. */
  readonly originOf: (path: string) => L;
  /**
   * The layers below, laid over one another; in the first of several trees that has it a name is looked for. A hard
   * link to a name that its own layer lacks stands for the file there: containerd links what it copies up.
   */
  readonly below: readonly TreeNode<L>[];
  readonly grower: TreeGrower;
  /** Sees each entry as it passes. */
  readonly onEntry?: (entry: LayerEntry) => void;
}

/**
 * The tree of one layer. Entries whose path leads out of the root, and AUFS' own notes, are left out, as `loadTree`
 * leaves them out. Rejects as the sequence and the grower do.
 */
export async function readLayerTree<L>(
  input: LayerTreeInput<L>,
  signal?: AbortSignal,
): Promise<LayerTree<L>> {
  const { entries, originOf, below, grower, onEntry } = input;
  const root: TreeNode<L> = { children: new Map(), hidesLower: false };
  const brought: TreeFile<L>[] = [];
  let entryCount = 0;
  const take = (entry: LayerEntry): void => {
    entryCount += 1;
    onEntry?.(entry);
    const path = exactPath(entry);
    const parts = partsOf(path);
    const meaning = parts && meaningOf(parts);
    if (meaning === undefined || meaning.parts.length > maxDepth) return;
    const node = grower.at(root, meaning.parts);
    if (meaning.kind !== 'entry') {
      if (meaning.kind === 'opaque') childrenOf(node);
      node.hidesLower = true;
      return;
    }
    const target = entry.type === 'hardlink' ? linked(entry, root, below) : undefined;
    const file = target ?? fileOf(entry, originOf(path));
    placeFile(node, file);
    if (target === undefined && file.type !== 'directory') brought.push(file);
  };
  const pacer = new Pacer();
  const pause = async (): Promise<void> => {
    await pacer.pause();
    signal?.throwIfAborted();
  };
  const takeAll = async (some: Iterable<LayerEntry>): Promise<void> => {
    for (const entry of some) {
      take(entry);
      if (pacer.isDue) await pause();
    }
  };
  // What lies in memory is not waited for.
  if (Symbol.iterator in entries) await takeAll(entries);
  else if (entries instanceof EntryBatches) for await (const batch of entries.batches()) await takeAll(batch);
  else
    for await (const entry of entries) {
      take(entry);
      if (pacer.isDue) await pause();
    }
  return { root, brought, entryCount };
}

function linked<L>(
  { link = '', rawLink }: LayerEntry,
  root: TreeNode<L>,
  below: readonly TreeNode<L>[],
): TreeFile<L> | undefined {
  const parts = partsOf(exactPath({ path: link, rawPath: rawLink }));
  if (parts === undefined) return undefined;
  for (const tree of [root, ...below]) {
    const found = fileAt(tree, parts);
    if (found !== undefined) return found;
  }
  return undefined;
}
