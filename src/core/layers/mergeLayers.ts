import { failure } from '../errors.ts';
import type { LayerEntry } from '../vault/layerEntry.ts';
import { layOver } from './layOver.ts';
import { readLayerTree, type EntrySequence, type LayerTree } from './layerTree.ts';
import { defaultMaxNodes } from './loadTree.ts';
import { TreeGrower, type TreeFile, type TreeNode } from './treeNode.ts';

export interface MergeInput {
  /** What failures call the image. */
  readonly name: string;
  /** Bottom first; each is gone through once, one after another. */
  readonly layers: readonly EntrySequence[];
  /** How many names of all layers at most. */
  readonly maxNodes?: number;
}

/** Where a file comes from. */
export interface Origin {
  /** Its layer's place, from 0, the bottom one. */
  readonly place: number;
  /** As its entry has it. */
  readonly path: string;
  /** How many names it has in the tree, which whoever wants to know keeps count of. */
  names: number;
}

/** Learns what each layer does. */
export interface MergeWatcher {
  takeEntry?(entry: LayerEntry): void;
  /** Before the layer at `place` is laid over those below, which are `below` by now and change after this. */
  takeLayer(tree: LayerTree<Origin>, place: number, below: TreeNode<Origin>): Promise<void>;
  /** The layer at `place` took a name of `file` away, and has `successor` there. */
  loseName?(
    file: TreeFile<Origin>,
    how: { readonly place: number; readonly successor: TreeFile<Origin> | undefined },
  ): void;
}

/**
 * The layers of an image laid over one another from the bottom, as a container sees them. `loadTree` gives the same
 * tree out of a vault, from the top and only the part that is asked for; here every name that goes is told of.
 * Rejects with `treeTooLarge`, as the sequences and the watcher do, or with an AbortError.
 */
export async function mergeLayers(
  { name, layers, maxNodes = defaultMaxNodes }: MergeInput,
  watcher?: MergeWatcher,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<TreeNode<Origin>> {
  const grower = new TreeGrower(maxNodes, () => failure('treeTooLarge', { name, limit: maxNodes }));
  const merged: TreeNode<Origin> = { children: new Map(), hidesLower: false };
  for (const [place, entries] of layers.entries()) {
    signal?.throwIfAborted();
    const originOf = (path: string): Origin => ({ place, path, names: 0 });
    const onEntry =
      watcher?.takeEntry &&
      ((entry: LayerEntry): void => {
        watcher.takeEntry?.(entry);
      });
    const tree = await readLayerTree(
      { entries, originOf, below: [merged], grower, ...(onEntry && { onEntry }) },
      signal,
    );
    await watcher?.takeLayer(tree, place, merged);
    await layOver(
      merged,
      tree.root,
      (file, successor) => watcher?.loseName?.(file, { place, successor }),
      signal,
    );
  }
  return merged;
}
