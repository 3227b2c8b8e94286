import { failure } from '../errors.ts';
import { partsOf } from '../layers/entryNames.ts';
import type { LayeredImage, LayerFiles } from '../layers/layeredImage.ts';
import type { Origin } from '../layers/mergeLayers.ts';
import { nodeAt, type TreeNode } from '../layers/treeNode.ts';
import type { Operation, ProgressPort } from '../progress.ts';
import type { FilesToExtract } from '../snapshotFiles/filesToExtract.ts';
import { joined } from '../snapshotFiles/rootFiles.ts';
import type { ChangeNode } from './layerChanges.ts';

export interface PartOfImage {
  readonly image: LayeredImage;
  /** The merged tree, or what one layer does: of that comes what it added and changed. */
  readonly root: TreeNode<Origin> | ChangeNode;
  /** A file or a folder of it; empty for all. */
  readonly path: string;
}

/** A part of an image, to be brought to the disk. Reading fails with `pathUnreadable` where only lists are at hand. */
export function filesOfImage(
  { image, root, path }: PartOfImage,
  progress: ProgressPort,
): FilesToExtract<Origin> {
  const { name } = image;
  const isLayer = 'kind' in root;
  const parts = partsOf(path) ?? [];
  const node = nodeAt(isLayer ? broughtBy(root) : root, parts);
  const shown = isLayer ? {} : { isShown: true };
  const operationOf = ({ signal = new AbortController().signal }: Partial<Operation>): Operation => ({
    signal,
    progress,
  });
  return {
    name,
    below: () =>
      node === undefined
        ? Promise.reject(failure('pathMissing', { path: `/${path}`, name }))
        : Promise.resolve({ entry: { name: parts.at(-1) ?? '', path }, node }),
    async *read(file, below, cancel) {
      const wanted = { file, path: joined(path, below), ...shown };
      yield* layerFiles(image, path).read(wanted, operationOf(cancel));
    },
    async *readMany(files, cancel) {
      if (files.length === 0) return;
      const wanted = files.map((one) => ({
        file: one.file,
        path: joined(path, one.path),
        ...shown,
        one,
      }));
      for await (const found of layerFiles(image, path).readMany(wanted, operationOf(cancel)))
        yield { one: found.one.one, bytes: found.bytes };
    },
  };
}

function layerFiles({ files, name }: LayeredImage, path: string): LayerFiles {
  if (files !== undefined) return files;
  const reason = 'only the list of its files is at hand';
  throw failure('pathUnreadable', { path: `/${path}`, name, reason });
}

/** What a layer has, without what it took away. */
function broughtBy({ file, children }: ChangeNode): TreeNode<Origin> {
  const brought =
    children &&
    new Map(
      [...children]
        .filter(([, child]) => child.kind !== 'removed')
        .map(([name, child]) => [name, broughtBy(child)]),
    );
  return { ...(file && { file }), ...(brought && { children: brought }), hidesLower: false };
}
