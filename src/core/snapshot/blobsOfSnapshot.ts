import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { isIndexType, ociIndexType } from '../oci/mediaTypes.ts';
import { parseImageIndex } from '../oci/manifest.ts';
import { readDocument, type BlobReader, type CancelOptions, type StoredBlob } from '../vault/blobStore.ts';
import { reachableBlobs, type BlobReference } from '../vault/reachableBlobs.ts';

/**
 * All that a snapshot reaches and has, its own index first, parents before children. What it must have is there; an
 * image's own index may name platforms that never were. Rejects with `blobMissing`, `blobDamaged`, `badJson`.
 */
export async function blobsOfSnapshot(
  blobs: BlobReader,
  { digest, sizeBytes }: StoredBlob,
  cancel: CancelOptions = {},
): Promise<readonly BlobReference[]> {
  const found = new Map<Digest, BlobReference>();
  found.set(digest, { mediaType: ociIndexType, digest, sizeBytes });
  const bytes = await readDocument(blobs, { digest, sizeBytes }, cancel);
  const listed = (parseImageIndex(bytes, `${blobs.name}: ${digest}`).manifests ?? []).map(
    ({ mediaType, digest: child, size }) => ({ mediaType, digest: child, sizeBytes: size }),
  );
  const manifests = listed.filter(({ mediaType }) => !isIndexType(mediaType));
  for await (const one of reachableBlobs(blobs, manifests, cancel)) {
    requireThere(blobs.name, one);
    found.set(one.digest, one);
  }
  const indexes = listed.filter(({ mediaType }) => isIndexType(mediaType));
  for await (const one of reachableBlobs(blobs, indexes, cancel)) {
    if (one.from !== undefined && one.found === undefined) continue;
    requireThere(blobs.name, one);
    if (!found.has(one.digest)) found.set(one.digest, one);
  }
  return [...found.values()];
}

function requireThere(vault: string, { digest, sizeBytes, found }: BlobReference): void {
  if (found === undefined) throw failure('blobMissing', { vault, digest });
  if (found.sizeBytes === sizeBytes) return;
  const reason = `it has ${found.sizeBytes} bytes of the ${sizeBytes} stated`;
  throw failure('blobDamaged', { vault, digest, reason });
}
