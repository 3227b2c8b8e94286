import type { ArchivedImage } from '../archive/archive.ts';
import { nothingThere, planShipping, tarBytesOf, type ThereAlready } from '../archive/shipping.ts';
import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import { engineLayers, type BlobsOf } from '../engine/engineLayers.ts';
import type { EngineInfo, LoadOutcome } from '../engine/records.ts';
import { DrydockError, failure } from '../errors.ts';
import { parseManifest } from '../oci/manifest.ts';
import { readDocument, type BlobReader, type CancelOptions } from '../vault/blobStore.ts';
import { loadingEngine } from './imagePlan.ts';
import type { LoadJob } from './loadChecked.ts';

/** How much goes to an engine. */
export interface Sending {
  /** Bytes that will travel. */
  readonly bytes: number;
  /** Bytes that would if the engine had none of it. */
  readonly wholeBytes: number;
}

/** An image on its way to an engine, and the ID it will have there. */
export interface ComingImage {
  readonly id: Digest;
  readonly image: ArchivedImage;
}

interface Coming {
  readonly info: EngineInfo;
  readonly images: readonly ComingImage[];
  readonly blobsOf: BlobsOf;
}

interface LookedFor extends Coming {
  /** What all of it takes, where nobody knows how large the layers are; endless where it can't be had at all. */
  readonly bytes?: number;
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
  { info, images, blobsOf, bytes }: LookedFor,
  cancel: CancelOptions,
): Promise<ThereAlready> {
  if (images.length === 0) return nothingThere;
  // Podman reads a tar by its index.json only where that names one thing, and misses no layer that it has then.
  const isOneThing = images.length === 1 && images.every(({ image }) => image.tags.length <= 1);
  if (info.product === 'podman' && !isOneThing) return nothingThere;
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
    return await engineLayers(engine, { info, blobsOf }, cancel);
  } catch (error) {
    if (!(error instanceof DrydockError)) throw error;
    return nothingThere;
  }
}

/**
 * How to bring images without the layers that the engine has, for a `LoadJob`; empty where it has none of them. Asks
 * the engine now: when it was planned may be an hour ago. `bring` is given what may stay out.
 */
export async function bringingRest(
  engine: Pick<Engine, 'images'>,
  coming: LookedFor,
  bring: (there: ThereAlready) => Promise<LoadOutcome>,
  signal: AbortSignal,
): Promise<Pick<LoadJob, 'bringRest'>> {
  const { info, images } = coming;
  const there = await layersThere(engine, coming, { signal });
  const { leftOut, manifests } = planShipping(
    images.map(({ image }) => image),
    loadingEngine(info),
    there,
  );
  if (leftOut === 0) return {};
  if (info.imageStore !== 'containerd') return { bringRest: () => bring(there) };
  const bringRest = async (): Promise<LoadOutcome> => {
    const outcome = await bring(there);
    for (const [at, { id }] of images.entries()) await requireWhole(engine, id, manifests[at], signal);
    return outcome;
  };
  return { bringRest };
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

/** What sending these images in one tar will take. */
export async function sendingOf(
  engine: Pick<Engine, 'images'>,
  coming: Coming,
  cancel: CancelOptions,
): Promise<Sending> {
  const target = loadingEngine(coming.info);
  const images = coming.images.map(({ image }) => image);
  if (images.length === 0) return { bytes: 0, wholeBytes: 0 };
  const there = await layersThere(engine, coming, cancel);
  return {
    bytes: tarBytesOf(planShipping(images, target, there)),
    wholeBytes: tarBytesOf(planShipping(images, target)),
  };
}
