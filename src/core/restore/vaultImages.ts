import type { ArchivedBlob, ArchivedImage, ArchivedLayer, Compression } from '../archive/archive.ts';
import { blobPath } from '../archive/archiveContents.ts';
import type { EngineInfo, Platform } from '../engine/records.ts';
import type { SnapshotImage, SnapshotLayer, SnapshotManifest } from '../snapshot/snapshot.ts';
import { readDocument, type BlobReader, type CancelOptions } from '../vault/blobStore.ts';
import { reachableBlobs } from '../vault/reachableBlobs.ts';

/** An image of a snapshot in the shape in which images are sent to engines; paths are those of the vault's blobs. */
export interface VaultImage {
  readonly snapshotImage: SnapshotImage;
  readonly manifest: SnapshotManifest;
  readonly image: ArchivedImage;
}

/**
 * What of the images in a snapshot this engine can keep: every platform on a containerd store, else one of each
 * image, the engine's own or the first. Rejects with `blobMissing`, `blobDamaged`, `badJson`.
 */
export async function vaultImages(
  store: BlobReader,
  images: readonly { readonly snapshotImage: SnapshotImage; readonly tags: readonly string[] }[],
  info: EngineInfo,
  cancel: CancelOptions = {},
): Promise<readonly VaultImage[]> {
  const found: VaultImage[] = [];
  for (const { snapshotImage, tags } of images)
    for (const manifest of manifestsFor(snapshotImage, info)) {
      const { digest, size } = manifest.config;
      const image: ArchivedImage = {
        configDigest: digest,
        configBytes: await readDocument(store, { digest, sizeBytes: size }, cancel),
        tags,
        platform: manifest.platform,
        layers: manifest.layers.map(archivedLayer),
        manifestDigest: manifest.descriptor.digest,
        targetDigest: snapshotImage.target.digest,
        // Only a containerd store takes them.
        ...(info.imageStore === 'containerd' && {
          companions: await companionsOf(store, snapshotImage, cancel),
        }),
      };
      found.push({ snapshotImage, manifest, image });
    }
  return found;
}

/** The manifests of an image that an engine keeps. */
function manifestsFor({ manifests }: SnapshotImage, info: EngineInfo): readonly SnapshotManifest[] {
  if (info.imageStore === 'containerd') return manifests;
  const own = manifests.find(({ platform }) => isSamePlatform(platform, info.platform)) ?? manifests[0];
  return own === undefined ? [] : [own];
}

/** Whether what was made for one runs on the other. */
export function isSamePlatform(a: Platform, b: Platform): boolean {
  return a.os === b.os && a.architecture === b.architecture;
}

function archivedLayer({ descriptor, diffId, index }: SnapshotLayer): ArchivedLayer {
  return {
    diffId,
    sizeBytes: index.plainBytes,
    storedDigest: descriptor.digest,
    storedBytes: descriptor.size,
    compression: compressionOf(descriptor.mediaType),
    path: blobPath(descriptor.digest),
  };
}

function compressionOf(mediaType: string): Compression {
  if (mediaType.endsWith('zstd')) return 'zstd';
  return mediaType.endsWith('gzip') ? 'gzip' : 'none';
}

/** Everything of the image's graph that is in the vault, without configs and layers of images that are shipped. */
async function companionsOf(
  store: BlobReader,
  { target, manifests }: SnapshotImage,
  cancel: CancelOptions,
): Promise<readonly ArchivedBlob[]> {
  const parts = new Set(
    manifests.flatMap(({ config, layers }) => [
      config.digest,
      ...layers.map(({ descriptor }) => descriptor.digest),
    ]),
  );
  const companions: ArchivedBlob[] = [];
  const root = { mediaType: target.mediaType, digest: target.digest, sizeBytes: target.size };
  for await (const { digest, mediaType, found } of reachableBlobs(store, [root], cancel))
    if (found !== undefined && !parts.has(digest))
      companions.push({ digest, mediaType, sizeBytes: found.sizeBytes, path: blobPath(digest) });
  return companions;
}
