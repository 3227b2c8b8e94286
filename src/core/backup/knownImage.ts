import type { Digest } from '../digest.ts';
import type { ImageDetails } from '../engine/records.ts';
import { parseImageIndex } from '../oci/manifest.ts';
import { isIndexType } from '../oci/mediaTypes.ts';
import type { KnownContents } from '../snapshot/knownContents.ts';
import type { SnapshotImage } from '../snapshot/snapshot.ts';
import type { Remark } from '../snapshot/snapshotRecords.ts';
import type { StoredLayer } from '../snapshot/storedLayer.ts';
import { readDocument, type BlobStore } from '../vault/blobStore.ts';
import type { OciDescriptor } from '../vault/snapshotDocuments.ts';
import { absentPlatform, type CapturedImageContent } from './capturedImageContent.ts';

/** What the vault has of an image, if that is all that the engine has; undefined where the engine has to send it. */
export async function knownImage(
  blobs: BlobStore,
  known: KnownContents,
  details: ImageDetails,
  signal: AbortSignal,
): Promise<CapturedImageContent | undefined> {
  const image = await known.image(details.id);
  const [first] = image?.manifests ?? [];
  if (image === undefined || first === undefined) return undefined;
  const remarks = await remarksOnAbsent(blobs, image, details, signal);
  if (remarks === undefined) return undefined;
  const own = image.manifests.find(
    ({ layers }) => layers.map(({ diffId }) => diffId).join() === details.diffIds.join(),
  );
  if (own === undefined) return undefined;
  const layers = new Map<Digest, StoredLayer>();
  for (const manifest of image.manifests)
    for (const { descriptor } of manifest.layers) {
      const layer = layers.get(descriptor.digest) ?? (await known.layerOfDigest(descriptor.digest));
      if (layer === undefined) return undefined;
      layers.set(descriptor.digest, layer);
    }
  const { mediaType, digest, size } = image.target;
  return {
    id: details.id,
    target: { mediaType, digest, size },
    platform: own.platform,
    layers: [...layers.values()],
    remarks,
  };
}

/**
 * Names the platforms that neither the vault nor the engine has. Undefined where the vault lacks one that the engine
 * may have: one that was pulled since changes nothing in the image's ID, and only newer engines tell of it.
 */
async function remarksOnAbsent(
  blobs: BlobStore,
  { target, manifests }: SnapshotImage,
  { presentManifests }: ImageDetails,
  signal: AbortSignal,
): Promise<readonly Remark[] | undefined> {
  if (!isIndexType(target.mediaType)) return [];
  const remarks: Remark[] = [];
  const seen = new Set<Digest>(manifests.map(({ descriptor }) => descriptor.digest));
  const ahead: Pick<OciDescriptor, 'digest' | 'size'>[] = [target];
  for (let next = ahead.pop(); next; next = ahead.pop()) {
    const { digest, size: sizeBytes } = next;
    if ((await blobs.stat(digest)) === undefined) return undefined;
    const bytes = await readDocument(blobs, { digest, sizeBytes }, { signal });
    for (const one of parseImageIndex(bytes, `${blobs.name}: ${digest}`).manifests ?? []) {
      const isNote = one.platform?.os === 'unknown' && one.platform.architecture === 'unknown';
      if (isNote || seen.has(one.digest)) continue;
      seen.add(one.digest);
      if (isIndexType(one.mediaType)) ahead.push(one);
      else if (presentManifests?.includes(one.digest) === false) remarks.push(absentPlatform(one));
      else return undefined;
    }
  }
  return remarks;
}
