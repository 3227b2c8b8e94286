import { failure } from '../errors.ts';
import type { LayeredImage } from '../layers/layeredImage.ts';
import { mergeLayers, type Origin } from '../layers/mergeLayers.ts';
import type { TreeFile, TreeNode } from '../layers/treeNode.ts';
import { diffIdsOf } from '../oci/manifest.ts';
import type { FileTree } from './fileTree.ts';

/** A tree of files that says of each which layer brought it. */
export interface LayeredTree extends FileTree {
  readonly root: TreeNode<Origin>;
}

/**
 * The files of an image as a container sees them: its layers laid over one another. Rejects with `treeTooLarge`, as the
 * lists of the layers do, or with an AbortError.
 */
export async function imageTree(image: LayeredImage, signal: AbortSignal): Promise<LayeredTree> {
  const { name, layers } = image;
  const root = await mergeLayers({ name, layers: layers.map((layer) => layer.entries(signal)) }, undefined, {
    signal,
  });
  return treeOf(image, { kind: 'image', name }, root);
}

/** A tree over layers of an image, whose files are read as the image's are. */
export function treeOf(
  image: LayeredImage,
  { kind, name }: Pick<FileTree, 'kind' | 'name'>,
  root: TreeNode<Origin>,
): LayeredTree {
  const { configDigest, config, files } = image;
  return {
    name,
    kind,
    root,
    image: { configDigest, config, diffIds: diffIdsOf(config) },
    read(path, file, operation) {
      if (files === undefined || !isOfLayer(file)) return unreadable(path, name);
      return files.read({ file, path }, operation);
    },
  };
}

function isOfLayer(file: TreeFile<unknown>): file is TreeFile<Origin> {
  const { layer } = file;
  return typeof layer === 'object' && layer !== null && 'place' in layer && 'path' in layer;
}

async function* unreadable(path: string, name: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield await Promise.reject<Uint8Array>(
    failure('pathUnreadable', { path: `/${path}`, name, reason: 'only the list of its files is at hand' }),
  );
}
