import { isIndexType, dockerManifestType, ociManifestType } from '../oci/mediaTypes.ts';
import type { BlobSource, RemoteManifest } from '../registry/remoteRepository.ts';
import {
  readDocument,
  readVerified,
  type BlobReader,
  type CancelOptions,
  type StoredBlob,
} from '../vault/blobStore.ts';

/** A blob of a vault as something to be sent. Damage is told as the vault's, when all of it is read. */
export function vaultSource(store: BlobReader, { digest, sizeBytes }: StoredBlob): BlobSource {
  return {
    digest,
    sizeBytes,
    open: (start, cancel) =>
      start === 0
        ? readVerified(store, { digest, sizeBytes }, cancel)
        : store.open(digest, { ...cancel, range: { start, end: sizeBytes } }),
  };
}

/** Whether registries keep something of this type among manifests. */
export function isDocumentType(mediaType: string): boolean {
  return isIndexType(mediaType) || mediaType === ociManifestType || mediaType === dockerManifestType;
}

/** Reads a manifest or an index of a vault. Rejects with `blobMissing`, `blobDamaged`. */
export async function vaultDocument(
  store: BlobReader,
  { mediaType, digest, sizeBytes }: StoredBlob & { readonly mediaType: string },
  cancel: CancelOptions,
): Promise<RemoteManifest> {
  return { mediaType, digest, sizeBytes, bytes: await readDocument(store, { digest, sizeBytes }, cancel) };
}
