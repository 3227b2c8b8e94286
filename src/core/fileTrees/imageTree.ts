import { failure } from '../errors.ts';
import type { LayeredImage, LayerFiles, WantedFile } from '../layers/layeredImage.ts';
import { mergeLayers, type Origin } from '../layers/mergeLayers.ts';
import type { TreeFile, TreeNode } from '../layers/treeNode.ts';
import { diffIdsOf } from '../oci/diffIds.ts';
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
    async *read(path, file, operation) {
      yield* readable(files, name, path).read(wantedFile(file, path, kind, name), operation);
    },
    async *readMany(some, operation) {
      const wanted = some.map((one) => ({ ...wantedFile(one.file, one.path, kind, name), one }));
      for await (const found of readable(files, name, '').readMany(wanted, operation))
        yield { one: found.one.one, bytes: found.bytes };
    },
  };
}

function readable(files: LayerFiles | undefined, name: string, path: string): LayerFiles {
  if (files !== undefined) return files;
  throw failure('pathUnreadable', {
    path: `/${path}`,
    name,
    reason: 'only the list of its files is at hand',
  });
}

function wantedFile(file: TreeFile<unknown>, path: string, kind: FileTree['kind'], name: string): WantedFile {
  if (file.type !== 'file' || !isOfLayer(file))
    throw failure('pathUnreadable', { path: `/${path}`, name, reason: `it is a ${file.type}` });
  return { file, path, ...(kind === 'image' && { isShown: true }) };
}

function isOfLayer(file: TreeFile<unknown>): file is TreeFile<Origin> {
  const { layer } = file;
  return typeof layer === 'object' && layer !== null && 'place' in layer && 'path' in layer;
}
