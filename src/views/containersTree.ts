import type { ContainerState, ContainerSummary } from '../core/engine/records.ts';
import { ContainerItem } from './containerItem.ts';
import { containerDetails, DetailItem, sizeContent, type ContainerSize } from './detailItem.ts';
import { badgeOf } from './backupBadge.ts';
import type { LiveBranches } from './liveBranches.ts';
import { ItemKeeper } from './itemKeeper.ts';
import { inventoryBasis, ListTree, type BuiltTree, type TreeDeps } from './listTree.ts';
import { ProjectItem } from './projectItem.ts';
import { matchesFilter } from './textFilter.ts';
import type { DrydockItem } from './viewItem.ts';

const projectLabel = 'com.docker.compose.project';

export interface ContainersTreeDeps extends TreeDeps {
  /** Measures a container. Engines read its whole file tree for that: asked only for one that was opened. */
  readonly containerSize: (id: string) => Promise<ContainerSize>;
  readonly live: LiveBranches;
}

/** Containers by Compose project, and what each of them uses below it. */
export function containersTree(deps: ContainersTreeDeps): ListTree {
  const projects = new ItemKeeper<ProjectItem>();
  const containers = new ItemKeeper<ContainerItem>();

  const build = (filter: string): BuiltTree => {
    const all = [...deps.inventory.containers.values()];
    const shown = all.filter((container) => isWanted(container, filter));
    const protection = deps.protection?.();
    const isGrouped = deps.readSetting('containers.groupByProject');
    const changed: DrydockItem[] = [];
    const single: ContainerItem[] = [];
    const groups = new Map<string, ContainerItem[]>();
    for (const container of shown) {
      const item = containers.keep(container.id, () => new ContainerItem(container));
      if (item.update(container, badgeOf(protection?.container(container)))) changed.push(item);
      const project = isGrouped ? (container.labels[projectLabel] ?? '') : '';
      const group = groups.get(project);
      if (project === '') single.push(item);
      else if (group === undefined) groups.set(project, [item]);
      else group.push(item);
    }
    const order = containerOrder(deps);
    const children = new Map<DrydockItem, readonly DrydockItem[]>();
    const roots: ProjectItem[] = [];
    for (const [project, group] of groups) {
      const item = projects.keep(project, () => new ProjectItem(project));
      if (item.update(group.sort(order.containers))) changed.push(item);
      children.set(item, item.containers);
      roots.push(item);
    }
    containers.sweep();
    projects.sweep();
    return {
      roots: [...roots.sort(order.projects), ...single.sort(order.containers)],
      children,
      changed,
      total: all.length,
      shown: shown.length,
    };
  };

  // Measured again when the state changed, since what stopped or ran has written since.
  const sizes = new WeakMap<ContainerItem, { readonly state: ContainerState; readonly item: DetailItem }>();
  const sizeOf = (container: ContainerItem): DetailItem => {
    const { state } = container.container;
    const known = sizes.get(container);
    if (known?.state === state) return known.item;
    const item = known?.item ?? new DetailItem(`${container.key}/size`, sizeContent(undefined, deps.wording));
    sizes.set(container, { state, item });
    void deps
      .containerSize(container.id)
      .catch(() => 'unknown' as const)
      .then((size) => {
        item.update(sizeContent(size, deps.wording));
        tree.redraw([item]);
      });
    return item;
  };

  const childrenOf = (item: DrydockItem): readonly DrydockItem[] | Promise<readonly DrydockItem[]> => {
    if (!(item instanceof ContainerItem))
      return deps.live.children(item, (changed) => {
        tree.redraw(changed);
      });
    const { id, name } = item;
    const [image, ...others] = containerDetails(item, deps.wording);
    return [
      ...(image === undefined ? [] : [image]),
      sizeOf(item),
      ...others,
      ...deps.live.of(item, { kind: 'container', id, name }),
    ];
  };

  const tree = new ListTree(
    deps.wording,
    inventoryBasis(deps.inventory, { kind: 'containers', isWelcoming: false }),
    { build, childrenOf },
  );
  return tree;
}

function isWanted(container: ContainerSummary, filter: string): boolean {
  const project = container.labels[projectLabel] ?? '';
  return matchesFilter(filter, [
    ...container.names,
    container.id,
    container.image,
    container.state,
    container.health,
    project,
  ]);
}

/** Running first, then paused, then the others. */
const stateRanks: Readonly<Record<ContainerState, number>> = {
  running: 0,
  restarting: 0,
  paused: 1,
  created: 2,
  exited: 2,
  dead: 2,
  removing: 2,
  unknown: 2,
};

interface ContainerOrder {
  readonly containers: (a: ContainerItem, b: ContainerItem) => number;
  readonly projects: (a: ProjectItem, b: ProjectItem) => number;
}

/** Projects come before single containers, each where the first of its containers would. */
function containerOrder({ readSetting, wording }: TreeDeps): ContainerOrder {
  const names = new Intl.Collator(wording.language, { numeric: true });
  const byName = (a: ContainerItem, b: ContainerItem): number => names.compare(a.name, b.name);
  const by = {
    name: byName,
    age: (a: ContainerItem, b: ContainerItem): number =>
      b.container.createdAtMs - a.container.createdAtMs || byName(a, b),
    state: (a: ContainerItem, b: ContainerItem): number =>
      stateRanks[a.container.state] - stateRanks[b.container.state] || byName(a, b),
  };
  const sort = readSetting('containers.sort');
  const containers = by[sort];
  const projects = (a: ProjectItem, b: ProjectItem): number => {
    const [first, other] = [a.containers[0], b.containers[0]];
    if (sort === 'name' || first === undefined || other === undefined)
      return names.compare(a.project, b.project);
    return containers(first, other);
  };
  return { containers, projects };
}
