import { badgeOf } from './backupBadge.ts';
import { ItemKeeper } from './itemKeeper.ts';
import { inventoryBasis, ListTree, type BuiltTree, type TreeDeps } from './listTree.ts';
import type { LiveBranches } from './liveBranches.ts';
import { matchesFilter } from './textFilter.ts';
import type { DrydockItem } from './viewItem.ts';
import { VolumeItem } from './volumeItem.ts';

export interface VolumesTreeDeps extends TreeDeps {
  readonly live: LiveBranches;
}

/** Volumes in a flat list, with their files below them. */
export function volumesTree(deps: VolumesTreeDeps): ListTree {
  const volumes = new ItemKeeper<VolumeItem>();

  const build = (filter: string): BuiltTree => {
    const { inventory } = deps;
    const protection = deps.protection?.();
    const all = [...inventory.volumes.values()];
    const changed: DrydockItem[] = [];
    const roots: VolumeItem[] = [];
    for (const volume of all) {
      const users = inventory.usersOfVolume(volume.name).map((user) => user.names[0] ?? user.id);
      if (!matchesFilter(filter, [volume.name, volume.driver, ...users, ...labelTexts(volume.labels)]))
        continue;
      const item = volumes.keep(volume.name, () => new VolumeItem(volume));
      const badge = badgeOf(protection?.volume(volume));
      if (item.update(volume, users, inventory.volumeUsage.get(volume.name), badge)) changed.push(item);
      roots.push(item);
    }
    volumes.sweep();
    return {
      roots: roots.sort(volumeOrder(deps)),
      children: new Map(),
      changed,
      total: all.length,
      shown: roots.length,
    };
  };

  const tree = new ListTree(
    deps.wording,
    inventoryBasis(deps.inventory, { kind: 'volumes', isWelcoming: false }),
    {
      build,
      childrenOf: (item) =>
        item instanceof VolumeItem
          ? deps.live.of(item, { kind: 'volume', name: item.name })
          : deps.live.children(item, (changed) => {
              tree.redraw(changed);
            }),
    },
  );
  return tree;
}

function labelTexts(labels: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(labels).map(([name, value]) => `${name}=${value}`);
}

function volumeOrder({
  inventory,
  readSetting,
  wording,
}: TreeDeps): (a: VolumeItem, b: VolumeItem) => number {
  const names = new Intl.Collator(wording.language, { numeric: true });
  const byName = (a: VolumeItem, b: VolumeItem): number => names.compare(a.name, b.name);
  const sizeOf = ({ name }: VolumeItem): number => inventory.volumeUsage.get(name)?.sizeBytes ?? -1;
  switch (readSetting('volumes.sort')) {
    case 'name':
      return byName;
    case 'age':
      return (a, b) => (b.volume.createdAtMs ?? 0) - (a.volume.createdAtMs ?? 0) || byName(a, b);
    case 'size':
      return (a, b) => sizeOf(b) - sizeOf(a) || byName(a, b);
  }
}
