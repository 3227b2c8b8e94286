import { readArchive } from '../archive/readArchive.ts';
import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import type { ImageDetails } from '../engine/records.ts';
import { failure } from '../errors.ts';
import type { LayeredImage, ListedLayer } from '../layers/layeredImage.ts';
import { parseImageConfig } from '../oci/manifest.ts';
import type { Operation } from '../progress.ts';
import { engineFiles } from './engineFiles.ts';
import type { KnownImages } from './knownImages.ts';
import type { ImageRecord, LayerIndexCache } from './layerIndexCache.ts';
import {
  hasDiffIds,
  imageMeant,
  readSavedImages,
  recordOf,
  savedImages,
  type ReadImage,
} from './readSavedImages.ts';

export interface EngineImageDeps {
  readonly engine: Engine;
  /** Without one every opening reads the image. */
  readonly cache?: LayerIndexCache;
  readonly vaults?: KnownImages;
}

/**
 * An image of an engine with the lists of its layers: from the cache or a vault where they are there, else from one
 * streaming read of the whole image, all digests checked, which the cache remembers. `ref` is an ID or a name.
 * Reports `preparing`, then `reading` with the bytes that came.
 * Rejects with `engineNotFound`, `treeTooLarge`, as the engine and the archive do, or with an AbortError; nothing of an
 * image that did not come whole is kept.
 */
export async function openEngineImage(
  deps: EngineImageDeps,
  ref: string,
  operation: Operation,
): Promise<LayeredImage> {
  const { engine } = deps;
  const { signal } = operation;
  const details = await engine.images.inspect(ref, { signal });
  const known = await cachedEngineImage(deps, details.id, { diffIds: details.diffIds, signal });
  if (known !== undefined) return calledBy(details, known);
  const [read] = await readSavedImages(deps, [details], operation);
  if (read === undefined) throw failure('unexpected', { reason: `nothing was read of ${ref}` });
  return calledBy(details, layeredImageOf(deps, read));
}

/**
 * The same without asking the engine for anything: undefined where that would take a transfer. `diffIds` are those that
 * it must have, where one ID stands for several platforms.
 */
export async function cachedEngineImage(
  deps: EngineImageDeps,
  id: Digest,
  {
    diffIds,
    signal = new AbortController().signal,
  }: { readonly diffIds?: readonly Digest[]; readonly signal?: AbortSignal } = {},
): Promise<LayeredImage | undefined> {
  const { cache, vaults } = deps;
  const record = await cache?.findImage(id, signal);
  const known = record?.layers.map(({ diffId }) => diffId) ?? [];
  if (record !== undefined && hasDiffIds(record.layers, diffIds ?? known)) {
    const layers: ListedLayer[] = [];
    for (const diffId of known) {
      const layer = (await cache?.find(diffId, signal)) ?? (await vaults?.layer(diffId, signal));
      if (layer === undefined) break;
      layers.push(layer);
    }
    if (layers.length === known.length) return layeredImageOf(deps, { record, layers });
  }
  return await vaults?.image(id, diffIds, signal);
}

/** An image that was asked for, or why there is none. */
export type OpenedEngineImage =
  { readonly id: Digest; readonly image: LayeredImage } | { readonly id: Digest; readonly error: unknown };

/** So many images are asked for at once: enough to share layers, and no more to lose when one is broken. */
const atOnce = 16;

/**
 * Many images; those that have to be read come in few streams, so that a layer which they share comes once. An image
 * that can't be read is no reason to leave out the others. Rejects with an AbortError.
 */
export async function openEngineImages(
  deps: EngineImageDeps,
  ids: readonly Digest[],
  operation: Operation,
): Promise<readonly OpenedEngineImage[]> {
  const { signal } = operation;
  const opened = new Map<Digest, OpenedEngineImage>();
  const unread: ImageDetails[] = [];
  const attempt = async (concerned: readonly Digest[], work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      signal.throwIfAborted();
      for (const id of concerned) opened.set(id, { id, error });
    }
  };
  for (const id of new Set(ids))
    await attempt([id], async () => {
      const details = await deps.engine.images.inspect(id, { signal });
      const known = await cachedEngineImage(deps, details.id, { diffIds: details.diffIds, signal });
      if (known === undefined) unread.push(details);
      else opened.set(id, { id, image: calledBy(details, known) });
    });
  const read = async (some: readonly ImageDetails[]): Promise<void> => {
    const images = await readSavedImages(deps, some, operation);
    for (const [at, details] of some.entries()) {
      const one = images[at];
      const { id } = details;
      if (one) opened.set(id, { id, image: calledBy(details, layeredImageOf(deps, one)) });
    }
  };
  for (let at = 0; at < unread.length; at += atOnce) {
    const some = unread.slice(at, at + atOnce);
    await attempt(
      some.map(({ id }) => id),
      () => read(some),
    );
    const failed = some.filter(({ id }) => !isOpen(opened.get(id)));
    // Which of several broke the stream nobody can tell.
    if (some.length > 1) for (const one of failed) await attempt([one.id], () => read([one]));
  }
  return [...new Set(ids)].flatMap((id) => opened.get(id) ?? []);
}

function isOpen(one: OpenedEngineImage | undefined): boolean {
  return one !== undefined && 'image' in one;
}

function calledBy({ id, tags }: ImageDetails, image: LayeredImage): LayeredImage {
  return { ...image, name: tags[0] ?? shortDigest(id), tags };
}

function layeredImageOf({ engine, cache }: EngineImageDeps, { record, layers }: ReadImage): LayeredImage {
  const { id, configDigest, configBytes, platform } = record;
  const name = shortDigest(id);
  const saved = savedImages(engine, [id], name);
  const pathsIn =
    ({ layers: places }: ImageRecord) =>
    (place: number): string =>
      places[place]?.archivePath ?? '';
  return {
    name,
    kind: 'image',
    tags: [],
    platform,
    configDigest,
    config: parseImageConfig(configBytes, name),
    layers,
    files: engineFiles({
      engine,
      id,
      image: { name, layers },
      saved,
      layerPath: pathsIn(record),
      findLayers: async (operation) => {
        const archive = await readArchive(saved, operation);
        const diffIds = record.layers.map(({ diffId }) => diffId);
        const isOnly = { isOnly: true };
        const now = recordOf(id, imageMeant(archive, { id, diffIds, platform }, isOnly), isOnly);
        await cache?.addImage(now, operation.signal);
        return pathsIn(now);
      },
    }),
  };
}
