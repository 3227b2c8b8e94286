import { shortDigest } from '../core/digest.ts';
import { failure } from '../core/errors.ts';
import type { FilePlace } from '../core/fileTrees/filePlace.ts';
import type { ChangeNode } from '../core/fileTrees/layerChanges.ts';
import type { LayeredImage } from '../core/layers/layeredImage.ts';
import type { Origin } from '../core/layers/mergeLayers.ts';
import type { TreeFile, TreeNode } from '../core/layers/treeNode.ts';
import type { Operation } from '../core/progress.ts';
import type { FilesToExtract } from '../core/snapshotFiles/filesToExtract.ts';
import type { OpenedImages } from './openedImages.ts';

/** A file or folder of an image. */
export interface ImageFile {
  readonly image: LayeredImage;
  readonly place: FilePlace;
  /** Of what a layer removed, what was there before. Absent for a folder that no entry names. */
  readonly file?: TreeFile<Origin>;
  readonly isFolder: boolean;
  /** What is in a folder, by name. */
  readonly children: ReadonlyMap<string, TreeNode<Origin> | ChangeNode>;
}

/** Finds and reads files of images in the engine. An image that was not looked into yet is read first. */
export class ImageFiles {
  readonly #inside: Pick<OpenedImages, 'open' | 'merged' | 'changes'>;

  constructor(inside: Pick<OpenedImages, 'open' | 'merged' | 'changes'>) {
    this.#inside = inside;
  }

  /** What is at a place; a link at its end is not followed. Undefined where nothing is, or the image was not read. */
  async find(place: FilePlace): Promise<ImageFile | undefined> {
    const image = await this.#open(place);
    if (image === undefined) return undefined;
    const root = await this.#root(place);
    const node = root && nodeAt(root, place.path);
    return node && { image, place, ...shapeOf(node) };
  }

  /** What a place leads to, links followed. A link of a layer leads to what a container would see. */
  async follow(place: FilePlace): Promise<ImageFile | undefined> {
    const { layer, ...whole } = place;
    const own = layer === undefined ? undefined : await this.find(place);
    if (layer !== undefined && own?.file?.type !== 'symlink') return own;
    const image = await this.#open(place);
    const tree = image && (await this.#inside.merged(place.imageId));
    if (image === undefined || tree === undefined) return undefined;
    const { followLinks } = await import('../core/fileTrees/followLinks.ts');
    const reached = followLinks(tree, place.path);
    return reached && { image, place: { ...whole, path: reached.path }, ...shapeOf(reached.node) };
  }

  /** The bytes of a file, checked. Throws `pathIsNot`, `pathUnreadable`. */
  read({ image, place: { layer, path }, file }: ImageFile, operation: Operation): AsyncIterable<Uint8Array> {
    const { name, files } = image;
    if (file?.type !== 'file') throw failure('pathIsNot', { path: `/${path}`, name, kind: 'file' });
    if (files === undefined)
      throw failure('pathUnreadable', {
        path: `/${path}`,
        name,
        reason: 'only the list of its files is at hand',
      });
    return files.read({ file, path, ...(layer === undefined && { isShown: true }) }, operation);
  }

  /** What can be brought to the disk: of an image what is seen, of a layer what it added and changed. */
  async toExtract(place: FilePlace, { progress }: Operation): Promise<FilesToExtract<Origin> | undefined> {
    const image = await this.#open(place);
    const root = image && (await this.#root(place));
    if (image === undefined || root === undefined) return undefined;
    const { filesOfImage } = await import('../core/fileTrees/filesOfImage.ts');
    return filesOfImage({ image, root, path: place.path }, progress);
  }

  async #root({ imageId, layer }: FilePlace): Promise<TreeNode<Origin> | ChangeNode | undefined> {
    if (layer !== undefined) return this.#inside.changes(imageId, layer);
    return (await this.#inside.merged(imageId))?.root;
  }

  #open({ imageId, tag }: FilePlace): Promise<LayeredImage | undefined> {
    return this.#inside.open(imageId, tag ?? shortDigest(imageId));
  }
}

function nodeAt(
  root: TreeNode<Origin> | ChangeNode,
  path: string,
): TreeNode<Origin> | ChangeNode | undefined {
  let node: TreeNode<Origin> | ChangeNode | undefined = root;
  for (const part of path.split('/').filter((one) => one !== '')) node = node?.children?.get(part);
  return node;
}

function shapeOf(node: TreeNode<Origin> | ChangeNode): Pick<ImageFile, 'file' | 'isFolder' | 'children'> {
  const { children } = node;
  const file = node.file ?? ('kind' in node ? node.before : undefined);
  return {
    ...(file !== undefined && { file }),
    isFolder: children !== undefined || file?.type === 'directory',
    children: children ?? new Map<string, never>(),
  };
}
