import type * as z from 'zod';
import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { isIndexType } from '../oci/mediaTypes.ts';
import { diffIdsOf } from '../oci/diffIds.ts';
import {
  parseImageConfig,
  parseImageIndex,
  parseManifest,
  type Descriptor,
  type Manifest,
} from '../oci/manifest.ts';
import { parseJson } from '../oci/parseJson.ts';
import { readDocument, type BlobReader, type CancelOptions } from '../vault/blobStore.ts';
import { layerIndexType, openLayerIndex, type LayerIndex } from '../vault/layerIndex.ts';
import type { OciDescriptor } from '../vault/snapshotDocuments.ts';
import { imageNotesOf, type ImageNotes } from './imageNotes.ts';
import type {
  Snapshot,
  SnapshotContainer,
  SnapshotContents,
  SnapshotImage,
  SnapshotLayer,
  SnapshotManifest,
  SnapshotProject,
  SnapshotVolume,
} from './snapshot.ts';
import {
  capturedContainer,
  capturedProject,
  capturedVolume,
  composeType,
  containerType,
  volumeType,
} from './snapshotRecords.ts';

/** A document of ours with the inspect of a container and a hundred thousand remarks. */
const recordLimits = { maxBytes: 64 << 20, maxDepth: 64 };

/** Reads what `snapshot` holds: its index, then the artifacts in it, then the images, whose layers the artifacts describe. */
export async function openContents(
  blobs: BlobReader,
  snapshot: Snapshot,
  cancel: CancelOptions,
): Promise<SnapshotContents> {
  const reader = new SnapshotReader(blobs, cancel);
  const index = parseImageIndex(
    await readDocument(blobs, { digest: snapshot.id, sizeBytes: snapshot.sizeBytes }, cancel),
    reader.where(snapshot.id),
  );
  const listed = index.manifests ?? [];
  const artifacts = listed.filter(isArtifact);
  for (const one of artifacts) if (one.artifactType === layerIndexType) await reader.takeLayerIndex(one);
  const containers: SnapshotContainer[] = [];
  const volumes: SnapshotVolume[] = [];
  let project: SnapshotProject | undefined;
  for (const one of artifacts) {
    const descriptor = plainDescriptor(one);
    switch (one.artifactType) {
      case containerType:
        containers.push({ descriptor, document: (await reader.artifact(one, capturedContainer)).document });
        break;
      case volumeType: {
        const { document, manifest } = await reader.artifact(one, capturedVolume);
        const parts = (manifest.layers ?? []).map((layer) => reader.layer(layer, one.digest));
        volumes.push({ descriptor, document, parts });
        break;
      }
      case composeType:
        project = { descriptor, document: (await reader.artifact(one, capturedProject)).document };
        break;
      default: // A later version may list more.
    }
  }
  const images = await reader.images(listed.filter((one) => !isArtifact(one)));
  return { snapshot, images, containers, volumes, ...(project && { project }) };
}

function isArtifact({ artifactType }: Descriptor): boolean {
  return artifactType !== undefined && artifactType !== '';
}

class SnapshotReader {
  readonly #blobs: BlobReader;
  readonly #cancel: CancelOptions;
  /** By the digest of the layer as it is stored. */
  readonly #indexes = new Map<Digest, LayerIndex>();

  constructor(blobs: BlobReader, cancel: CancelOptions) {
    this.#blobs = blobs;
    this.#cancel = cancel;
  }

  where(digest: Digest): string {
    return `${this.#blobs.name}: ${digest}`;
  }

  async takeLayerIndex(artifact: Descriptor): Promise<void> {
    const { config } = parseManifest(await this.#read(artifact), this.where(artifact.digest));
    const table = { digest: config.digest, sizeBytes: config.size };
    const index = await openLayerIndex(this.#blobs, table, this.#cancel);
    this.#indexes.set(index.digest, index);
  }

  /** An artifact's manifest and the document in its config. */
  async artifact<S extends z.ZodType>(
    one: Descriptor,
    schema: S,
  ): Promise<{ readonly document: z.output<S>; readonly manifest: Manifest }> {
    const manifest = parseManifest(await this.#read(one), this.where(one.digest));
    const bytes = await this.#read(manifest.config, recordLimits.maxBytes);
    return {
      manifest,
      document: parseJson(bytes, schema, this.where(manifest.config.digest), recordLimits),
    };
  }

  layer(descriptor: Descriptor, by: Digest): SnapshotLayer {
    const index = this.#indexes.get(descriptor.digest);
    if (index === undefined) throw this.#broken(by, `it has no list of what is in ${descriptor.digest}`);
    return { descriptor: plainDescriptor(descriptor), diffId: index.diffId, index };
  }

  /** The images among `listed`; a manifest without notes belongs to an image's index, or is the whole of an old snapshot. */
  async images(listed: readonly Descriptor[]): Promise<readonly SnapshotImage[]> {
    const parts = new Set<Digest>();
    const images: SnapshotImage[] = [];
    const single: { readonly one: Descriptor; readonly notes: ImageNotes | undefined }[] = [];
    for (const one of listed) {
      const notes = imageNotesOf(one.annotations, this.where(one.digest));
      if (!isIndexType(one.mediaType)) {
        single.push({ one, notes });
        continue;
      }
      const inIndex = await this.#manifestsIn(one);
      const manifests: SnapshotManifest[] = [];
      for (const manifest of listed.filter(({ digest }) => inIndex.has(digest))) {
        manifests.push(await this.#manifest(manifest));
        parts.add(manifest.digest);
      }
      const { id, tags, role } = notes ?? { id: one.digest, tags: [], role: 'image' };
      images.push({ id, tags, role, target: plainDescriptor(one), manifests });
    }
    for (const { one, notes } of single) {
      if (notes === undefined && parts.has(one.digest)) continue;
      const manifest = await this.#manifest(one);
      const { id, tags, role } = notes ?? { id: manifest.config.digest, tags: [], role: 'image' };
      images.push({ id, tags, role, target: manifest.descriptor, manifests: [manifest] });
    }
    return images;
  }

  /** Every manifest that an image's index names, also through indexes in it that are here. */
  async #manifestsIn(target: Descriptor): Promise<ReadonlySet<Digest>> {
    const found = new Set<Digest>();
    const seen = new Set<Digest>();
    const ahead = [target];
    for (let next = ahead.pop(); next; next = ahead.pop()) {
      if (seen.has(next.digest)) continue;
      seen.add(next.digest);
      if (next !== target && (await this.#blobs.stat(next.digest)) === undefined) continue;
      const { manifests } = parseImageIndex(await this.#read(next), this.where(next.digest));
      for (const one of manifests ?? [])
        if (isIndexType(one.mediaType)) ahead.push(one);
        else found.add(one.digest);
    }
    return found;
  }

  async #manifest(descriptor: Descriptor): Promise<SnapshotManifest> {
    const manifest = parseManifest(await this.#read(descriptor), this.where(descriptor.digest));
    const bytes = await this.#read(manifest.config);
    const config = parseImageConfig(bytes, this.where(manifest.config.digest));
    const layers = (manifest.layers ?? []).map((layer) => this.layer(layer, descriptor.digest));
    const diffIds = diffIdsOf(config);
    if (layers.length !== diffIds.length || layers.some(({ diffId }, place) => diffId !== diffIds[place]))
      throw this.#broken(descriptor.digest, 'its layers are not those of its config');
    const { os, architecture, variant } = config;
    return {
      descriptor: plainDescriptor(descriptor),
      platform: { os, architecture, ...(variant !== undefined && variant !== '' && { variant }) },
      config: plainDescriptor(manifest.config),
      layers,
    };
  }

  #read({ digest, size }: Descriptor, maxBytes?: number): Promise<Uint8Array> {
    const options = { ...this.#cancel, ...(maxBytes !== undefined && { maxBytes }) };
    return readDocument(this.#blobs, { digest, sizeBytes: size }, options);
  }

  #broken(digest: Digest, reason: string): Error {
    return failure('blobDamaged', { vault: this.#blobs.name, digest, reason });
  }
}

function plainDescriptor(of: Descriptor): OciDescriptor {
  const { mediaType, digest, size, artifactType, platform, annotations } = of;
  return {
    mediaType,
    digest,
    size,
    ...(artifactType !== undefined && { artifactType }),
    ...(platform && { platform }),
    ...(annotations && { annotations }),
  };
}
