import type { Archive, ArchivedImage } from '../archive/archive.ts';
import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import type { ImageDetails } from '../engine/records.ts';
import { failure } from '../errors.ts';
import { readArchivedImages } from '../layers/archivedLayers.ts';
import type { LayeredImage, ListedLayer } from '../layers/layeredImage.ts';
import { diffIdsOf, parseImageConfig } from '../oci/manifest.ts';
import type { Operation, ProgressFact } from '../progress.ts';
import { platformText } from '../snapshotFiles/snapshotRoots.ts';
import type { KnownImages } from './knownImages.ts';
import type { ImageRecord, LayerIndexCache } from './layerIndexCache.ts';

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
  const image = known ?? (await readEngineImage(deps, details, operation));
  return { ...image, name: details.tags[0] ?? shortDigest(details.id), tags: details.tags };
}

/**
 * The same without asking the engine for anything: undefined where that would take a transfer. `diffIds` are those that
 * it must have, where one ID stands for several platforms.
 */
export async function cachedEngineImage(
  { cache, vaults }: Pick<EngineImageDeps, 'cache' | 'vaults'>,
  id: Digest,
  {
    diffIds,
    signal = new AbortController().signal,
  }: { readonly diffIds?: readonly Digest[]; readonly signal?: AbortSignal } = {},
): Promise<LayeredImage | undefined> {
  const record = await cache?.findImage(id, signal);
  if (
    record !== undefined &&
    (diffIds === undefined ||
      isSameList(
        record.layers.map(({ diffId }) => diffId),
        diffIds,
      ))
  ) {
    const layers: ListedLayer[] = [];
    for (const { diffId } of record.layers) {
      const layer = (await cache?.find(diffId, signal)) ?? (await vaults?.layer(diffId, signal));
      if (layer === undefined) break;
      layers.push(layer);
    }
    if (layers.length === record.layers.length) return layeredImageOf(record, layers);
  }
  return await vaults?.image(id, diffIds, signal);
}

async function readEngineImage(
  { engine, cache }: EngineImageDeps,
  details: ImageDetails,
  operation: Operation,
): Promise<LayeredImage> {
  const { id, tags } = details;
  const { signal } = operation;
  const name = tags[0] ?? shortDigest(id);
  operation.progress.report({ phase: 'preparing', item: name });
  const open = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield* (await engine.images.save([id], { signal })) as AsyncIterable<Uint8Array>;
  };
  const report = (fact: ProgressFact): void => {
    operation.progress.report({ ...fact, phase: 'reading', item: name });
  };
  const { archive, images } = await readArchivedImages({ name, open }, { signal, progress: { report } });
  const { archived, image } = imageMeant(archive, images, details, name);
  if (cache === undefined) return image;
  const layers: ListedLayer[] = [];
  const kept = new Map<Digest, ListedLayer>();
  for (const layer of image.layers) {
    const one = kept.get(layer.diffId) ?? (await cache.add(layer, signal));
    kept.set(layer.diffId, one);
    layers.push(one);
  }
  const { configDigest, configBytes, platform } = archived;
  const record: ImageRecord = {
    id,
    configDigest,
    configBytes,
    platform,
    layers: archived.layers.map(({ diffId, path }) => ({ diffId, archivePath: path })),
  };
  await cache.addImage(record, signal);
  return layeredImageOf(record, layers);
}

/** Which image of an archive the engine means by an ID that may stand for several platforms. */
function imageMeant(
  archive: Archive,
  images: readonly LayeredImage[],
  { diffIds, platform }: ImageDetails,
  name: string,
): { readonly archived: ArchivedImage; readonly image: LayeredImage } {
  const all = archive.images.flatMap((archived, place) => {
    const image = images[place];
    return image === undefined ? [] : [{ archived, image }];
  });
  const [only] = [
    ...all.filter(({ image }) => isSameList(diffIdsOf(image.config), diffIds)),
    ...all.filter(({ image }) => platformText(image.platform) === platformText(platform)),
  ];
  if (only !== undefined) return only;
  const known = all.map(({ image }) => platformText(image.platform)).join(', ') || '-';
  throw failure('rootMissing', { name, root: platformText(platform), known });
}

function isSameList(some: readonly Digest[], others: readonly Digest[]): boolean {
  return some.length === others.length && some.every((one, place) => one === others[place]);
}

function layeredImageOf(
  { id, configDigest, configBytes, platform }: ImageRecord,
  layers: readonly ListedLayer[],
): LayeredImage {
  return {
    name: shortDigest(id),
    kind: 'image',
    tags: [],
    platform,
    configDigest,
    config: parseImageConfig(configBytes, shortDigest(id)),
    layers,
  };
}
