/** Images put straight into a registry: of one platform and of two, with a date, a signature, an attestation. */
import type { Digest } from '../../src/core/digest.ts';
import { digestOf } from '../../src/core/digest.ts';
import { ociConfigType, ociIndexType, ociLayerType, ociManifestType } from '../../src/core/oci/mediaTypes.ts';
import type { RemoteDescriptor, RemoteRepository } from '../../src/core/registry/remoteRepository.ts';
import { sourceOf } from './registryHere.ts';

export interface RemoteImageInput {
  readonly tag?: string;
  /** What its layer holds; the same is the same blob. */
  readonly content: string | Uint8Array;
  readonly created?: string;
  readonly architecture?: string;
}

export async function putImage(
  on: RemoteRepository,
  { tag, content, created, architecture = 'amd64' }: RemoteImageInput,
): Promise<RemoteDescriptor> {
  const layer = Buffer.from(content);
  const config = Buffer.from(
    JSON.stringify({
      ...{ os: 'linux', architecture, created },
      rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
    }),
  );
  for (const blob of [config, layer]) await on.putBlob(sourceOf(blob));
  return putDocument(on, ociManifestType, tag, {
    config: { mediaType: ociConfigType, digest: digestOf(config), size: config.length },
    layers: [{ mediaType: ociLayerType, digest: digestOf(layer), size: layer.length }],
  });
}

export async function putIndex(
  on: RemoteRepository,
  tag: string | undefined,
  manifests: readonly RemoteDescriptor[],
  more: object = {},
): Promise<RemoteDescriptor> {
  const listed = manifests.map(({ mediaType, digest, sizeBytes: size }) => ({ mediaType, digest, size }));
  return putDocument(on, ociIndexType, tag, { manifests: listed, ...more });
}

/** Something that refers to a manifest, as `oras attach` makes it, or with a tag as cosign did. */
export async function putSignature(
  on: RemoteRepository,
  subject: RemoteDescriptor,
  { says, tag }: { readonly says: string; readonly tag?: string },
): Promise<RemoteDescriptor> {
  const config = Buffer.from('{}');
  const layer = Buffer.from(says);
  for (const blob of [config, layer]) await on.putBlob(sourceOf(blob));
  const { mediaType, digest, sizeBytes: size } = subject;
  return putDocument(on, ociManifestType, tag, {
    artifactType: 'application/vnd.test.signature',
    config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(config), size: config.length },
    layers: [{ mediaType: 'application/octet-stream', digest: digestOf(layer), size: layer.length }],
    ...(tag === undefined && { subject: { mediaType, digest, size } }),
  });
}

/** The tag under which cosign keeps a signature. */
export function cosignTag(digest: Digest): string {
  return `${digest.replace(':', '-')}.sig`;
}

function putDocument(
  on: RemoteRepository,
  mediaType: string,
  tag: string | undefined,
  fields: object,
): Promise<RemoteDescriptor> {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...fields }));
  return on.putManifest({ bytes, mediaType }, tag === undefined ? {} : { tag });
}
