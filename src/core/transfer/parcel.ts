import * as z from 'zod';
import { digestOf, isDigest, type Digest } from '../digest.ts';
import { parseManifest, type Manifest } from '../oci/manifest.ts';
import { ociIndexType, ociManifestType } from '../oci/mediaTypes.ts';
import { parseJson } from '../oci/parseJson.ts';
import type { BlobSource, RemoteManifest } from '../registry/remoteRepository.ts';
import type { StoredBlob } from '../vault/blobStore.ts';
import { snapshotType } from '../vault/snapshotIndex.ts';

/**
 * How a snapshot lies in a registry that refuses an index of which it does not have every platform: one manifest whose
 * layers are all of the snapshot's blobs, documents too. The first layer is the snapshot's own index.
 */
export const parcelType = 'application/vnd.drydock.snapshot.parcel.v1';
/** Of every layer but those that are data: a registry must not look into what names something absent. */
const documentType = 'application/vnd.drydock.snapshot.document.v1';

const emptyBytes = Buffer.from('{}');
const emptyType = 'application/vnd.oci.empty.v1+json';
/** The config of a manifest that has none. Source: image-spec, manifest.md, "Guidance for an Empty Descriptor". */
export const emptySource: BlobSource = {
  digest: digestOf(emptyBytes),
  sizeBytes: emptyBytes.length,
  async *open(start) {
    yield await Promise.resolve(emptyBytes.subarray(start));
  },
};

export interface ParcelPart extends StoredBlob {
  readonly mediaType: string;
}

/** The manifest of a parcel. `documents` begins with the snapshot's own index, and it says what that says. */
export function parcelOf(
  documents: readonly ParcelPart[],
  blobs: readonly ParcelPart[],
  annotations: Readonly<Record<string, string>>,
): RemoteManifest {
  const layer = (mediaType: string, { digest, sizeBytes }: StoredBlob): object => ({
    mediaType,
    digest,
    size: sizeBytes,
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: ociManifestType,
    artifactType: parcelType,
    config: layer(emptyType, emptySource),
    layers: [
      ...documents.map((one) => layer(documentType, one)),
      ...blobs.map((one) => layer(one.mediaType, one)),
    ],
    annotations,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  return { mediaType: ociManifestType, digest: digestOf(bytes), sizeBytes: bytes.length, bytes };
}

/** What of a snapshot a document found in a registry is: its own index, a parcel, or something else. */
export type FoundSnapshot =
  | { readonly kind: 'index' }
  | { readonly kind: 'parcel'; readonly root: ParcelPart; readonly parts: ReadonlySet<Digest> }
  | undefined;

const typed = z.looseObject({ artifactType: z.string().max(255).optional() });

/** Throws `badJson`. */
export function snapshotIn({ bytes, mediaType }: RemoteManifest, where: string): FoundSnapshot {
  const { artifactType } = parseJson(bytes, typed, where);
  if (mediaType === ociIndexType) return artifactType === snapshotType ? { kind: 'index' } : undefined;
  if (artifactType !== parcelType) return undefined;
  const layers: Manifest['layers'] = parseManifest(bytes, where).layers;
  const [root] = layers ?? [];
  if (root === undefined || !isDigest(root.digest)) return undefined;
  return {
    kind: 'parcel',
    root: { mediaType: ociIndexType, digest: root.digest, sizeBytes: root.size },
    parts: new Set((layers ?? []).map(({ digest }) => digest)),
  };
}
