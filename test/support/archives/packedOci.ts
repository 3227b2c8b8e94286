import type { Digest } from '../../../src/core/digest.ts';
import { digestOf, hexOf } from '../../../src/core/digest.ts';
import { gzipSync } from 'node:zlib';
import { descriptorOf, index, manifestBytes, tarOf } from './producers.ts';
import type { SampleImage } from './sampleImages.ts';

/** An OCI archive of one image whose layers are packed: what a registry would have given. */
export function packedOci(
  image: SampleImage,
  kind: string,
  pack: (layer: Uint8Array) => Uint8Array,
): { readonly bytes: Buffer; readonly manifestDigest: Digest } {
  const { blobs, manifest } = packedImage(image, kind, pack);
  return { bytes: layoutTar(blobs, manifest, manifestType, image.tags), manifestDigest: digestOf(manifest) };
}

/**
 * An image of several platforms with an attestation, unless `isAlone`, and with a platform that nobody pulled, unless
 * `isWhole`: an index with the names of the first image, as a containerd store has it.
 */
export function platformsOci(
  images: readonly SampleImage[],
  { isWhole = false, isAlone = false }: { readonly isWhole?: boolean; readonly isAlone?: boolean } = {},
): {
  readonly bytes: Buffer;
  readonly indexDigest: Digest;
} {
  const packed = images.map((image) => ({ image, ...packedImage(image, 'gzip', gzipSync) }));
  const statement = Buffer.from('{"_type":"in-toto"}');
  const nothing = Buffer.from('{"architecture":"unknown","os":"unknown","rootfs":{"diff_ids":[]}}');
  const attestation = manifestBytes(descriptorOf(nothing, configType), [
    descriptorOf(statement, 'application/vnd.in-toto+json'),
  ]);
  const target = Buffer.from(
    index([
      ...packed.map(({ image, manifest }) => ({
        ...descriptorOf(manifest, manifestType),
        // In the order in which Go's tools write it.
        platform: { architecture: image.platform.architecture, os: image.platform.os },
      })),
      ...(isWhole
        ? []
        : [
            {
              ...descriptorOf(Buffer.from('never pulled'), manifestType),
              platform: { architecture: 's390x', os: 'linux' },
            },
          ]),
      ...(isAlone
        ? []
        : [
            {
              ...descriptorOf(attestation, manifestType),
              platform: { os: 'unknown', architecture: 'unknown' },
              annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
            },
          ]),
    ]),
  );
  const blobs = [
    ...packed.flatMap((one) => one.blobs),
    ...(isAlone ? [] : [statement, nothing, attestation]),
  ];
  return {
    bytes: layoutTar(blobs, target, 'application/vnd.oci.image.index.v1+json', images[0]?.tags ?? []),
    indexDigest: digestOf(target),
  };
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const configType = 'application/vnd.oci.image.config.v1+json';

function packedImage(
  image: SampleImage,
  kind: string,
  pack: (layer: Uint8Array) => Uint8Array,
): { readonly blobs: readonly Uint8Array[]; readonly manifest: Buffer } {
  const layers = image.layers.map(pack);
  const manifest = manifestBytes(
    descriptorOf(image.config, configType),
    layers.map((layer) => descriptorOf(layer, `application/vnd.oci.image.layer.v1.tar+${kind}`)),
  );
  return { blobs: [...layers, image.config, manifest], manifest };
}

function layoutTar(
  blobs: readonly Uint8Array[],
  target: Uint8Array,
  targetType: string,
  tags: readonly string[],
): Buffer {
  const names = tags.map((tag) => ({
    ...descriptorOf(target, targetType),
    annotations: { 'io.containerd.image.name': tag },
  }));
  const byDigest = new Map([...blobs, target].map((bytes) => [digestOf(bytes), bytes]));
  return tarOf([
    ...[...byDigest].map(([digest, bytes]) => ({ path: `blobs/sha256/${hexOf(digest)}`, bytes })),
    { path: 'index.json', bytes: index(names) },
    { path: 'oci-layout', bytes: '{"imageLayoutVersion":"1.0.0"}' },
  ]);
}
