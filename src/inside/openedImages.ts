import { isDeepStrictEqual } from 'node:util';
import { isDigest, shortDigest, type Digest } from '../core/digest.ts';
import type { Engine } from '../core/engine/engine.ts';
import { DrydockError } from '../core/errors.ts';
import type { EngineImageDeps } from '../core/fileTrees/engineImage.ts';
import type { LayeredTree } from '../core/fileTrees/imageTree.ts';
import type { KnownImages } from '../core/fileTrees/knownImages.ts';
import type { ChangeNode } from '../core/fileTrees/layerChanges.ts';
import type { LayerIndexCache } from '../core/fileTrees/layerIndexCache.ts';
import type { LayeredImage } from '../core/layers/layeredImage.ts';
import type { Operation } from '../core/progress.ts';
import type { Vault } from '../core/vault/layout.ts';

export interface OpenedImagesDeps {
  readonly engine: () => Engine;
  /** The names that an image has now; undefined where that is not known. */
  readonly tagsOf: (id: Digest) => readonly string[] | undefined;
  readonly cacheFolder: string;
  /** The vaults that are open now; the same objects while nothing changed in them. */
  readonly vaults: () => readonly Vault[];
  /** Runs `work` with a progress notification; undefined after a cancel, or a failure that was shown. */
  readonly run: <T>(title: string, work: (operation: Operation) => Promise<T>) => Promise<T | undefined>;
  /** The clock; tests have their own. */
  readonly nowMs?: () => number;
}

interface OpenedImage {
  image: LayeredImage;
  /** When the engine last said that it has this image under the ID. */
  saidMs: number;
  merged?: Promise<LayeredTree>;
  /** By the layer's place. */
  readonly changes: Map<number, Promise<ChangeNode>>;
}

/** The trees of an image of 100,000 files take some tens of megabytes. */
const mostOpen = 4;
/** Looking into an image asks for it many times over; an engine does not change what it has that fast. */
const trustMs = 2_000;

/**
 * Images of the engine in use that are looked into. The last few stay in memory; what was read once lies in a cache on
 * disk that all windows share. The code that reads them loads with the first.
 */
export class OpenedImages {
  readonly #deps: OpenedImagesDeps;
  readonly #open = new Map<string, OpenedImage>();
  readonly #listeners = new Set<() => void>();
  readonly #opening = new Map<string, Promise<LayeredImage | undefined>>();
  #cache: LayerIndexCache | undefined;
  #known: { readonly vaults: readonly Vault[]; readonly images: KnownImages } | undefined;

  constructor(deps: OpenedImagesDeps) {
    this.#deps = deps;
  }

  /**
   * An image with the lists of its layers. One that has to be read from the engine is read once for all who wait, under
   * a notification that names `title`. Undefined after a cancel, and after a failure, which was shown.
   */
  async open(imageId: string, title: string): Promise<LayeredImage | undefined> {
    const known = await this.peek(imageId);
    if (known !== undefined) return known;
    const engine = this.#deps.engine();
    const key = keyOf(engine, imageId);
    const opening =
      this.#opening.get(key) ??
      this.#deps
        .run(title, (operation) => this.#read(engine, imageId, operation))
        .then((read) => {
          if (read === undefined) return undefined;
          const image = this.#remember(key, imageId, read);
          this.#tellRead();
          return image;
        })
        .finally(() => this.#opening.delete(key));
    this.#opening.set(key, opening);
    return opening;
  }

  /** Tells when images were read from the engine, so that there is more to say of them than before. */
  onDidRead(listener: () => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /**
   * Many images, by their IDs: those that have to be read come together, so that a layer which they share is sent once.
   * Undefined after a cancel. An image that can't be read is told of in `failed`.
   */
  async openAll(
    imageIds: readonly string[],
    title: string,
  ): Promise<
    | {
        readonly images: ReadonlyMap<string, LayeredImage>;
        readonly failed: readonly { readonly imageId: string; readonly error: unknown }[];
      }
    | undefined
  > {
    const engine = this.#deps.engine();
    const opened = await this.#deps.run(title, async (operation) => {
      const { openEngineImages } = await import('../core/fileTrees/engineImage.ts');
      return openEngineImages(await this.#imageDeps(engine), imageIds.filter(isDigest), operation);
    });
    if (opened === undefined) return undefined;
    const images = new Map<string, LayeredImage>();
    const failed: { imageId: string; error: unknown }[] = [];
    for (const one of opened)
      if ('image' in one) images.set(one.id, this.#remember(keyOf(engine, one.id), one.id, one.image));
      else failed.push({ imageId: one.id, error: one.error });
    if (images.size > 0) this.#tellRead();
    return { images, failed };
  }

  /** The same where nothing has to be transferred for it; undefined where it would. */
  async peek(imageId: string): Promise<LayeredImage | undefined> {
    const engine = this.#deps.engine();
    const key = keyOf(engine, imageId);
    if (!isDigest(imageId)) return undefined;
    const open = this.#open.get(key);
    if (open !== undefined) {
      // What an engine that does not answer had stays open: it says nothing else.
      if ((await this.#said(engine, imageId, open)) !== 'another')
        return this.#remember(key, imageId, open.image);
      if (this.#open.get(key) === open) this.#open.delete(key);
    }
    const { cachedEngineImage } = await import('../core/fileTrees/engineImage.ts');
    const image = await cachedEngineImage(await this.#imageDeps(engine), imageId);
    if (image === undefined || (await whatEngineHas(engine, imageId, image)) !== 'this') return undefined;
    return this.#remember(key, imageId, image);
  }

  /** All files of an image that {@link peek} finds, as a container sees them. */
  async merged(imageId: string): Promise<LayeredTree | undefined> {
    const open = await this.#opened(imageId);
    if (open === undefined) return undefined;
    const { imageTree, treeOf } = await import('../core/fileTrees/imageTree.ts');
    const merged = (open.merged ??= imageTree(open.image, neverAborted()));
    try {
      const tree = await merged;
      const { image } = open;
      if (tree.name === image.name) return tree;
      const renamed = treeOf(image, { kind: tree.kind, name: image.name }, tree.root);
      open.merged = Promise.resolve(renamed);
      return renamed;
    } catch (error) {
      delete open.merged;
      throw error;
    }
  }

  /** What one layer of it, counted from 0, does to those below. */
  async changes(imageId: string, place: number): Promise<ChangeNode | undefined> {
    const open = await this.#opened(imageId);
    if (open === undefined) return undefined;
    const { layerChanges } = await import('../core/fileTrees/layerChanges.ts');
    const changes = open.changes.get(place) ?? layerChanges(open.image, place, neverAborted());
    open.changes.set(place, changes);
    try {
      return await changes;
    } catch (error) {
      open.changes.delete(place);
      throw error;
    }
  }

  async #opened(imageId: string): Promise<OpenedImage | undefined> {
    if ((await this.peek(imageId)) === undefined) return undefined;
    return this.#open.get(keyOf(this.#deps.engine(), imageId));
  }

  #remember(key: string, imageId: string, image: LayeredImage): LayeredImage {
    const known = this.#open.get(key);
    // Of another platform under the same ID nothing that was put together holds.
    const isSame = known?.image.configDigest === image.configDigest;
    const open: OpenedImage = isSame ? known : { image, saidMs: this.#nowMs(), changes: new Map() };
    open.image = this.#renamed(imageId, open.image);
    this.#open.delete(key);
    this.#open.set(key, open);
    for (const oldest of [...this.#open.keys()].slice(0, -mostOpen)) this.#open.delete(oldest);
    return open.image;
  }

  async #said(engine: Engine, id: Digest, open: OpenedImage): Promise<'this' | 'another' | 'nothing'> {
    if (id === open.image.configDigest || this.#nowMs() - open.saidMs < trustMs) return 'this';
    const said = await whatEngineHas(engine, id, open.image);
    if (said === 'this') open.saidMs = this.#nowMs();
    return said;
  }

  #nowMs(): number {
    return (this.#deps.nowMs ?? Date.now)();
  }

  #tellRead(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  async #read(engine: Engine, imageId: string, operation: Operation): Promise<LayeredImage> {
    const { openEngineImage } = await import('../core/fileTrees/engineImage.ts');
    return openEngineImage(await this.#imageDeps(engine), imageId, operation);
  }

  async #imageDeps(engine: Engine): Promise<EngineImageDeps> {
    const [{ LayerIndexCache: Cache }, { vaultImages }] = await Promise.all([
      import('../core/fileTrees/layerIndexCache.ts'),
      import('../core/fileTrees/vaultImages.ts'),
    ]);
    const vaults = this.#deps.vaults();
    const isSame =
      this.#known?.vaults.length === vaults.length &&
      vaults.every((vault, at) => vault === this.#known?.vaults[at]);
    if (!isSame || this.#known === undefined) this.#known = { vaults, images: vaultImages(vaults) };
    this.#cache ??= new Cache({ folder: this.#deps.cacheFolder });
    return { engine, cache: this.#cache, vaults: this.#known.images };
  }

  /** Under the names that it has now. */
  #renamed(imageId: string, image: LayeredImage): LayeredImage {
    const tags = isDigest(imageId) ? this.#deps.tagsOf(imageId) : undefined;
    if (tags === undefined || isDeepStrictEqual(tags, image.tags)) return image;
    return { ...image, name: tags[0] ?? shortDigest(imageId), tags };
  }
}

/**
 * Whether an engine has this image under the ID, another one or none, or says nothing. An ID that is not the config's may
 * stand for several platforms, and the cache is shared by engines: what another one has under it says nothing of this one.
 */
async function whatEngineHas(
  engine: Engine,
  id: Digest,
  image: LayeredImage,
): Promise<'this' | 'another' | 'nothing'> {
  if (id === image.configDigest) return 'this';
  const { hasDiffIds } = await import('../core/fileTrees/readSavedImages.ts');
  try {
    return hasDiffIds(image.layers, (await engine.images.inspect(id)).diffIds) ? 'this' : 'another';
  } catch (error) {
    // Why the engine does not tell comes up when the image is opened.
    if (error instanceof DrydockError) return error.code === 'engineNotFound' ? 'another' : 'nothing';
    throw error;
  }
}

/** What is put together once serves all who ask, so nobody's cancel may end it. */
function neverAborted(): AbortSignal {
  return new AbortController().signal;
}

function keyOf({ endpoint }: Engine, imageId: string): string {
  return `${endpoint}\n${imageId}`;
}
