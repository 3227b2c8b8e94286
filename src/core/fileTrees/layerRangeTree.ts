import { Pacer } from '../archive/pacer.ts';
import { failure } from '../errors.ts';
import type { LayeredImage } from '../layers/layeredImage.ts';
import { readLayerTree } from '../layers/layerTree.ts';
import { defaultMaxNodes } from '../layers/loadTree.ts';
import { mergeLayers, type Origin } from '../layers/mergeLayers.ts';
import { mergeUnderPaced } from '../layers/mergeUnderPaced.ts';
import { isThere, TreeGrower, type TreeNode } from '../layers/treeNode.ts';
import { treeOf, type LayeredTree } from './imageTree.ts';

/** Layers of an image by their places, from 0, the bottom one; both are in it. */
export interface LayerRange {
  readonly from: number;
  readonly to: number;
}

/**
 * What some layers of an image hold together, without those below them. Names that they took away from those below are
 * in the tree, without a file and without children. Folders that no entry of these layers names have no file.
 * Rejects with `pathMissing` for layers that are not there, `treeTooLarge`, as the lists do, or with an AbortError.
 */
export async function layerRangeTree(
  image: LayeredImage,
  { from, to }: LayerRange,
  signal: AbortSignal,
): Promise<LayeredTree> {
  const { layers } = image;
  const name = `${image.name}, ${from === to ? `layer ${from + 1}` : `layers ${from + 1} to ${to + 1}`}`;
  if (from < 0 || from > to || to >= layers.length)
    throw failure('pathMissing', { path: name, name: image.name });
  const lists = layers.map((layer) => layer.entries(signal));
  const base = await mergeLayers({ name, layers: lists.slice(0, from) }, undefined, { signal });
  const limit = defaultMaxNodes;
  const grower = new TreeGrower(limit, () => failure('treeTooLarge', { name, limit }));
  let root: TreeNode<Origin> = { children: new Map(), hidesLower: false };
  for (const [at, entries] of lists.slice(from, to + 1).entries()) {
    const originOf = (path: string): Origin => ({ place: from + at, path, names: 0 });
    const { root: upper } = await readLayerTree({ entries, originOf, below: [root, base], grower }, signal);
    await mergeUnderPaced(upper, root, signal);
    root = upper;
  }
  await nameTakenAway(root, base, signal);
  return treeOf(image, { kind: 'layers', name }, root);
}

/** Leaves, of names that stand for one that was taken away, those that were there; adds those of an emptied folder. */
async function nameTakenAway(
  root: TreeNode<Origin>,
  base: TreeNode<Origin>,
  signal: AbortSignal,
): Promise<void> {
  const pacer = new Pacer();
  const ahead: [TreeNode<Origin>, TreeNode<Origin> | undefined][] = [[root, base]];
  for (let next = ahead.pop(); next; next = ahead.pop()) {
    if (pacer.isDue) {
      await pacer.pause();
      signal.throwIfAborted();
    }
    const [{ children, hidesLower }, below] = next;
    if (children === undefined) continue;
    for (const [name, child] of children) {
      const under = below?.children?.get(name);
      if (child.children !== undefined) ahead.push([child, under]);
      else if (!isThere(child) && (under === undefined || !isThere(under))) children.delete(name);
    }
    if (!hidesLower) continue;
    for (const [name, under] of below?.children ?? [])
      if (isThere(under) && !children.has(name)) children.set(name, { hidesLower: true });
  }
}
