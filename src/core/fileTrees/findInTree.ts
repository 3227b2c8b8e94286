import { Pacer } from '../archive/pacer.ts';
import type { Digest } from '../digest.ts';
import { failure, isCancellation } from '../errors.ts';
import { exactPath, meaningOf, partsOf } from '../layers/entryNames.ts';
import type { LayeredImage, ListedLayer } from '../layers/layeredImage.ts';
import { maxDepth } from '../layers/loadTree.ts';
import { mergeLayers, type Origin } from '../layers/mergeLayers.ts';
import { isThere, nodeAt, type TreeFile, type TreeNode } from '../layers/treeNode.ts';
import type { Operation } from '../progress.ts';
import { globPattern, type GlobPattern } from '../snapshotFiles/globPattern.ts';

/** A name that a pattern means. */
export interface FoundName<L = unknown> {
  /** As `entryNames.ts` writes paths. */
  readonly path: string;
  readonly node: TreeNode<L>;
}

const mostFound = 200_000;

/**
 * All that a pattern ({@link globPattern}) means in a tree, by path. Names that were taken away are left out. Rejects
 * with `badPattern`, `findTooMany`, or with an AbortError.
 */
export async function findInTree<L>(
  { root }: { readonly root: TreeNode<L> },
  pattern: string,
  signal: AbortSignal,
): Promise<readonly FoundName<L>[]> {
  return (await namesIn(root, globPattern(pattern), pattern, signal)).filter(({ node }) => isThere(node));
}

/** A name in an image, with the layer that has it. */
export interface FoundInImage {
  readonly image: LayeredImage;
  readonly path: string;
  /** Left out for a folder that no entry names. */
  readonly file?: TreeFile<Origin>;
  /** The layer, from 0, the bottom one. */
  readonly place: number;
  /** Whether a container would see this one, and not another one in its place or none. */
  readonly isVisible: boolean;
}

export interface FoundInImages {
  readonly found: readonly FoundInImage[];
  /** Images that could not be searched to their end. */
  readonly failed: readonly { readonly image: LayeredImage; readonly error: unknown }[];
}

/**
 * All that a pattern means in images, also in layers that later ones hide; a folder only where it is seen. However many
 * images share a layer, its list is looked through once, and an image without a match is not put together. Rejects with
 * `badPattern`, `findTooMany`, or with an AbortError; what is wrong with one image is told in `failed`.
 */
export async function findInImages(
  images: readonly LayeredImage[],
  pattern: string,
  { signal, progress }: Operation,
): Promise<FoundInImages> {
  const glob = globPattern(pattern);
  const matching = new Map<Digest, boolean>();
  const found: FoundInImage[] = [];
  const failed: { image: LayeredImage; error: unknown }[] = [];
  for (const image of images)
    try {
      signal.throwIfAborted();
      progress.report({ phase: 'reading', item: image.name });
      if (!(await anyMatch(image.layers, glob, matching, signal))) continue;
      for (const one of await namesInLayers(image, glob, pattern, signal)) found.push(one);
      if (found.length > mostFound) throw tooMany(pattern);
    } catch (error) {
      signal.throwIfAborted();
      if (isCancellation(error) || found.length > mostFound) throw error;
      failed.push({ image, error });
    }
  return { found, failed };
}

async function anyMatch(
  layers: readonly ListedLayer[],
  glob: GlobPattern,
  known: Map<Digest, boolean>,
  signal: AbortSignal,
): Promise<boolean> {
  for (const layer of layers) {
    const { diffId } = layer;
    const isMatching = known.get(diffId) ?? (await hasMatch(layer, glob, signal));
    known.set(diffId, isMatching);
    if (isMatching) return true;
  }
  return false;
}

async function hasMatch(layer: ListedLayer, glob: GlobPattern, signal: AbortSignal): Promise<boolean> {
  const pacer = new Pacer();
  const pause = async (): Promise<void> => {
    await pacer.pause();
    signal.throwIfAborted();
  };
  const folders = new Set<string>();
  for await (const entry of layer.entries(signal)) {
    if (pacer.isDue) await pause();
    const parts = partsOf(exactPath(entry));
    // Deeper ones are no part of the tree.
    if (parts === undefined || parts.length > maxDepth || meaningOf(parts)?.kind !== 'entry') continue;
    const path = parts.join('/');
    if (glob.matches(path)) return true;
    // A folder that a pattern means need not have an entry of its own.
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      if (folders.has(folder)) break;
      folders.add(folder);
      if (glob.matches(folder)) return true;
      if (pacer.isDue) await pause();
    }
  }
  return false;
}

async function namesInLayers(
  image: LayeredImage,
  glob: GlobPattern,
  pattern: string,
  signal: AbortSignal,
): Promise<readonly FoundInImage[]> {
  const { name, layers } = image;
  const found: Omit<FoundInImage, 'image' | 'isVisible'>[] = [];
  const root = await mergeLayers(
    { name, layers: layers.map((layer) => layer.entries(signal)) },
    {
      takeLayer: async (tree, place) => {
        for (const { path, node } of await namesIn(tree.root, glob, pattern, signal))
          if (isThere(node)) found.push({ path, place, ...(node.file && { file: node.file }) });
        if (found.length > mostFound) throw tooMany(pattern);
      },
    },
    { signal },
  );
  const folders = new Set<string>();
  return found.flatMap((one) => {
    const { path, file } = one;
    const seen = nodeAt(root, partsOf(path) ?? []);
    const isVisible = seen !== undefined && isThere(seen) && seen.file === file;
    if (file === undefined || file.type === 'directory') {
      if (!isVisible || folders.has(path)) return [];
      folders.add(path);
    }
    return [{ image, ...one, isVisible }];
  });
}

async function namesIn<L>(
  root: TreeNode<L>,
  glob: GlobPattern,
  pattern: string,
  signal: AbortSignal,
): Promise<readonly FoundName<L>[]> {
  const pacer = new Pacer();
  const found: FoundName<L>[] = [];
  const ahead: FoundName<L>[] = [{ path: '', node: root }];
  for (let next = ahead.pop(); next; next = ahead.pop()) {
    if (pacer.isDue) {
      await pacer.pause();
      signal.throwIfAborted();
    }
    const { path: above, node } = next;
    for (const [name, child] of node.children ?? []) {
      const path = above === '' ? name : `${above}/${name}`;
      if (glob.matches(path)) found.push({ path, node: child });
      if (child.children !== undefined) ahead.push({ path, node: child });
    }
    if (found.length > mostFound) throw tooMany(pattern);
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function tooMany(pattern: string): Error {
  return failure('findTooMany', { pattern, limit: mostFound });
}
