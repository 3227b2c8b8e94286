import type { ArchivedImage } from '../archive/archive.ts';
import {
  nothingThere,
  planShipping,
  tarBytesOf,
  type ShippingPlan,
  type ThereAlready,
} from '../archive/shipping.ts';
import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import { engineLayers, type BlobsOf } from '../engine/engineLayers.ts';
import type { EngineInfo, LoadOutcome } from '../engine/records.ts';
import { DrydockError, failure } from '../errors.ts';
import { parseManifest } from '../oci/manifest.ts';
import { readDocument, type BlobReader, type CancelOptions } from '../vault/blobStore.ts';
import { loadingEngine } from './imagePlan.ts';
import { likelyBlobs } from './likelyBlobs.ts';
import type { LoadJob } from './loadChecked.ts';
import { parcelBytes, parcelsOf, wholeParcel, type ComingImage, type Parcel } from './parcels.ts';

/** How much goes to an engine. */
export interface Sending {
  /** Bytes that will travel. */
  readonly bytes: number;
  /** Bytes that would if the engine had none of it. */
  readonly wholeBytes: number;
}

export interface Coming<T extends ComingImage = ComingImage> {
  readonly info: EngineInfo;
  readonly images: readonly T[];
  readonly blobsOf: BlobsOf;
  /**
   * Set where a load that came to nothing is undone even after a crash: then blobs that a containerd store is likely to
   * have are left out as well, as `likelyBlobs` says. Whether it has them is seen afterwards.
   */
  readonly mayGuess?: boolean;
  /** What all of it takes, where nobody knows how large the layers are; endless where it can't be had at all. */
  readonly bytes?: number;
  /** Set where every tar of images is a pass over all of the source: then several would be dearer than one. */
  readonly isReadAnew?: boolean;
}

/** So many images are asked about for any number of bytes. */
const alwaysAsked = 64;
/** An engine takes in about so many bytes in the time in which it tells of one image. */
const bytesPerQuestion = 256 * 1024;

/**
 * Which layers of images that are to be sent an engine has. That only saves bytes, so where it can't be told, or costs
 * more than it can save, nothing is there. Rejects with an AbortError alone.
 */
export async function layersThere(
  engine: Pick<Engine, 'images'>,
  { info, images, blobsOf, bytes, isReadAnew = false, mayGuess = false }: Coming,
  cancel: CancelOptions,
): Promise<ThereAlready> {
  if (images.length === 0) return nothingThere;
  const isOneImage = images.every(({ id }) => id === images[0]?.id);
  if (info.product === 'podman' && isReadAnew && !isOneImage) return nothingThere;
  try {
    const { length } = await engine.images.list(cancel);
    const toSend = (): number =>
      tarBytesOf(
        planShipping(
          images.map(({ image }) => image),
          loadingEngine(info),
        ),
      );
    if (length > alwaysAsked && (bytes ?? toSend()) < length * bytesPerQuestion) return nothingThere;
    const there = await engineLayers(engine, { info, blobsOf }, cancel);
    if (!mayGuess || there.store !== 'containerd') return there;
    const likely = likelyBlobs(there.images, images);
    return { ...there, hasBlob: (digest) => likely.has(digest) || there.hasBlob(digest) };
  } catch (error) {
    if (!(error instanceof DrydockError)) throw error;
    return nothingThere;
  }
}

/**
 * How to bring images, for a `LoadJob`: all of it, and without the layers that the engine has where it has some. Asks
 * the engine now: when it was planned may be an hour ago. `bring` is given what goes in which tar.
 */
export async function bringing<T extends ComingImage>(
  engine: Pick<Engine, 'images'>,
  coming: Coming<T>,
  bring: (parcels: readonly Parcel<T>[], ...said: Parameters<LoadJob['bring']>) => Promise<LoadOutcome>,
  signal: AbortSignal,
): Promise<Pick<LoadJob, 'bring' | 'bringRest'>> {
  const { info, images } = coming;
  const whole: LoadJob['bring'] = (said) => bring([wholeParcel(images)], said);
  const { parcels, leftOut, manifests } = await partsToSend(engine, coming, { signal });
  if (leftOut === 0) return { bring: whole };
  const bringRest: LoadJob['bring'] = async (said) => {
    const outcome = await bring(parcels, said);
    if (info.imageStore === 'containerd')
      for (const [at, { id }] of images.entries()) await requireWhole(engine, id, manifests[at], signal);
    return outcome;
  };
  return { bring: whole, bringRest };
}

async function partsToSend<T extends ComingImage>(
  engine: Pick<Engine, 'images'>,
  coming: Coming<T>,
  cancel: CancelOptions,
): Promise<Pick<ShippingPlan, 'leftOut' | 'manifests'> & { readonly parcels: readonly Parcel<T>[] }> {
  const { info, images } = coming;
  const there = await layersThere(engine, coming, cancel);
  const { leftOut, manifests } = planShipping(
    images.map(({ image }) => image),
    loadingEngine(info),
    there,
  );
  return {
    leftOut,
    manifests,
    parcels: leftOut === 0 ? [wholeParcel(images)] : parcelsOf(images, info, there),
  };
}

/**
 * Throws unless a containerd store has every blob of an image that was sent in part. It unpacks an image whose layers
 * it has unpacked before without a look at their blobs, says that it is loaded, and could never give it away again.
 */
async function requireWhole(
  engine: Pick<Engine, 'images'>,
  id: Digest,
  manifest: Digest | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { presentManifests, tags } = await engine.images.inspect(id, { signal, withManifests: true });
  if (manifest !== undefined && presentManifests?.includes(manifest) === true) return;
  throw failure('loadMismatch', { name: tags[0] ?? shortDigest(id), reason: 'it lacks a part of the image' });
}

/** What the manifests in a vault name. One that is damaged is as good as none. */
export function blobsInVault(store: BlobReader, cancel: CancelOptions = {}): BlobsOf {
  return async (digest) => {
    const found = await store.stat(digest);
    if (found === undefined) return undefined;
    try {
      const bytes = await readDocument(store, { digest, sizeBytes: found.sizeBytes }, cancel);
      const { config, layers } = parseManifest(bytes, `${store.name}: ${digest}`);
      return [config.digest, ...(layers ?? []).map((layer) => layer.digest)];
    } catch (error) {
      if (error instanceof DrydockError) return undefined;
      throw error;
    }
  };
}

/** What the manifests in an archive name. */
export function blobsInArchive(images: readonly ArchivedImage[]): BlobsOf {
  const known = new Map<Digest, readonly Digest[]>();
  for (const { manifestDigest, configDigest, layers } of images)
    if (manifestDigest !== undefined)
      known.set(manifestDigest, [configDigest, ...layers.map(({ storedDigest }) => storedDigest)]);
  return (manifest) => Promise.resolve(known.get(manifest));
}

/** What sending these images will take. */
export async function sendingOf(
  engine: Pick<Engine, 'images'>,
  coming: Coming,
  cancel: CancelOptions,
): Promise<Sending> {
  const { info, images } = coming;
  if (images.length === 0) return { bytes: 0, wholeBytes: 0 };
  const { parcels } = await partsToSend(engine, coming, cancel);
  return {
    bytes: parcels.reduce((sum, parcel) => sum + parcelBytes(parcel, info), 0),
    wholeBytes: parcelBytes(wholeParcel(images), info),
  };
}
