import type { Digest } from '../core/digest.ts';
import { DrydockError, failure, reasonOf } from '../core/errors.ts';
import type { ImageSummary } from '../core/engine/records.ts';
import type { ImageLayer } from '../core/inspect/imageLayers.ts';
import type { FileBranches } from './fileBranches.ts';
import { FileItem } from './fileItem.ts';
import { FilesItem } from './filesItem.ts';
import { ImageItem, imageKey } from './imageItem.ts';
import { badgeOf } from './backupBadge.ts';
import { ItemKeeper } from './itemKeeper.ts';
import { LayerItem } from './layerItem.ts';
import { inventoryBasis, ListTree, type BuiltTree, type TreeDeps } from './listTree.ts';
import { failureMessage, MessageItem } from './messageItem.ts';
import type { DrydockItem } from './viewItem.ts';
import { RepositoryItem, noRepository } from './repositoryItem.ts';
import { repositoryOfDigest, splitTag } from './repositoryName.ts';
import { matchesFilter } from './textFilter.ts';

export interface ImagesTreeDeps extends TreeDeps {
  /** The steps of an image's history, newest first. */
  readonly history: (imageId: Digest) => Promise<readonly ImageLayer[]>;
  readonly branches: FileBranches;
}

/** Images by repository, below them their files, their history, and the files of each of its layers. */
export function imagesTree(deps: ImagesTreeDeps): ListTree {
  const repositories = new ItemKeeper<RepositoryItem>();
  const images = new ItemKeeper<ImageItem>();
  const histories = new WeakMap<ImageItem, readonly DrydockItem[]>();

  const build = (filter: string): BuiltTree => {
    const names = [...deps.inventory.images.values()].flatMap(namesOf);
    const shown = names.filter((name) => isWanted(name, filter, deps));
    const protection = deps.protection?.();
    const changed: DrydockItem[] = [];
    const groups = new Map<string, ImageItem[]>();
    for (const { image, tag, repository } of shown) {
      const item = images.keep(imageKey(image.id, tag), () => new ImageItem(image, tag));
      const users = deps.inventory.usersOfImage(image.id).map((user) => user.names[0] ?? user.id);
      const badge = badgeOf(protection?.image({ id: image.id, tags: tag === undefined ? [] : [tag] }));
      if (item.update(image, users, badge)) changed.push(item);
      const group = groups.get(repository);
      if (group === undefined) groups.set(repository, [item]);
      else group.push(item);
    }
    const order = imageOrder(deps);
    const roots: RepositoryItem[] = [];
    const children = new Map<DrydockItem, readonly DrydockItem[]>();
    for (const [repository, group] of groups) {
      const item = repositories.keep(repository, () => new RepositoryItem(repository));
      if (item.update(group.sort(order.images))) changed.push(item);
      children.set(item, item.images);
      roots.push(item);
    }
    images.sweep();
    repositories.sweep();
    return {
      roots: roots.sort(order.repositories),
      children,
      changed,
      total: names.length,
      shown: shown.length,
    };
  };

  const childrenOf = async (item: DrydockItem): Promise<readonly DrydockItem[]> => {
    if (item instanceof FilesItem || item instanceof FileItem || item instanceof LayerItem)
      return deps.branches.children(item);
    if (!(item instanceof ImageItem)) return [];
    const known = histories.get(item);
    if (known !== undefined) return known;
    try {
      const layers = await deps.history(item.id);
      const count = layers.filter(({ entry }) => entry !== undefined).length;
      const steps = layers.map((layer, index) => {
        const height = layer.entry === undefined ? undefined : count - 1 - index;
        return new LayerItem(item, layer, { fromBottom: layers.length - 1 - index, step: { height, count } });
      });
      const items = [new FilesItem(item), ...steps];
      histories.set(item, items);
      return items;
    } catch (error) {
      const known =
        error instanceof DrydockError ? error : failure('unexpected', { reason: reasonOf(error) }, error);
      return [new MessageItem(`${item.key}/message`, failureMessage(known))];
    }
  };

  return new ListTree(deps.wording, inventoryBasis(deps.inventory, { kind: 'images', isWelcoming: true }), {
    build,
    childrenOf,
  });
}

interface NamedImage {
  readonly image: ImageSummary;
  readonly tag: string | undefined;
  readonly repository: string;
}

/** An image once for each of its tags; one without is found under the repository of its digest, if it has any. */
function namesOf(image: ImageSummary): readonly NamedImage[] {
  if (image.tags.length > 0)
    return image.tags.map((tag) => ({ image, tag, repository: splitTag(tag).repository }));
  const digest = image.repoDigests[0];
  const repository = digest === undefined ? noRepository : repositoryOfDigest(digest);
  return [{ image, tag: undefined, repository: repository === '' ? noRepository : repository }];
}

function isWanted({ image, tag }: NamedImage, filter: string, { readSetting }: TreeDeps): boolean {
  if (tag === undefined && !readSetting('images.showDangling')) return false;
  return matchesFilter(filter, [tag ?? '<none>', image.id, ...image.repoDigests]);
}

interface ImageOrder {
  readonly images: (a: ImageItem, b: ImageItem) => number;
  readonly repositories: (a: RepositoryItem, b: RepositoryItem) => number;
}

/** Repositories stand where the first of their images would; the one for images without a name is always last. */
function imageOrder({ readSetting, wording }: TreeDeps): ImageOrder {
  const names = new Intl.Collator(wording.language, { numeric: true });
  const byName = (a: ImageItem, b: ImageItem): number =>
    Number(a.tag === undefined) - Number(b.tag === undefined) || names.compare(a.tag ?? a.id, b.tag ?? b.id);
  const by = {
    name: byName,
    age: (a: ImageItem, b: ImageItem): number => b.image.createdAtMs - a.image.createdAtMs || byName(a, b),
    size: (a: ImageItem, b: ImageItem): number => b.image.sizeBytes - a.image.sizeBytes || byName(a, b),
  };
  const sort = readSetting('images.sort');
  const images = by[sort];
  const repositories = (a: RepositoryItem, b: RepositoryItem): number => {
    const last = Number(a.repository === noRepository) - Number(b.repository === noRepository);
    if (last !== 0) return last;
    const [first, other] = [a.images[0], b.images[0]];
    if (sort === 'name' || first === undefined || other === undefined)
      return names.compare(a.repository, b.repository);
    return images(first, other);
  };
  return { images, repositories };
}
