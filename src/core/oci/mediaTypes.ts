/** Media types of image-spec v1.1 (media-types.md) and of Docker's schema 2. */
export const ociManifestType = 'application/vnd.oci.image.manifest.v1+json';
export const ociIndexType = 'application/vnd.oci.image.index.v1+json';
export const ociConfigType = 'application/vnd.oci.image.config.v1+json';
export const ociLayerType = 'application/vnd.oci.image.layer.v1.tar';
export const dockerManifestType = 'application/vnd.docker.distribution.manifest.v2+json';
export const dockerManifestListType = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const dockerConfigType = 'application/vnd.docker.container.image.v1+json';

/** Names of annotations that engines and tools read. */
export const annotations = {
  /** The full reference; containerd names the image by it. */
  containerdName: 'io.containerd.image.name',
  refName: 'org.opencontainers.image.ref.name',
  attestationKind: 'vnd.docker.reference.type',
} as const;

/** Whether a descriptor of this type points at an index (or Docker's manifest list). */
export function isIndexType(mediaType: string): boolean {
  return mediaType === ociIndexType || mediaType === dockerManifestListType;
}

/** Whether a descriptor of this type points at a manifest of Docker's schema 1, which has no config. */
export function isSchema1Type(mediaType: string): boolean {
  return mediaType.startsWith('application/vnd.docker.distribution.manifest.v1+');
}

/** Whether a config of this type describes an image that can be run. */
export function isImageConfigType(mediaType: string): boolean {
  return mediaType === ociConfigType || mediaType === dockerConfigType;
}

/** How a layer's tar may lie in a registry or a vault. */
export type LayerCompression = 'none' | 'gzip' | 'zstd';

/** The OCI type of a layer tar packed this way; xz and bzip2 have none. */
export function ociLayerTypeOf(compression: LayerCompression): string {
  return compression === 'none' ? ociLayerType : `${ociLayerType}+${compression}`;
}

/** Whether a descriptor of this type points at a layer's tar, packed or not. */
export function isLayerType(mediaType: string): boolean {
  return (
    mediaType.startsWith('application/vnd.oci.image.layer.') ||
    mediaType.startsWith('application/vnd.docker.image.rootfs.')
  );
}
