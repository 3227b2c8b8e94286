import { DrydockError, failure, isCancellation, reasonOf } from '../core/errors.ts';
import type { RemotePlace } from '../core/registry/remoteName.ts';
import type { RegistryList } from '../registries/registryList.ts';
import type { NamePages } from '../registries/namePages.ts';
import { MessageItem, type RemoteMessage } from './messageItem.ts';
import { RegistryItem } from './registryItem.ts';
import { remoteFacts } from './remoteFactItem.ts';
import { remoteFailure } from './remoteMessage.ts';
import { RemoteMoreItem } from './remoteMoreItem.ts';
import { remotePlaceOf } from './remotePlace.ts';
import { RemoteRepositoryItem } from './remoteRepositoryItem.ts';
import { RemoteTagItem } from './remoteTagItem.ts';
import type { DrydockItem, Wording } from './viewItem.ts';

export type ListedRegistries = Pick<
  RegistryList,
  'registries' | 'onDidChange' | 'repositories' | 'tags' | 'facts'
>;

/** Docker's own registry tells nobody which repositories it has, and asking it costs a log-in. */
const listsNone: ReadonlySet<string> = new Set(['docker.io']);

/** What stands below registries. It is asked for when somebody opens them. */
export class RemoteBranches {
  readonly #registries: ListedRegistries;
  readonly #wording: Wording;
  /** Registries list in orders of their own, or in none. Made for the first list: it takes as long as all views do. */
  #collator: Intl.Collator | undefined;
  /** The rows of repositories and tags, the same ones each time. */
  readonly #rows = new Map<string, RemoteRepositoryItem | RemoteTagItem>();

  constructor(registries: ListedRegistries, wording: Wording) {
    this.#registries = registries;
    this.#wording = wording;
  }

  /** The rows that stand for a place. */
  rowsOf({ host, path, tag }: RemotePlace): readonly DrydockItem[] {
    return [...this.#rows.values()].filter(
      (row) =>
        row.host === host &&
        row.path === path &&
        (tag === undefined ? row.kind === 'remoteRepository' : row.kind === 'remoteTag' && row.tag === tag),
    );
  }

  /** Lets go of what is known of a place and of all that stands below it. */
  forget({ host, path, tag }: RemotePlace): void {
    for (const [key, row] of [...this.#rows]) {
      if (row.host !== host || (path !== undefined && row.path !== path)) continue;
      if (row.kind === 'remoteRepository') {
        if (path === undefined) this.#rows.delete(key);
      } else if (tag === undefined) this.#rows.delete(key);
      else if (row.tag === tag) row.update(undefined);
    }
  }

  /** What stands below an item; a failure is an item too. `redraw`: what says something else by that. */
  async children(
    item: DrydockItem,
    redraw: (items: readonly DrydockItem[]) => void,
  ): Promise<readonly DrydockItem[]> {
    try {
      if (item instanceof RegistryItem) return await this.#repositories(item);
      if (item instanceof RemoteRepositoryItem) return await this.#tags(item);
      if (!(item instanceof RemoteTagItem)) return [];
      const facts = await this.#registries.facts(item.host, item.path, item.tag);
      if (item.update(facts)) redraw([item]);
      return remoteFacts(item, facts, this.#wording);
    } catch (error) {
      return [failed(item, remotePlaceOf(item) ?? { host: '' }, error)];
    }
  }

  /** What the registry lists, and what people named of it. */
  async #repositories(item: RegistryItem): Promise<readonly DrydockItem[]> {
    const { host, repositories: named } = item.known;
    const ends: DrydockItem[] = [];
    let listed: readonly string[] = [];
    if (listsNone.has(host))
      ends.push(message(item, { reason: 'remote', why: 'unlisted', remote: { host } }));
    else
      try {
        const pages = await this.#registries.repositories(host);
        listed = this.#sorted(pages.names);
        ends.push(...moreOf(item, { host }, pages));
        if (listed.length === 0 && named.length === 0)
          ends.push(message(item, { reason: 'remote', why: 'none', remote: { host } }));
      } catch (error) {
        ends.push(failed(item, { host }, error));
      }
    const known = new Set(listed);
    const rows = [
      ...listed.map((path) => this.#repository(item, path, false)),
      ...named.filter((path) => !known.has(path)).map((path) => this.#repository(item, path, true)),
    ];
    return [...rows, ...ends];
  }

  async #tags(item: RemoteRepositoryItem): Promise<readonly DrydockItem[]> {
    const { host, path } = item;
    const pages = await this.#registries.tags(host, path);
    if (pages.names.length === 0)
      return [message(item, { reason: 'remote', why: 'none', remote: { host, path } })];
    const rows = this.#sorted(pages.names).map((tag) =>
      this.#row(`${item.key}:${tag}`, () => new RemoteTagItem(item.key, host, path, tag)),
    );
    return [...rows, ...moreOf(item, { host, path }, pages)];
  }

  #sorted(names: readonly string[]): readonly string[] {
    this.#collator ??= new Intl.Collator(this.#wording.language, { numeric: true });
    return names.toSorted(this.#collator.compare);
  }

  #repository({ host }: RegistryItem, path: string, isNamed: boolean): DrydockItem {
    const row = new RemoteRepositoryItem(host, path, isNamed);
    return this.#row(row.key, () => row);
  }

  #row(key: string, make: () => RemoteRepositoryItem | RemoteTagItem): DrydockItem {
    const known = this.#rows.get(key);
    if (known !== undefined) return known;
    const row = make();
    this.#rows.set(key, row);
    return row;
  }
}

function moreOf(item: DrydockItem, place: RemotePlace, { isWhole }: NamePages): readonly DrydockItem[] {
  return isWhole ? [] : [new RemoteMoreItem(item.key, place)];
}

function message({ key }: DrydockItem, content: RemoteMessage): MessageItem {
  return new MessageItem(`${key}//message`, content);
}

function failed(item: DrydockItem, remote: RemotePlace, error: unknown): MessageItem {
  if (isCancellation(error)) return message(item, { reason: 'remote', why: 'cancelled', remote });
  const known =
    error instanceof DrydockError ? error : failure('unexpected', { reason: reasonOf(error) }, error);
  return message(item, remoteFailure(remote, known));
}
