import type { Archive, ArchivedImage, ArchiveSource } from '../archive/archive.ts';
import { readArchive } from '../archive/readArchive.ts';
import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import type { ImageDetails } from '../engine/records.ts';
import { failure } from '../errors.ts';
import { readArchivedImages } from '../layers/archivedLayers.ts';
import type { LayeredImage, ListedLayer } from '../layers/layeredImage.ts';
import { parseImageConfig } from '../oci/manifest.ts';
import type { Operation, ProgressFact } from '../progress.ts';
import { platformText } from '../snapshotFiles/snapshotRoots.ts';
import { engineFiles } from './engineFiles.ts';
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
  if (record !== undefined && isSameList(known, diffIds ?? known)) {
    const layers: ListedLayer[] = [];
    for (const diffId of known) {
      const layer = (await cache?.find(diffId, signal)) ?? (await vaults?.layer(diffId, signal));
      if (layer === undefined) break;
      layers.push(layer);
    }
    if (layers.length === known.length) return layeredImageOf(deps, record, layers);
  }
  return await vaults?.image(id, diffIds, signal);
}

async function readEngineImage(
  deps: EngineImageDeps,
  details: ImageDetails,
  operation: Operation,
): Promise<LayeredImage> {
  const { engine, cache } = deps;
  const { id, tags } = details;
  const { signal } = operation;
  const name = tags[0] ?? shortDigest(id);
  operation.progress.report({ phase: 'preparing', item: name });
  // On a containerd store the size is that of more than it saves.
  const isWhole = (await engine.info({ signal })).imageStore === 'graphdriver';
  const expected = isWhole ? details.sizeBytes : 0;
  const report = ({ doneBytes = 0 }: ProgressFact): void => {
    const totalBytes = expected > doneBytes && { totalBytes: expected };
    operation.progress.report({ phase: 'reading', item: name, doneBytes, ...totalBytes });
  };
  const saved = savedImage(engine, id, name);
  const { archive, images } = await readArchivedImages(saved, { signal, progress: { report } });
  const archived = imageMeant(archive, details, name);
  const listed = images[archive.images.indexOf(archived)]?.layers ?? [];
  const layers: ListedLayer[] = [];
  const kept = new Map<Digest, ListedLayer>();
  for (const layer of listed) {
    const one = kept.get(layer.diffId) ?? (await cache?.add(layer, signal)) ?? layer;
    kept.set(layer.diffId, one);
    layers.push(one);
  }
  const record = recordOf(id, archived);
  await cache?.addImage(record, signal);
  return layeredImageOf(deps, record, layers);
}

function savedImage(engine: Engine, id: Digest, name: string): ArchiveSource {
  const open = async function* (signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    yield* (await engine.images.save([id], { signal })) as AsyncIterable<Uint8Array>;
  };
  return { name, isPassing: true, open };
}

function recordOf(id: Digest, { configDigest, configBytes, platform, layers }: ArchivedImage): ImageRecord {
  const places = layers.map(({ diffId, path }) => ({ diffId, archivePath: path }));
  return { id, configDigest, configBytes, platform, layers: places };
}

/** Which image of an archive the engine means by an ID that may stand for several platforms. */
function imageMeant(
  { images }: Archive,
  { diffIds, platform }: Pick<ImageDetails, 'diffIds' | 'platform'>,
  name: string,
): ArchivedImage {
  const [only] = [
    ...images.filter(({ layers }) =>
      isSameList(
        layers.map(({ diffId }) => diffId),
        diffIds,
      ),
    ),
    ...images.filter((image) => platformText(image.platform) === platformText(platform)),
  ];
  if (only !== undefined) return only;
  const known = images.map((image) => platformText(image.platform)).join(', ') || '-';
  throw failure('rootMissing', { name, root: platformText(platform), known });
}

function isSameList(some: readonly Digest[], others: readonly Digest[]): boolean {
  return some.length === others.length && some.every((one, place) => one === others[place]);
}

function layeredImageOf(
  { engine, cache }: EngineImageDeps,
  record: ImageRecord,
  layers: readonly ListedLayer[],
): LayeredImage {
  const { id, configDigest, configBytes, platform } = record;
  const name = shortDigest(id);
  const saved = savedImage(engine, id, name);
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
        const now = recordOf(id, imageMeant(archive, { diffIds, platform }, name));
        await cache?.addImage(now, operation.signal);
        return pathsIn(now);
      },
    }),
  };
}
