import type { SettingId, Settings } from '../contributions.ts';
import type { Snapshot } from '../core/snapshot/snapshot.ts';
import { isNotThereYet } from '../vaults/notThereYet.ts';
import type { KnownVault, VaultList } from '../vaults/vaultList.ts';
import { defaultVaultOf } from '../vaults/vaultSettings.ts';
import { ItemKeeper } from './itemKeeper.ts';
import { ListTree, type BuiltTree } from './listTree.ts';
import { MessageItem, type Message } from './messageItem.ts';
import { SnapshotItem } from './snapshotItem.ts';
import { SourceItem, sourceKey } from './sourceItem.ts';
import { matchesFilter } from './textFilter.ts';
import { VaultItem } from './vaultItem.ts';
import type { DrydockItem, Wording } from './viewItem.ts';

export interface BackupsTreeDeps {
  readonly vaults: Pick<VaultList, 'vaults' | 'onDidChange'>;
  readonly readSetting: <Id extends SettingId>(id: Id) => Settings[Id];
  readonly wording: Wording;
}

/** Vaults, what they have snapshots of, and the snapshots. Without a vault it is empty, for its welcome text. */
export function backupsTree({ vaults, readSetting, wording }: BackupsTreeDeps): ListTree {
  const vaultItems = new ItemKeeper<VaultItem>();
  const sourceItems = new ItemKeeper<SourceItem>();
  const snapshotItems = new ItemKeeper<SnapshotItem>();
  const messages = new ItemKeeper<MessageItem>();

  const build = (filter: string): BuiltTree => {
    const changed: DrydockItem[] = [];
    const children = new Map<DrydockItem, readonly DrydockItem[]>();
    const roots: VaultItem[] = [];
    let total = 0;
    let shown = 0;
    const preferred =
      vaults.vaults.length > 1 ? defaultVaultOf(vaults.vaults, readSetting('defaultVault')) : undefined;

    const say = (vault: VaultItem, message: Message): readonly DrydockItem[] => {
      const key = `${vault.key}/message`;
      const item = messages.keep(key, () => new MessageItem(key, message));
      if (item.update(message)) changed.push(item);
      return [item];
    };

    const sourcesOf = ({ path }: KnownVault, snapshots: readonly Snapshot[]): readonly SourceItem[] => {
      const groups = groupBySource(snapshots);
      const isEngineTold = new Set(snapshots.map(({ source }) => source.engineId)).size > 1;
      return groups.map((group) => {
        const { source } = group[0];
        const item = sourceItems.keep(
          `source:${path}:${sourceKey(source)}`,
          () => new SourceItem(path, source),
        );
        if (item.update(group, isEngineTold)) changed.push(item);
        const items = group.map((snapshot) => {
          const of = snapshotItems.keep(
            `snapshot:${path}:${snapshot.id}`,
            () => new SnapshotItem(path, snapshot),
          );
          if (of.update(snapshot)) changed.push(of);
          return of;
        });
        children.set(item, items);
        return item;
      });
    };

    for (const vault of vaults.vaults) {
      const item = vaultItems.keep(`vault:${vault.path}`, () => new VaultItem(vault));
      if (item.update(vault, vault === preferred)) changed.push(item);
      roots.push(item);
      const { state } = vault;
      if (state.kind !== 'open') {
        children.set(
          item,
          say(
            item,
            state.kind === 'opening'
              ? { reason: 'loading' }
              : isNotThereYet(vault)
                ? { reason: 'vaultNotThere' }
                : { reason: 'vaultFailed', error: state.error },
          ),
        );
        continue;
      }
      const wanted = state.snapshots.filter((snapshot) => isWanted(snapshot, filter));
      total += state.snapshots.length;
      shown += wanted.length;
      children.set(
        item,
        wanted.length > 0 ? sourcesOf(vault, wanted) : say(item, noneMessage(state.snapshots, filter)),
      );
    }
    for (const keeper of [vaultItems, sourceItems, snapshotItems, messages]) keeper.sweep();
    return { roots, children, changed, total: Math.max(total, roots.length), shown };
  };

  return new ListTree(
    wording,
    {
      onDidChange: (listener) =>
        vaults.onDidChange(() => {
          listener('changed');
        }),
      obstacle: () => undefined,
      empty: undefined,
    },
    { build, childrenOf: () => [] },
  );
}

function noneMessage(snapshots: readonly Snapshot[], filter: string): Message {
  return snapshots.length === 0
    ? { reason: 'noSnapshots' }
    : { reason: 'filtered', by: 'text', text: filter };
}

function isWanted({ source, refName, tags }: Snapshot, filter: string): boolean {
  return matchesFilter(filter, [source.name, source.kind, source.engineName, refName, ...tags]);
}

/** The source that was backed up last comes first; within one, snapshots stay newest first. */
function groupBySource(snapshots: readonly Snapshot[]): readonly (readonly [Snapshot, ...Snapshot[]])[] {
  const groups = new Map<string, [Snapshot, ...Snapshot[]]>();
  for (const snapshot of snapshots) {
    const key = sourceKey(snapshot.source);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [snapshot]);
    else group.push(snapshot);
  }
  return [...groups.values()];
}
