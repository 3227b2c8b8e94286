import { Pacer } from '../archive/pacer.ts';
import { failure } from '../errors.ts';
import { exactPath, partsOf } from '../layers/entryNames.ts';
import { defaultMaxNodes, maxDepth } from '../layers/loadTree.ts';
import { fileAt, fileOf, placeFile, TreeGrower, type TreeNode } from '../layers/treeNode.ts';
import type { LayerEntry } from '../vault/layerEntry.ts';

/** A file whose tar is not kept: it is read again from where it came. */
export type FlatNode = TreeNode<undefined>;

export interface FlatInput {
  /** Of one tar, in its order. */
  readonly entries: AsyncIterable<LayerEntry>;
  /** What every path starts with and what is not part of the tree, for example `v/`. */
  readonly root: string;
  /** What failures call it. */
  readonly name: string;
  readonly maxNodes?: number;
}

/**
 * The tree of a tar that stands alone: names that start with `.wh.` are names like others. Hard links stand for the
 * file they name; entries outside of `root` are left out. Rejects with `treeTooLarge`, or as the entries do.
 */
export async function flatTree(input: FlatInput, signal: AbortSignal): Promise<FlatNode> {
  const { entries, name, maxNodes = defaultMaxNodes } = input;
  const above = partsOf(input.root) ?? [];
  const grower = new TreeGrower(maxNodes, () => failure('treeTooLarge', { name, limit: maxNodes }));
  const tree: FlatNode = { children: new Map(), hidesLower: false };
  const below = (path: string): readonly string[] | undefined => {
    const parts = partsOf(path);
    return parts && above.every((part, at) => parts[at] === part) ? parts.slice(above.length) : undefined;
  };
  const pacer = new Pacer();
  for await (const entry of entries) {
    if (pacer.isDue) {
      await pacer.pause();
      signal.throwIfAborted();
    }
    const parts = below(exactPath(entry));
    if (parts === undefined || parts.length > maxDepth) continue;
    const { link = '', rawLink } = entry;
    const target = entry.type === 'hardlink' ? below(exactPath({ path: link, rawPath: rawLink })) : undefined;
    const file = (target && fileAt(tree, target)) ?? fileOf(entry, undefined);
    // The root itself stays a folder, whatever a tar says of it.
    if (parts.length > 0 || file.type === 'directory') placeFile(grower.at(tree, parts), file);
  }
  return tree;
}
