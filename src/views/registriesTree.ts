import { ItemKeeper } from './itemKeeper.ts';
import { ListTree, type BuiltTree } from './listTree.ts';
import { RegistryItem } from './registryItem.ts';
import { RemoteBranches, type ListedRegistries } from './remoteBranches.ts';
import type { DrydockItem, Wording } from './viewItem.ts';

export interface RegistriesTreeDeps {
  readonly registries: ListedRegistries;
  readonly wording: Wording;
}

/** Registries, their repositories, the tags of these and what they stand for. Without one it is empty, for its welcome text. */
export function registriesTree({ registries, wording }: RegistriesTreeDeps): ListTree {
  const items = new ItemKeeper<RegistryItem>();
  const branches = new RemoteBranches(registries, wording);

  const build = (): BuiltTree => {
    const changed: DrydockItem[] = [];
    const roots = registries.registries.map((known) => {
      const item = items.keep(known.host, () => new RegistryItem(known));
      if (item.update(known)) changed.push(item);
      return item;
    });
    items.sweep();
    return { roots, children: new Map(), changed, total: roots.length, shown: roots.length };
  };

  const tree: ListTree = new ListTree(
    wording,
    {
      onDidChange: (listener) =>
        registries.onDidChange((change) => {
          if (change.kind === 'list') {
            listener('changed');
            return;
          }
          const { place } = change;
          const rows = branches.rowsOf(place);
          if (change.kind === 'anew') branches.forget(place);
          tree.redraw([
            ...rows,
            ...tree.roots.filter(
              (item) => place.path === undefined && item.kind === 'registry' && item.host === place.host,
            ),
          ]);
        }),
      obstacle: () => undefined,
      empty: undefined,
    },
    {
      build,
      childrenOf: (item) =>
        branches.children(item, (redrawn) => {
          tree.redraw(redrawn);
        }),
    },
  );
  return tree;
}
