import type { Digest } from '../digest.ts';
import type { EngineInfo } from '../engine/records.ts';
import { blobsInVault, type Coming } from '../loading/layersThere.ts';
import type { BlobReader, CancelOptions } from '../vault/blobStore.ts';
import type { PlannedImage } from './restorePlan.ts';

/** The images of a plan that are not there, on their way out of a store. Rejects with what the store rejects with. */
export async function comingImages(
  store: BlobReader,
  { info, images }: { readonly info: EngineInfo; readonly images: readonly PlannedImage[] },
  cancel: CancelOptions = {},
): Promise<Coming<PlannedImage & { readonly id: Digest }>> {
  const missing = images.filter(({ load }) => !load.isThere).map((one) => ({ ...one, id: one.load.id }));
  const coming = { info, images: missing, blobsOf: blobsInVault(store, cancel) };
  // What the store itself lacks can't be sent, so the engine is asked for it whatever that costs. Nor can all be sent
  // after a wrong guess.
  if (await lacksLayers(store, missing)) return { ...coming, bytes: Number.POSITIVE_INFINITY };
  return { ...coming, mayGuess: true };
}

/** Whether a layer is not in the store, as in a bundle that was made for an engine which has it. */
async function lacksLayers(store: BlobReader, images: readonly PlannedImage[]): Promise<boolean> {
  const digests = new Set(
    images.flatMap(({ image }) => image.layers.map(({ storedDigest }) => storedDigest)),
  );
  for (const digest of digests) if ((await store.stat(digest)) === undefined) return true;
  return false;
}
