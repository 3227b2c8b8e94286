import { once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import type { Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import { withoutHelpers } from '../engine/helperLabel.ts';
import type { ContainerSummary, ImageSummary, VolumeSummary, VolumeUsage } from '../engine/records.ts';
import type { DrydockError } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { concernedLists, type ListKind } from './concernedLists.ts';
import { EngineLink, type LinkState } from './engineLink.ts';
import { exitCode } from './exitCode.ts';
import { KeptList, type ListChange, type Listing } from './keptList.ts';
import type { Timers } from './timers.ts';
import { changedUsers, imageUsers, volumeUsers, type UsersIndex } from './usersIndex.ts';

export type InventoryState = LinkState;

/**
 * What changed: the state, or the records of one list (`all` after it was listed for the first time or failed).
 * `refreshed` says that a refresh somebody asked for has ended, whatever it changed.
 */
export type InventoryChange =
  | { readonly kind: 'state' }
  | { readonly kind: 'refreshed' }
  | { readonly kind: ListKind; readonly touched: readonly string[] | 'all'; readonly isMembership: boolean };

const lookAgainMs = 10_000;

/**
 * The images, containers and volumes of the engine in use, kept true by its events. Readers are told which
 * records are concerned and nothing else. While the state is not `ready`, or a list's `listing` is not `listed`,
 * what is held may be out of date: it is there for comparing, not for showing.
 */
export class Inventory {
  readonly #timers: Timers;
  readonly #link: EngineLink;
  readonly #images: KeptList<Digest, ImageSummary>;
  readonly #containers: KeptList<string, ContainerSummary>;
  readonly #volumes: KeptList<string, VolumeSummary>;
  readonly #listeners = new Set<(change: InventoryChange) => void>();
  #usersOfImages: UsersIndex = new Map();
  #usersOfVolumes: UsersIndex = new Map();
  #volumeUsage: ReadonlyMap<string, VolumeUsage> = new Map();
  #measuring: Promise<unknown> = Promise.resolve();
  #cancelLook: (() => void) | undefined;

  constructor(deps: { readonly timers: Timers }) {
    this.#timers = deps.timers;
    this.#link = new EngineLink({
      timers: deps.timers,
      onState: () => {
        this.#tell({ kind: 'state' });
      },
      onConnected: () => this.#listAll(),
      onLost: () => {
        for (const list of this.#lists()) list.doubt();
      },
      onEvent: (event) => {
        for (const kind of concernedLists(event)) this.#list(kind).request();
      },
    });
    this.#images = new KeptList({
      timers: deps.timers,
      fetch: async (signal) => withoutHelpers(await this.#engine().images.list({ signal })),
      keyOf: (image) => image.id,
      isSame: (known, found) => isDeepStrictEqual(known, found),
      onChange: (change) => {
        this.#tellList('images', change);
      },
    });
    this.#containers = new KeptList({
      timers: deps.timers,
      fetch: async (signal) => withoutHelpers(await this.#engine().containers.list({ signal })),
      keyOf: (container) => container.id,
      isSame: isSameContainer,
      onChange: (change) => {
        this.#tellContainers(change);
      },
    });
    this.#volumes = new KeptList({
      timers: deps.timers,
      fetch: async (signal) => withoutHelpers(await this.#engine().volumes.list({ signal })),
      keyOf: (volume) => volume.name,
      isSame: (known, found) => isDeepStrictEqual(known, found),
      onChange: (change) => {
        this.#tellVolumes(change);
      },
    });
  }

  get state(): InventoryState {
    return this.#link.state;
  }

  get images(): ReadonlyMap<Digest, ImageSummary> {
    return this.#images.records;
  }

  get containers(): ReadonlyMap<string, ContainerSummary> {
    return this.#containers.records;
  }

  get volumes(): ReadonlyMap<string, VolumeSummary> {
    return this.#volumes.records;
  }

  /** By the volume's name; empty until somebody measured. */
  get volumeUsage(): ReadonlyMap<string, VolumeUsage> {
    return this.#volumeUsage;
  }

  /** How far one list is. One that failed leaves the others alone. */
  listing(kind: ListKind): Listing {
    return this.#list(kind).listing;
  }

  usersOfImage(id: string): readonly ContainerSummary[] {
    return this.#lookUp(this.#usersOfImages.get(id));
  }

  usersOfVolume(name: string): readonly ContainerSummary[] {
    return this.#lookUp(this.#usersOfVolumes.get(name));
  }

  onDidChange(listener: (change: InventoryChange) => void): { dispose(): void } {
    // A function of its own, so that the same one may listen twice.
    const own = (change: InventoryChange): void => {
      listener(change);
    };
    this.#listeners.add(own);
    return { dispose: () => void this.#listeners.delete(own) };
  }

  /** Follows `engine` from now on and lets go of the one before; closing that one is its owner's task. */
  use(engine: Engine): void {
    this.#forget();
    this.#link.use(engine);
  }

  /** Has no engine, for example since the configured address can't be used. */
  useNone(error: DrydockError): void {
    this.#forget();
    this.#link.useNone(error);
  }

  /** Lists everything anew; tries to connect when the engine is lost. Rejects never: failures are states. */
  async refresh(): Promise<void> {
    if (this.state.kind === 'ready') await this.#listAll();
    else await this.#link.retry();
    this.#tell({ kind: 'refreshed' });
  }

  /**
   * Says whether somebody looks. Some engines build images without an event (BuildKit before Docker 28, Podman),
   * so that images are listed again from time to time while they are being watched.
   */
  setWatched(isWatched: boolean): void {
    if (isWatched === (this.#cancelLook !== undefined)) return;
    if (isWatched) {
      this.#lookAgain();
    } else {
      this.#cancelLook?.();
      this.#cancelLook = undefined;
    }
  }

  /** Measures every volume: slow, only when a person asked. One measurement runs at a time, as engines demand. */
  async measureVolumes({ signal }: Pick<Operation, 'signal'>): Promise<void> {
    const engine = this.#engine();
    const before = this.#measuring;
    const measure = async (): Promise<void> => {
      await before;
      signal.throwIfAborted();
      const usage = await engine.volumes.usage({ signal });
      if (this.#link.engine === engine) this.#acceptUsage(usage);
    };
    const measuring = measure();
    this.#measuring = measuring.catch(() => undefined);
    signal.throwIfAborted();
    await Promise.race([measuring, once(signal, 'abort')]);
    signal.throwIfAborted();
  }

  dispose(): void {
    this.#listeners.clear();
    this.#link.letGo();
    this.#forget();
    this.setWatched(false);
  }

  #engine(): Engine {
    if (this.#link.engine !== undefined) return this.#link.engine;
    throw this.state.kind === 'failed' ? this.state.error : new Error('No engine is in use yet.');
  }

  #lists(): readonly Pick<KeptList<string, unknown>, 'doubt' | 'clear' | 'refresh'>[] {
    return [this.#images, this.#containers, this.#volumes];
  }

  #list(kind: ListKind): Pick<KeptList<string, unknown>, 'listing' | 'request'> {
    switch (kind) {
      case 'images':
        return this.#images;
      case 'containers':
        return this.#containers;
      case 'volumes':
        return this.#volumes;
    }
  }

  #lookUp(ids: readonly string[] = []): readonly ContainerSummary[] {
    return ids.flatMap((id) => this.containers.get(id) ?? []);
  }

  #forget(): void {
    for (const list of this.#lists()) list.clear();
    this.#usersOfImages = new Map();
    this.#usersOfVolumes = new Map();
    this.#volumeUsage = new Map();
  }

  async #listAll(): Promise<void> {
    await Promise.all(this.#lists().map((list) => list.refresh()));
  }

  #lookAgain(): void {
    if (this.state.kind === 'ready') this.#images.request();
    this.#cancelLook = this.#timers.after(lookAgainMs, () => {
      this.#lookAgain();
    });
  }

  #tellContainers(change: ListChange): void {
    const ofImages = imageUsers(this.containers.values());
    const ofVolumes = volumeUsers(this.containers.values());
    const images = changedUsers(this.#usersOfImages, ofImages);
    const volumes = changedUsers(this.#usersOfVolumes, ofVolumes);
    this.#usersOfImages = ofImages;
    this.#usersOfVolumes = ofVolumes;
    this.#tellList('containers', change);
    this.#tellTouched('images', images);
    this.#tellTouched('volumes', volumes);
  }

  #tellVolumes(change: ListChange): void {
    if (this.#volumes.listing.kind === 'listed')
      this.#volumeUsage = new Map([...this.#volumeUsage].filter(([name]) => this.volumes.has(name)));
    this.#tellList('volumes', change);
  }

  #acceptUsage(usage: readonly VolumeUsage[]): void {
    const before = this.#volumeUsage;
    const after = new Map(usage.map((entry) => [entry.name, entry]));
    this.#volumeUsage = after;
    const names = [...new Set([...before.keys(), ...after.keys()])];
    this.#tellTouched(
      'volumes',
      names.filter((name) => !isDeepStrictEqual(before.get(name), after.get(name))),
    );
  }

  #tellTouched(kind: ListKind, touched: readonly string[]): void {
    if (touched.length > 0) this.#tell({ kind, touched, isMembership: false });
  }

  #tellList(kind: ListKind, change: ListChange): void {
    if (change === 'all') this.#tell({ kind, touched: 'all', isMembership: true });
    else this.#tell({ kind, touched: change.keys, isMembership: change.isMembership });
  }

  #tell(change: InventoryChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }
}

/** The sentence in `status` grows old by itself (`Up 2 minutes`); only the exit code in it is a change. */
function isSameContainer(known: ContainerSummary, found: ContainerSummary): boolean {
  if (exitCode(known.status) !== exitCode(found.status)) return false;
  return isDeepStrictEqual({ ...known, status: '' }, { ...found, status: '' });
}
