import type { Archive, ArchivedImage, ArchiveSource } from '../archive/archive.ts';
import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import type { ImageDetails } from '../engine/records.ts';
import { failure } from '../errors.ts';
import { readArchivedImages } from '../layers/archivedLayers.ts';
import type { ListedLayer } from '../layers/layeredImage.ts';
import { platformText } from '../oci/platform.ts';
import type { Operation, ProgressFact } from '../progress.ts';
import type { ImageRecord, LayerIndexCache } from './layerIndexCache.ts';

/** What one read of an image found. */
export interface ReadImage {
  readonly record: ImageRecord;
  /** Bottom first. */
  readonly layers: readonly ListedLayer[];
}

/** What an engine saves of images, made anew for each pass. */
export function savedImages(engine: Engine, ids: readonly Digest[], name: string): ArchiveSource {
  const open = async function* (signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    yield* (await engine.images.save(ids, { signal })) as AsyncIterable<Uint8Array>;
  };
  return { name, isPassing: true, open };
}

/**
 * Has the engine send images in one stream, so that layers which they share come once, and lists them. All digests are
 * checked before anything is kept. Rejects as the engine and the archive do, or with an AbortError.
 */
export async function readSavedImages(
  { engine, cache }: { readonly engine: Engine; readonly cache?: LayerIndexCache },
  images: readonly ImageDetails[],
  operation: Operation,
): Promise<readonly ReadImage[]> {
  const { signal } = operation;
  const name = images.map(({ id, tags }) => tags[0] ?? shortDigest(id)).join(', ');
  operation.progress.report({ phase: 'preparing', item: name });
  // On a containerd store the size is that of more than it saves, and layers may be shared.
  const isOnly = images.length === 1;
  const isWhole = isOnly && (await engine.info({ signal })).imageStore === 'graphdriver';
  const expected = isWhole ? images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) : 0;
  const report = ({ doneBytes = 0 }: ProgressFact): void => {
    const totalBytes = expected > doneBytes && { totalBytes: expected };
    operation.progress.report({ phase: 'reading', item: name, doneBytes, ...totalBytes });
  };
  const ids = images.map(({ id }) => id);
  const saved = savedImages(engine, ids, name);
  const { archive, images: listed } = await readArchivedImages(saved, { signal, progress: { report } });
  const kept = new Map<Digest, ListedLayer>();
  const read: ReadImage[] = [];
  for (const details of images) {
    const archived = imageMeant(archive, details, { isOnly });
    const layers: ListedLayer[] = [];
    for (const layer of listed[archive.images.indexOf(archived)]?.layers ?? []) {
      const one = kept.get(layer.diffId) ?? (await cache?.add(layer, signal)) ?? layer;
      kept.set(layer.diffId, one);
      layers.push(one);
    }
    const record = recordOf(details.id, archived, { isOnly });
    await cache?.addImage(record, signal);
    read.push({ record, layers });
  }
  return read;
}

/**
 * What is to be known of an image. Where it did not come alone (`isOnly`) a layer may lie under the v1 ID of another
 * image, whose folder is not there when it comes alone: only the names of blobs are the same then.
 */
export function recordOf(
  id: Digest,
  { configDigest, configBytes, platform, layers }: ArchivedImage,
  { isOnly }: { readonly isOnly: boolean },
): ImageRecord {
  const places = layers.map(({ diffId, path }) => ({
    diffId,
    archivePath: isOnly || path.startsWith('blobs/') ? path : '',
  }));
  return { id, configDigest, configBytes, platform, layers: places };
}

/**
 * Which image of an archive the engine means by an ID, which may stand for several platforms. Where nothing else was
 * asked for (`isOnly`), the one of the engine's platform will do. Throws `rootMissing`.
 */
export function imageMeant(
  { name, images }: Archive,
  { id, diffIds, platform }: Pick<ImageDetails, 'id' | 'diffIds' | 'platform'>,
  { isOnly }: { readonly isOnly: boolean },
): ArchivedImage {
  const same = images.filter(({ layers }) => hasDiffIds(layers, diffIds));
  const named = images.filter(({ configDigest, manifestDigest, targetDigest }) =>
    [configDigest, manifestDigest, targetDigest].includes(id),
  );
  const [only] = [
    ...same.filter((image) => named.includes(image)),
    ...(isOnly || same.length === 1 ? same : []),
    ...images.filter((image) => isOnly && platformText(image.platform) === platformText(platform)),
  ];
  if (only !== undefined) return only;
  const known = images.map((image) => platformText(image.platform)).join(', ') || '-';
  throw failure('rootMissing', { name, root: `${shortDigest(id)} ${platformText(platform)}`, known });
}

/** Whether these are the layers that are stated, bottom first. */
export function hasDiffIds(
  layers: readonly { readonly diffId: Digest }[],
  stated: readonly Digest[],
): boolean {
  return layers.length === stated.length && layers.every(({ diffId }, place) => diffId === stated[place]);
}
