import type { SettingId, Settings } from '../contributions.ts';
import type { ListKind } from '../core/inspect/concernedLists.ts';
import type { Inventory } from '../core/inspect/inventory.ts';
import type { Protection } from '../core/inspect/protection.ts';
import { failureMessage, MessageItem, type Message } from './messageItem.ts';
import type { DrydockItem, ItemFace, Wording } from './viewItem.ts';

export type ReadSetting = <Id extends SettingId>(id: Id) => Settings[Id];

export interface TreeDeps {
  readonly inventory: Inventory;
  readonly readSetting: ReadSetting;
  readonly wording: Wording;
  /** Whether things are backed up; undefined while no vault is set. */
  readonly protection?: () => Protection | undefined;
}

/** What a tree is made of at one moment. */
export interface BuiltTree {
  readonly roots: readonly DrydockItem[];
  readonly children: ReadonlyMap<DrydockItem, readonly DrydockItem[]>;
  /** Items that show something else than before, or other children. */
  readonly changed: readonly DrydockItem[];
  /** How many things there are, and how many of them the filter and the settings let through. */
  readonly total: number;
  readonly shown: number;
}

/** What a tree follows, and what may stand in its way. */
export interface TreeBasis {
  /** `retried` says that a refresh somebody asked for has ended, whatever it changed. */
  onDidChange(listener: (change: 'changed' | 'retried') => void): { dispose(): void };
  /** What is shown instead of the list: `welcome` leaves the tree empty, for its welcome text. */
  obstacle(): Message | 'welcome' | undefined;
  /** What is said when there is nothing; undefined leaves the tree empty. */
  readonly empty: Message | undefined;
}

export interface TreeContent {
  /** Makes the tree of what the inventory or the vaults hold. */
  build(filter: string): BuiltTree;
  /** Children that are fetched only when an item is opened. */
  childrenOf(item: DrydockItem): readonly DrydockItem[] | Promise<readonly DrydockItem[]>;
}

/** What a list of the inventory stands on. An engine that never answered may leave a welcoming tree empty. */
export function inventoryBasis(
  inventory: Inventory,
  { kind, isWelcoming }: { readonly kind: ListKind; readonly isWelcoming: boolean },
): TreeBasis {
  return {
    onDidChange: (listener) =>
      inventory.onDidChange((change) => {
        if (change.kind === 'refreshed') listener('retried');
        else if (change.kind === 'state' || change.kind === kind) listener('changed');
      }),
    obstacle: () => {
      const { state } = inventory;
      if (state.kind === 'connecting') return { reason: 'loading' };
      if (state.kind === 'failed') {
        const message = failureMessage(state.error, state.retryInMs);
        const isWelcome = message.reason === 'unreachable' && !state.hasBeenReady && isWelcoming;
        return isWelcome ? 'welcome' : message;
      }
      const listing = inventory.listing(kind);
      if (listing.kind === 'pending') return { reason: 'loading' };
      return listing.kind === 'failed' ? failureMessage(listing.error) : undefined;
    },
    empty: { reason: 'empty', list: kind },
  };
}

/** The items that have to be drawn again; undefined means the whole tree. */
export type Redraw = readonly DrydockItem[] | undefined;

const nothing: BuiltTree = { roots: [], children: new Map(), changed: [], total: 0, shown: 0 };

/**
 * One tree, without VS Code: follows what it stands on, and asks for as little to be drawn again as the change allows.
 */
export class ListTree {
  readonly #wording: Wording;
  readonly #basis: TreeBasis;
  readonly #content: TreeContent;
  readonly #listeners = new Set<(redraw: Redraw) => void>();
  readonly #messages = new Map<string, MessageItem>();
  /** What each item said when it was drawn last, and the children that were given for it. */
  readonly #drawn = new Map<DrydockItem, string>();
  readonly #opened = new Map<DrydockItem, readonly DrydockItem[]>();
  readonly #expansions = new Map<string, boolean>();
  readonly #following: { dispose(): void };
  readonly #parents = new WeakMap<DrydockItem, DrydockItem>();
  #built: BuiltTree = nothing;
  #filter = '';

  constructor(wording: Wording, basis: TreeBasis, content: TreeContent) {
    this.#wording = wording;
    this.#basis = basis;
    this.#content = content;
    this.#following = basis.onDidChange((change) => {
      if (change === 'retried') this.#redrawFailed();
      else this.update();
    });
    this.update();
  }

  get filter(): string {
    return this.#filter;
  }

  set filter(text: string) {
    this.#filter = text.trim();
    this.update();
  }

  get shown(): number {
    return this.#built.shown;
  }

  get total(): number {
    return this.#built.total;
  }

  get roots(): readonly DrydockItem[] {
    return this.#built.roots;
  }

  /** The children of `item`; a failure to get them is an item too. */
  async children(item: DrydockItem): Promise<readonly DrydockItem[]> {
    const children = this.#built.children.get(item) ?? (await this.#content.childrenOf(item));
    for (const child of children) this.#parents.set(child, item);
    this.#opened.set(item, children);
    return children;
  }

  /** An item that stands in the tree whether or not anything was opened. */
  find(isWanted: (item: DrydockItem) => boolean): DrydockItem | undefined {
    const ahead = [...this.#built.roots];
    for (let item = ahead.shift(); item !== undefined; item = ahead.shift()) {
      if (isWanted(item)) return item;
      ahead.push(...(this.#built.children.get(item) ?? []));
    }
    return undefined;
  }

  parent(item: DrydockItem): DrydockItem | undefined {
    return this.#parents.get(item);
  }

  /** What `item` shows now. Whoever draws it asks here, so that it is known what grows old on the screen. */
  face(item: DrydockItem): ItemFace {
    const face = item.face(this.#wording);
    this.#drawn.set(item, said(face));
    const isExpanded = this.#expansions.get(item.key);
    if (face.expansion === 'leaf' || isExpanded === undefined) return face;
    return { ...face, expansion: isExpanded ? 'expanded' : 'collapsed' };
  }

  /** Remembers what a person opened and closed, so that a tree that comes back looks as it was left. */
  setExpanded(item: DrydockItem, isExpanded: boolean): void {
    this.#expansions.set(item.key, isExpanded);
  }

  onRedraw(listener: (redraw: Redraw) => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /** Builds the tree anew, for example after a setting changed. */
  update(): void {
    const before = this.#built;
    const built = this.#build();
    this.#built = built;
    for (const [parent, children] of built.children)
      for (const child of children) this.#parents.set(child, parent);
    if (!isSameList(before.roots, built.roots)) {
      this.redraw(undefined);
    } else {
      this.redraw(this.#outermost(built.changed));
    }
  }

  /** Draws again what says something else only because time went by: images and snapshots tell their age. */
  age(): void {
    this.#forgetGone();
    const aged = [...this.#drawn].filter(
      ([item, text]) => ageing.has(item.kind) && said(item.face(this.#wording)) !== text,
    );
    this.redraw(this.#outermost(aged.map(([item]) => item)));
  }

  /** Asks for these items to be drawn again. */
  redraw(redraw: Redraw): void {
    if (redraw?.length === 0) return;
    for (const listener of [...this.#listeners]) listener(redraw);
  }

  dispose(): void {
    this.#following.dispose();
    this.#listeners.clear();
  }

  #forgetGone(): void {
    const standing = new Set<DrydockItem>();
    const add = (item: DrydockItem): void => {
      standing.add(item);
      const children = this.#built.children.get(item) ?? this.#opened.get(item) ?? [];
      for (const child of children) add(child);
    };
    for (const root of this.#built.roots) add(root);
    for (const item of this.#drawn.keys()) if (!standing.has(item)) this.#drawn.delete(item);
    for (const item of this.#opened.keys()) if (!standing.has(item)) this.#opened.delete(item);
  }

  #build(): BuiltTree {
    const obstacle = this.#basis.obstacle();
    if (obstacle === 'welcome') return nothing;
    if (obstacle !== undefined) return this.#say(obstacle);
    const built = this.#content.build(this.#filter);
    if (built.roots.length > 0) return built;
    const counts = { total: built.total, shown: built.shown };
    if (built.total === 0)
      return this.#basis.empty === undefined ? nothing : { ...this.#say(this.#basis.empty), ...counts };
    if (this.#filter === '') return { ...this.#say({ reason: 'filtered', by: 'setting' }), ...counts };
    return { ...this.#say({ reason: 'filtered', by: 'text', text: this.#filter }), ...counts };
  }

  #say(message: Message): BuiltTree {
    const key = `message:${message.reason}`;
    const item = this.#messages.get(key) ?? new MessageItem(key, message);
    this.#messages.set(key, item);
    const changed = item.update(message) ? [item] : [];
    return { ...nothing, roots: [item], changed };
  }

  /** What could not be fetched stands below these; whoever asked for a refresh wants it tried again. */
  #redrawFailed(): void {
    const parents = [...this.#drawn.keys()].flatMap((item) =>
      item.kind === 'message' ? (this.#parents.get(item) ?? []) : [],
    );
    this.redraw([...new Set(parents)]);
  }

  /** Without the items that are drawn again with an item above them. */
  #outermost(items: readonly DrydockItem[]): readonly DrydockItem[] {
    const concerned = new Set(items);
    return items.filter((item) => {
      for (let above = this.#parents.get(item); above !== undefined; above = this.#parents.get(above))
        if (concerned.has(above)) return false;
      return true;
    });
  }
}

const ageing: ReadonlySet<DrydockItem['kind']> = new Set(['image', 'source', 'snapshot']);

function said(face: ItemFace): string {
  return `${face.label}\n${face.description ?? ''}`;
}

function isSameList(one: readonly DrydockItem[], other: readonly DrydockItem[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}
