import type { Operation } from '../core/progress.ts';
import type { RemotePlace } from '../core/registry/remoteName.ts';
import type { RemoteRegistry } from '../core/registry/remoteRepository.ts';
import { companionOf } from '../core/transfer/companionTags.ts';
import type { RemoteFacts } from '../core/transfer/remoteFacts.ts';
import { NamePages } from './namePages.ts';
import type { KnownRegistry } from './registrySettings.ts';

export interface RegistryListDeps {
  /** Nothing is asked before the first call. */
  readonly connect: (host: string) => Promise<RemoteRegistry>;
  /** Runs what may take long with the means to cancel it. */
  readonly run: <T>(host: string, work: (operation: Operation) => Promise<T>) => Promise<T>;
}

interface OpenRegistry {
  readonly registry: Promise<RemoteRegistry>;
  /** Aborted when what is asked is of no use any more. */
  readonly controller: AbortController;
  /** By repository; with an empty name the repositories themselves. */
  readonly pages: Map<string, Promise<NamePages>>;
  /** By repository and tag. */
  readonly facts: Map<string, Promise<RemoteFacts>>;
}

/** The list of registries itself changed, a place is to be looked at anew, or more of its list was read. */
export type RegistryChange =
  { readonly kind: 'list' } | { readonly kind: 'anew' | 'more'; readonly place: RemotePlace };

/** So many names are shown at once. */
export const pageSize = 200;

/**
 * The registries of the settings and what was listed of them. Listed when somebody looks, and kept until somebody asks
 * to look again; what failed is tried again at the next look.
 */
export class RegistryList {
  readonly #deps: RegistryListDeps;
  readonly #open = new Map<string, OpenRegistry>();
  readonly #listeners = new Set<(change: RegistryChange) => void>();
  #registries: readonly KnownRegistry[] = [];

  constructor(deps: RegistryListDeps) {
    this.#deps = deps;
  }

  get registries(): readonly KnownRegistry[] {
    return this.#registries;
  }

  find(host: string): KnownRegistry | undefined {
    return this.#registries.find((one) => one.host === host);
  }

  /** Shows these from now on. */
  use(registries: readonly KnownRegistry[]): void {
    const before = new Map(this.#registries.map((one) => [one.host, one]));
    this.#registries = registries;
    for (const { host, isPlainHttp } of registries) {
      if (before.get(host)?.isPlainHttp !== isPlainHttp) this.#close(host);
      before.delete(host);
    }
    for (const host of before.keys()) this.#close(host);
    this.#tell({ kind: 'list' });
  }

  onDidChange(listener: (change: RegistryChange) => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /** Its repositories as far as they were read. Rejects as the registry's call does, or with an AbortError. */
  repositories(host: string): Promise<NamePages> {
    return this.#listed(host, '', (registry) => new NamePages((cancel) => registry.repositories(cancel)));
  }

  /** The tags of a repository that people gave. Rejects likewise. */
  tags(host: string, path: string): Promise<NamePages> {
    return this.#listed(
      host,
      path,
      (registry) =>
        new NamePages(async function* (cancel) {
          for await (const tag of registry.repository(path).tags(cancel))
            if (companionOf(tag) === undefined) yield tag;
        }),
    );
  }

  /** What a tag stands for. Rejects as `readRemoteFacts` does. */
  facts(host: string, path: string, tag: string): Promise<RemoteFacts> {
    const open = this.#opened(host);
    return keptOnce(open.facts, `${path}:${tag}`, () =>
      this.#run(host, open, async (operation) => {
        const { readRemoteFacts } = await import('../core/transfer/remoteFacts.ts');
        return readRemoteFacts((await open.registry).repository(path), tag, operation);
      }),
    );
  }

  /** Reads more of a list. Rejects as listing does. */
  async more({ host, path = '' }: RemotePlace): Promise<void> {
    const open = this.#opened(host);
    const pages = await open.pages.get(path);
    if (pages === undefined) return;
    await this.#run(host, open, ({ signal }) => pages.read(pageSize, signal));
    this.#tell({ kind: 'more', place: path === '' ? { host } : { host, path } });
  }

  /** Forgets what was listed below a place, so that it is asked for anew. A registry is connected to anew as well. */
  refresh(place: RemotePlace): void {
    const { host, path, tag } = place;
    if (path === undefined) this.#close(host);
    else {
      const open = this.#open.get(host);
      if (tag === undefined) open?.pages.delete(path);
      for (const key of [...(open?.facts.keys() ?? [])])
        if (tag === undefined ? key.startsWith(`${path}:`) : key === `${path}:${tag}`)
          open?.facts.delete(key);
    }
    this.#tell({ kind: 'anew', place });
  }

  dispose(): void {
    this.#listeners.clear();
    for (const host of [...this.#open.keys()]) this.#close(host);
  }

  #listed(host: string, path: string, begin: (registry: RemoteRegistry) => NamePages): Promise<NamePages> {
    const open = this.#opened(host);
    return keptOnce(open.pages, path, () =>
      this.#run(host, open, async ({ signal }) => {
        const pages = begin(await open.registry);
        await pages.read(pageSize, signal);
        return pages;
      }),
    );
  }

  #run<T>(host: string, open: OpenRegistry, work: (operation: Operation) => Promise<T>): Promise<T> {
    return this.#deps.run(host, ({ signal, progress }) =>
      work({ signal: AbortSignal.any([signal, open.controller.signal]), progress }),
    );
  }

  #opened(host: string): OpenRegistry {
    const known = this.#open.get(host);
    if (known !== undefined) return known;
    const registry = this.#deps.connect(host);
    const open = { registry, controller: new AbortController(), pages: new Map(), facts: new Map() };
    this.#open.set(host, open);
    return open;
  }

  #close(host: string): void {
    const open = this.#open.get(host);
    if (open === undefined) return;
    this.#open.delete(host);
    open.controller.abort();
    void open.registry.then(
      (registry) => {
        registry.close();
      },
      () => undefined,
    );
  }

  #tell(change: RegistryChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }
}

/** What `make` gives, once for all who ask; a failure is forgotten. */
function keptOnce<T>(kept: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = kept.get(key);
  if (known !== undefined) return known;
  const made = make();
  kept.set(key, made);
  made.catch(() => {
    if (kept.get(key) === made) kept.delete(key);
  });
  return made;
}
