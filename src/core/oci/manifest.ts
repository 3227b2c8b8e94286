import * as z from 'zod';
import { isDigest } from '../digest.ts';
import type { Digest } from '../digest.ts';
import { parseJson } from './parseJson.ts';

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), {
  message: 'not a sha256 digest',
});
const sizeBytes = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
/** Go writes an absent list or map as null. */
const optionalMap = z.record(z.string(), z.string()).nullish();

const platform = z.looseObject({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
});

/** The shape of a descriptor, for what stands in the answers of engines. */
export const descriptor = z.looseObject({
  mediaType: z.string().default(''),
  digest,
  size: sizeBytes,
  annotations: optionalMap,
  platform: platform.nullish(),
  artifactType: z.string().optional(),
});

const manifest = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  config: descriptor,
  layers: z.array(descriptor).max(10_000).nullable().default([]),
  annotations: optionalMap,
  subject: descriptor.nullish(),
});

const index = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  manifests: z.array(descriptor).max(10_000).nullable(),
  annotations: optionalMap,
  // Of no use to who wants the image, so one that can't be read is no reason to refuse it.
  subject: descriptor.nullish().catch(undefined),
});

const dockerArchive = z
  .array(
    z.looseObject({
      Config: z.string().max(4096),
      RepoTags: z.array(z.string().max(1024)).max(10_000).nullish(),
      Layers: z.array(z.string().max(4096)).max(10_000).nullish(),
    }),
  )
  .max(10_000)
  .nullable();

const imageConfig = z.looseObject({
  architecture: z.string().default(''),
  os: z.string().default(''),
  variant: z.string().optional(),
  created: z.string().nullish(),
  author: z.string().nullish(),
  rootfs: z
    .looseObject({ type: z.string().optional(), diff_ids: z.array(digest).max(10_000).nullish() })
    .nullish(),
  history: z
    .array(
      z.looseObject({
        created: z.string().nullish(),
        created_by: z.string().optional(),
        comment: z.string().optional(),
        author: z.string().optional(),
        empty_layer: z.boolean().optional(),
      }),
    )
    .max(100_000)
    .nullish(),
});

/** A pointer to content: media type, digest and size. Unknown fields are kept. Source: descriptor.md. */
export type Descriptor = z.output<typeof descriptor>;
/** An OCI image manifest or Docker's schema 2 manifest. Source: manifest.md. */
export type Manifest = z.output<typeof manifest>;
/** An OCI image index or Docker's manifest list. Source: image-index.md. */
export type ImageIndex = z.output<typeof index>;
/** An image's config: what it runs, its layers' diffIDs and its history. Source: config.md. */
export type ImageConfig = z.output<typeof imageConfig>;
/** The `manifest.json` of a docker-archive: one item for each image. */
export type DockerArchiveManifest = readonly DockerArchiveItem[];
/** One image of a docker-archive, paths as they stand there. */
export interface DockerArchiveItem {
  readonly configPath: string;
  readonly tags: readonly string[];
  readonly layerPaths: readonly string[];
}

/** Reads a manifest; throws `badJson`. */
export function parseManifest(bytes: Uint8Array, where: string): Manifest {
  return parseJson(bytes, manifest, where);
}

/** Reads an index; throws `badJson`. */
export function parseImageIndex(bytes: Uint8Array, where: string): ImageIndex {
  return parseJson(bytes, index, where);
}

/** Reads an image config; throws `badJson`. */
export function parseImageConfig(bytes: Uint8Array, where: string): ImageConfig {
  return parseJson(bytes, imageConfig, where);
}

/** Reads a docker-archive's manifest.json; throws `badJson`. */
export function parseDockerArchiveManifest(bytes: Uint8Array, where: string): DockerArchiveManifest {
  const items = parseJson(bytes, dockerArchive, where) ?? [];
  return items.map((item) => ({
    configPath: item.Config,
    tags: item.RepoTags ?? [],
    layerPaths: item.Layers ?? [],
  }));
}

/** What a document is by its own fields, for descriptors whose media type does not tell. */
export function documentKind(bytes: Uint8Array, where: string): 'manifest' | 'index' | 'other' {
  const fields = parseJson(bytes, z.looseObject({}), where);
  if (Array.isArray(fields['manifests'])) return 'index';
  return typeof fields['config'] === 'object' && fields['config'] !== null ? 'manifest' : 'other';
}
