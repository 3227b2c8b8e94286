import { DrydockError, failure, isCancellation, reasonOf } from '../core/errors.ts';
import type { ChangedNode, ContainerChanges } from '../core/fileTrees/containerChanges.ts';
import type { LiveEntry } from '../core/fileTrees/liveTree.ts';
import { ChangesItem } from './changesItem.ts';
import { LiveFileItem, type LiveRow } from './liveFileItem.ts';
import { LiveFilesItem } from './liveFilesItem.ts';
import { failureMessage, MessageItem, type Message } from './messageItem.ts';
import type { ContainerSource, LiveSource } from '../core/fileTrees/liveSource.ts';
import type { DrydockItem } from './viewItem.ts';

/** What is known of files as they are now, as `LiveSources` gives it. */
export interface LiveListings {
  list(source: LiveSource, path: string): Promise<readonly LiveEntry[]>;
  changes(source: ContainerSource): Promise<ContainerChanges>;
}

/** The changes and files below containers and volumes. They are found when somebody opens them. */
export class LiveBranches {
  readonly #live: LiveListings;
  readonly #branches = new WeakMap<object, readonly (ChangesItem | LiveFilesItem)[]>();
  /** Of items among changes, what stands below them. */
  readonly #changed = new WeakMap<LiveFileItem, ChangedNode>();

  constructor(live: LiveListings) {
    this.#live = live;
  }

  /** What stands below the item of a container or a volume; the same items each time. */
  of(item: { readonly key: string }, source: LiveSource): readonly (ChangesItem | LiveFilesItem)[] {
    const known = this.#branches.get(item);
    if (known !== undefined) return known;
    const files = new LiveFilesItem(item.key, source);
    const branches = source.kind === 'container' ? [new ChangesItem(item.key, source), files] : [files];
    this.#branches.set(item, branches);
    return branches;
  }

  /** What is in a folder; a failure is an item too. `redraw`: what says something else by that. */
  async children(
    item: DrydockItem,
    redraw: (items: readonly DrydockItem[]) => void,
  ): Promise<readonly DrydockItem[]> {
    try {
      if (item instanceof ChangesItem) return await this.#changes(item, redraw);
      if (item instanceof LiveFilesItem) return await this.#listed(item, item.source, '');
      if (!(item instanceof LiveFileItem) || !item.isFolder) return [];
      const changed = this.#changed.get(item);
      if (changed !== undefined) return this.#changedIn(item.key, item.source, changed);
      return await this.#listed(item, item.source, item.path);
    } catch (error) {
      return [new MessageItem(`${item.key}//message`, messageOf(error))];
    }
  }

  async #changes(
    item: ChangesItem,
    redraw: (items: readonly DrydockItem[]) => void,
  ): Promise<readonly DrydockItem[]> {
    const found = await this.#live.changes(item.source);
    if (item.update(found)) redraw([item]);
    if (found.root.children.size === 0)
      return [new MessageItem(`${item.key}//message`, { reason: 'unchanged' })];
    return this.#changedIn(item.key, item.source, found.root);
  }

  #changedIn(parentKey: string, source: LiveSource, folder: ChangedNode): readonly DrydockItem[] {
    const items = [...folder.children.values()].map((node) => {
      const row: LiveRow = {
        source,
        path: node.path,
        ...(node.file && { file: node.file }),
        isMount: false,
        change: node.kind ?? 'within',
        hasChildren: node.children.size > 0,
      };
      const item = new LiveFileItem(parentKey, row);
      this.#changed.set(item, node);
      return item;
    });
    return items.sort((a, b) => Number(b.isFolder) - Number(a.isFolder));
  }

  async #listed(item: DrydockItem, source: LiveSource, path: string): Promise<readonly DrydockItem[]> {
    const entries = await this.#live.list(source, path);
    return entries.map((entry) => {
      const hasChildren = entry.type === 'directory';
      return new LiveFileItem(item.key, {
        source,
        path: entry.path,
        file: entry,
        isMount: entry.isMount,
        hasChildren,
      });
    });
  }
}

function messageOf(error: unknown): Message {
  if (isCancellation(error)) return { reason: 'notListed' };
  const known =
    error instanceof DrydockError ? error : failure('unexpected', { reason: reasonOf(error) }, error);
  return failureMessage(known);
}
