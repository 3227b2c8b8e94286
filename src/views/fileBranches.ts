import { shortDigest, type Digest } from '../core/digest.ts';
import { DrydockError, failure, reasonOf } from '../core/errors.ts';
import type { LayeredTree } from '../core/fileTrees/imageTree.ts';
import type { ChangeNode } from '../core/fileTrees/layerChanges.ts';
import { layerPlace } from '../core/inspect/layerPlace.ts';
import type { LayeredImage } from '../core/layers/layeredImage.ts';
import type { FilePlace } from '../core/fileTrees/filePlace.ts';
import { FileItem } from './fileItem.ts';
import type { RowTree } from './fileRows.ts';
import type { FilesItem } from './filesItem.ts';
import type { LayerItem } from './layerItem.ts';
import { failureMessage, MessageItem, type Message } from './messageItem.ts';
import { MoreItem } from './moreItem.ts';
import type { MoreNode } from './node.ts';
import type { DrydockItem } from './viewItem.ts';

/** What is known of the insides of images, as `OpenedImages` gives it. */
export interface InsideImages {
  /** Undefined where the image had to be read and was not, which has been said. */
  open(imageId: string, title: string): Promise<LayeredImage | undefined>;
  merged(imageId: string): Promise<LayeredTree | undefined>;
  changes(imageId: string, place: number): Promise<ChangeNode | undefined>;
}

/** What files stand below. */
export type Branch = FilesItem | LayerItem | FileItem;

/** VS Code draws every row of an open folder, seen or not. */
const firstRows = 1_000;

interface OpenFolder {
  readonly items: readonly DrydockItem[];
  readonly shown: number;
}

/** The files below images and layers in a tree. They are fetched when somebody opens them, and kept as they are. */
export class FileBranches {
  readonly #inside: InsideImages;
  readonly #folders = new WeakMap<Branch, Promise<OpenFolder>>();
  readonly #rows = new WeakMap<object, Promise<RowTree>>();
  readonly #foldersOfMore = new WeakMap<MoreNode, Branch>();
  /** What stands for an image that was not read. It is not read again before somebody asks for that. */
  readonly #unread = new Map<Digest, Map<Branch, MessageItem>>();

  constructor(inside: InsideImages) {
    this.#inside = inside;
  }

  async children(branch: Branch): Promise<readonly DrydockItem[]> {
    const message = this.#unread.get(imageOf(branch).imageId)?.get(branch);
    if (message !== undefined) return [message];
    return (await this.#folder(branch, firstRows)).items;
  }

  /** Forgets that an image was not read; resolves with the items whose children may be there now. */
  readAgain(imageId: Digest): readonly DrydockItem[] {
    const branches = [...(this.#unread.get(imageId)?.keys() ?? [])];
    this.#unread.delete(imageId);
    return branches;
  }

  /** The folder whose rest a node stands for. */
  folderOf(more: MoreNode): Branch | undefined {
    return this.#foldersOfMore.get(more);
  }

  /** Lets twice as many rows of a folder be seen; resolves with the first that is new. */
  async showMore(branch: Branch): Promise<DrydockItem | undefined> {
    const known = await this.#folders.get(branch);
    if (known === undefined) return undefined;
    this.#folders.delete(branch);
    const { items } = await this.#folder(branch, known.shown * 2, known.items.slice(0, known.shown));
    return items[known.shown];
  }

  #folder(branch: Branch, most: number, known: readonly DrydockItem[] = []): Promise<OpenFolder> {
    const folder = this.#folders.get(branch) ?? this.#read(branch, most, known);
    this.#folders.set(branch, folder);
    const forget = (): void => {
      if (this.#folders.get(branch) === folder) this.#folders.delete(branch);
    };
    folder.then(({ shown }) => {
      if (shown === 0) forget();
    }, forget);
    return folder;
  }

  async #read(branch: Branch, most: number, known: readonly DrydockItem[]): Promise<OpenFolder> {
    const say = (message: Message): OpenFolder => ({
      items: [new MessageItem(`${branch.key}//message`, message)],
      shown: 0,
    });
    try {
      const found = await this.#find(branch);
      if (!('rows' in found)) {
        if (found.reason !== 'unread') return say(found);
        const said = new MessageItem(`${branch.key}//message`, found);
        const { imageId } = found;
        this.#unread.set(
          imageId,
          (this.#unread.get(imageId) ?? new Map<Branch, MessageItem>()).set(branch, said),
        );
        return { items: [said], shown: 0 };
      }
      const { rows, place } = found;
      const folder = await rows.folder(place.path);
      if (folder === undefined || folder.names.length === 0)
        return say({ reason: 'noFiles', why: 'nothing' });
      const names = folder.names.slice(known.length, most);
      const items: DrydockItem[] = [
        ...known,
        ...names.map((name) => {
          const path = place.path === '' ? name : `${place.path}/${name}`;
          return new FileItem(branch.key, { ...place, path }, folder.row(name));
        }),
      ];
      const shown = items.length;
      const left = folder.names.length - shown;
      if (left > 0) {
        const more = new MoreItem(branch.key, place, left);
        this.#foldersOfMore.set(more, branch);
        items.push(more);
      }
      return { items, shown };
    } catch (error) {
      const known =
        error instanceof DrydockError ? error : failure('unexpected', { reason: reasonOf(error) }, error);
      return say(failureMessage(known));
    }
  }

  async #find(branch: Branch): Promise<{ readonly rows: RowTree; readonly place: FilePlace } | Message> {
    const { imageId, tag } = imageOf(branch);
    const unread = { reason: 'unread', imageId } as const;
    const image = await this.#inside.open(imageId, tag ?? shortDigest(imageId));
    if (image === undefined) return unread;
    const place = placeOf(branch, image);
    if ('reason' in place) return place;
    const { changeRows, mergedRows } = await import('./fileRows.ts');
    if (place.layer === undefined) {
      const merged = await this.#inside.merged(imageId);
      return merged === undefined
        ? unread
        : { place, rows: await this.#rowsOf(merged.root, () => mergedRows(merged.root, image)) };
    }
    const changes = await this.#inside.changes(imageId, place.layer);
    return changes === undefined
      ? unread
      : { place, rows: await this.#rowsOf(changes, () => Promise.resolve(changeRows(changes))) };
  }

  /** A tree is measured once for as long as it stays in memory. */
  #rowsOf(root: object, make: () => Promise<RowTree>): Promise<RowTree> {
    const rows = this.#rows.get(root) ?? make();
    this.#rows.set(root, rows);
    return rows;
  }
}

function imageOf(branch: Branch): { readonly imageId: Digest; readonly tag?: string } {
  return branch.kind === 'file' ? branch.place : branch;
}

function placeOf(branch: Branch, { config }: LayeredImage): FilePlace | Message {
  if (branch.kind === 'file') return branch.place;
  const layer = layerPlace(config, branch.step);
  if (typeof layer !== 'number') return { reason: 'noFiles', why: layer };
  const { imageId, tag } = branch;
  return { imageId, ...(tag !== undefined && { tag }), layer, path: '' };
}
