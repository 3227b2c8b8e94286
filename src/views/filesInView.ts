import type * as vscode from 'vscode';
import { shortDigest, type Digest } from '../core/digest.ts';
import { layerPlace } from '../core/inspect/layerPlace.ts';
import type { FilePlace } from '../core/fileTrees/filePlace.ts';
import { FileItem } from './fileItem.ts';
import type { Branch, FileBranches, InsideImages } from './fileBranches.ts';
import { FilesItem } from './filesItem.ts';
import { ImageItem } from './imageItem.ts';
import { LayerItem } from './layerItem.ts';
import type { ListTree } from './listTree.ts';
import type { LayerNode, MoreNode } from './node.ts';
import type { DrydockItem } from './viewItem.ts';

export interface FilesInViewDeps {
  readonly branches: FileBranches;
  readonly inside: Pick<InsideImages, 'open'>;
  readonly tree: ListTree;
  readonly view: Pick<vscode.TreeView<DrydockItem>, 'reveal'>;
  /** Takes the filter away, which may hide what is looked for. */
  readonly showAll: () => void;
}

/** What commands do to the files in the view of images. */
export class FilesInView {
  readonly #deps: FilesInViewDeps;

  constructor(deps: FilesInViewDeps) {
    this.#deps = deps;
  }

  /** Tries once more to read an image that was not read. */
  readAgain(imageId: Digest): void {
    const { branches, tree } = this.#deps;
    tree.redraw(branches.readAgain(imageId));
  }

  /** The layer that a step of a history made; undefined where it made none, or where that can’t be told. */
  async placeOfLayer({ imageId, tag, step }: LayerNode): Promise<FilePlace | undefined> {
    const image = step && (await this.#deps.inside.open(imageId, tag ?? shortDigest(imageId)));
    const layer = image && layerPlace(image.config, step);
    if (typeof layer !== 'number') return undefined;
    return { imageId, ...(tag !== undefined && { tag }), layer, path: '' };
  }

  /** Shows more of a large folder, and moves on to what is new. */
  async showMore(node: MoreNode): Promise<void> {
    const { branches, tree, view } = this.#deps;
    const folder = branches.folderOf(node);
    const next = folder && (await branches.showMore(folder));
    if (folder === undefined || next === undefined) return;
    // Whoever draws the folder asks for all of it anew, and learns the parents of the new rows.
    await tree.children(folder);
    tree.redraw([folder]);
    await view.reveal(next, { select: true, focus: true });
  }

  /**
   * Shows a file, or with an empty path the files of an image or the layer itself, in the view. False where it is not
   * there: an image that settings hide, a layer that the history does not tell.
   */
  async reveal(place: FilePlace): Promise<boolean> {
    const item = await this.#find(place);
    if (item === undefined) return false;
    await this.#deps.view.reveal(item, { select: true, focus: true, expand: place.path === '' });
    return true;
  }

  async #find(place: FilePlace): Promise<DrydockItem | undefined> {
    const { tree, showAll } = this.#deps;
    let image = this.#image(place);
    if (image === undefined && tree.filter !== '') {
      showAll();
      image = this.#image(place);
    }
    if (image === undefined) return undefined;
    const root = await this.#rootOf(image, place);
    let at: Branch | undefined = root;
    const parts = place.path.split('/').filter((part) => part !== '');
    for (const [depth] of parts.entries())
      at = at && (await this.#childAt(at, parts.slice(0, depth + 1).join('/')));
    return at;
  }

  #image({ imageId, tag }: FilePlace): ImageItem | undefined {
    const { tree } = this.#deps;
    const images = tree.roots
      .flatMap((root) => (root.kind === 'repository' ? root.images : []))
      .filter((image) => image instanceof ImageItem && image.id === imageId);
    const found = images.find((image) => image.tag === tag) ?? images[0];
    return found instanceof ImageItem ? found : undefined;
  }

  async #rootOf(image: ImageItem, { layer }: FilePlace): Promise<FilesItem | LayerItem | undefined> {
    const { tree, inside } = this.#deps;
    const below = await tree.children(image);
    if (layer === undefined) return below.find((item) => item instanceof FilesItem);
    const layered = await inside.open(image.id, image.tag ?? shortDigest(image.id));
    if (layered === undefined) return undefined;
    return below.find(
      (item): item is LayerItem =>
        item instanceof LayerItem && layerPlace(layered.config, item.step) === layer,
    );
  }

  async #childAt(folder: Branch, path: string): Promise<FileItem | undefined> {
    const { tree, branches } = this.#deps;
    const isMeant = (item: DrydockItem): item is FileItem =>
      item instanceof FileItem && item.place.path === path;
    for (;;) {
      const items = await tree.children(folder);
      const found = items.find(isMeant);
      if (found !== undefined || items.at(-1)?.kind !== 'more') return found;
      if ((await branches.showMore(folder)) === undefined) return undefined;
      tree.redraw([folder]);
    }
  }
}
