import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { blobPath } from '../archive/archiveContents.ts';
import type { ArchivedImage } from '../archive/archive.ts';
import { planShipping, shippedTar, tarBytesOf, type ShippingPlan } from '../archive/shipping.ts';
import { storedBlobs } from '../archive/storedBlobs.ts';
import { tarHeader, tarPadding } from '../archive/tarWriter.ts';
import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import { failure } from '../errors.ts';
import { explainFileError } from '../files/fileErrors.ts';
import { passingName, sweepLeftovers } from '../files/passingName.ts';
import { loadingEngine } from '../loading/imagePlan.ts';
import { loadChecked, type CheckedLoad } from '../loading/loadChecked.ts';
import { sendAndTag } from '../loading/sendAndTag.ts';
import type { Operation } from '../progress.ts';
import { fetchLayers, type FetchedLayer } from './fetchLayers.ts';
import type { ApplyPlan } from './planApply.ts';

export interface ApplyInput {
  readonly plan: ApplyPlan;
  /** For tags that move: the name under which the image that loses the tag is kept. */
  readonly keepAs: ReadonlyMap<string, string>;
}

/**
 * Loads the images of a bundle: 1. have the engine give back the layers that it only takes with the image, 2. send one tar
 * of what it lacks, and give names to images that it has, 3. look each image up by ID, diffIDs and names. When anything
 * fails or is cancelled, all of it is as it was before.
 *
 * Rejects as `loadChecked` does, with `bundleLacks`, `archiveChanged`, `diskFilledUp`, or an AbortError.
 */
export async function applyImages(
  { engine, temporaryFolder }: { readonly engine: Engine; readonly temporaryFolder: string },
  { plan, keepAs }: ApplyInput,
  operation: Operation,
): Promise<CheckedLoad> {
  const { signal } = operation;
  const folder = join(temporaryFolder, passingName());
  const explained = (error: unknown): never => {
    throw explainFileError(error, temporaryFolder);
  };
  await sweepLeftovers(temporaryFolder).catch(explained);
  await mkdir(folder).catch(explained);
  try {
    const fetched = await fetchLayers(engine, plan, folder, operation);
    const { bundle, info, images } = plan;
    const keepsGraph = info.imageStore === 'containerd';
    const missing = images.filter(({ isThere }) => !isThere);
    const sent = missing.map(({ image }) => withFetched(image, fetched, bundle.name, keepsGraph));
    const tar = sent.length > 0 ? tarFor(plan, sent, fetched, operation) : undefined;
    const there = images.filter(({ isThere }) => isThere);
    const bring = (): ReturnType<typeof sendAndTag> => sendAndTag(engine, { tar, there }, operation);
    return await loadChecked(engine, { name: bundle.name, info, images, keepAs, bring }, signal);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The tar for the engine: blobs of the bundle, then those that the engine gave back. */
async function* tarFor(
  { bundle, info, omitted }: ApplyPlan,
  images: readonly ArchivedImage[],
  fetched: ReadonlyMap<Digest, FetchedLayer>,
  { signal, progress }: Operation,
): AsyncGenerator<Uint8Array, void, undefined> {
  const whole = planShipping(images, loadingEngine(info));
  const onEngine = new Set([...omitted].map(blobPath));
  const plan: ShippingPlan = {
    ...whole,
    shipments: new Map([...whole.shipments].filter(([path]) => !onEngine.has(path))),
  };
  const files = new Map([...fetched.values()].map((layer) => [blobPath(layer.digest), layer]));
  const inBundle = new Map([...plan.shipments].filter(([path]) => !files.has(path)));
  const blobs = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const { digest, sizeBytes, data } of storedBlobs(bundle.source, bundle, inBundle, signal)) {
      yield tarHeader({ path: blobPath(digest), sizeBytes });
      yield* data;
      yield tarPadding(sizeBytes);
    }
    for (const path of plan.shipments.keys()) {
      const layer = files.get(path);
      if (layer === undefined) continue;
      yield tarHeader({ path, sizeBytes: layer.sizeBytes });
      yield* layer.open(signal);
      yield tarPadding(layer.sizeBytes);
    }
  };
  const totalBytes = tarBytesOf(plan);
  let doneBytes = 0;
  for await (const bytes of shippedTar(plan, blobs())) {
    signal.throwIfAborted();
    yield bytes;
    doneBytes += bytes.length;
    progress.report({ phase: 'sending', item: bundle.name, doneBytes, totalBytes });
  }
}

/** The image with its layers as the engine gave them back, which is not always as they were where they came from. */
function withFetched(
  image: ArchivedImage,
  fetched: ReadonlyMap<Digest, FetchedLayer>,
  name: string,
  keepsGraph: boolean,
): ArchivedImage {
  const layers = image.layers.map((layer) => {
    const file = fetched.get(layer.storedDigest);
    if (file === undefined) return layer;
    // A containerd store finds the layer by the digest in the manifest, which only the same packing has.
    if (keepsGraph && file.digest !== layer.storedDigest)
      throw failure('bundleLacks', {
        name,
        target: 'the engine',
        missing: `the layer ${shortDigest(layer.diffId)} packed as it is in ${shortDigest(image.configDigest)}`,
      });
    const { digest, sizeBytes, compression } = file;
    const plainBytes = compression === 'none' ? sizeBytes : layer.sizeBytes;
    return {
      diffId: layer.diffId,
      sizeBytes: plainBytes,
      storedDigest: digest,
      storedBytes: sizeBytes,
      compression,
      path: blobPath(digest),
    };
  });
  return { ...image, layers };
}
