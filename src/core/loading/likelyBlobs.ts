import type { Digest } from '../digest.ts';
import type { PresentImage } from '../engine/engineLayers.ts';
import type { ComingImage } from './parcels.ts';

/** A manifest and a config are not larger, but for labels that nobody writes. */
const documentsBytes = 256 * 1024;

/**
 * Blobs that a containerd store is likely to have, though nobody here knows what its manifests name, as those of a base
 * that came from a registry: layers that an image there has at the same place, where what the engine holds of that
 * image fits how they are packed here. It may have packed them otherwise all the same, so whoever leaves them out must
 * look whether the image is whole, and be able to send all of it.
 */
export function likelyBlobs(
  present: readonly PresentImage[],
  coming: readonly ComingImage[],
): ReadonlySet<Digest> {
  const likely = new Set<Digest>();
  for (const { diffIds, wholeBytes } of present)
    for (const { image } of coming) {
      const differs = image.layers.findIndex(({ diffId }, at) => diffId !== diffIds[at]);
      const shared = image.layers.slice(0, differs < 0 ? image.layers.length : differs);
      const packed = new Map(shared.map(({ storedDigest, storedBytes }) => [storedDigest, storedBytes]));
      const sharedBytes = [...packed.values()].reduce((sum, bytes) => sum + bytes, 0);
      const isAll = shared.length === diffIds.length;
      // Zstd is what a vault packs itself, and then no engine has it but from there.
      if (!isAll && shared.some(({ compression }) => compression === 'zstd')) continue;
      const mostBytes = isAll ? sharedBytes + documentsBytes : Infinity;
      if (wholeBytes.some((bytes) => bytes >= sharedBytes && bytes <= mostBytes))
        for (const digest of packed.keys()) likely.add(digest);
    }
  return likely;
}
