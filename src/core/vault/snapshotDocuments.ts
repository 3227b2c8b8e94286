import type { Digest } from '../digest.ts';
import { ociIndexType, ociManifestType } from '../oci/mediaTypes.ts';
import { putDocument, type BlobWriter, type CancelOptions, type StoredBlob } from './blobStore.ts';
import { entriesType, layerIndexType } from './layerIndex.ts';
import { snapshotType, type EntryDescriptor } from './snapshotIndex.ts';
import type { WrittenLayer } from './writeLayer.ts';

/** A descriptor as it stands in a document of ours. Source: image-spec v1.1 descriptor.md. */
export interface OciDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
  readonly platform?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** So that no tool takes an artifact for an image that it could run. */
const noPlatform = { os: 'unknown', architecture: 'unknown' } as const;

/** A descriptor of a blob that was stored. */
export function descriptorOf(mediaType: string, { digest, sizeBytes }: StoredBlob): OciDescriptor {
  return { mediaType, digest, size: sizeBytes };
}

export interface ArtifactInput {
  readonly artifactType: string;
  /** The document that says what this is. */
  readonly config: OciDescriptor;
  readonly layers: readonly OciDescriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Stores the manifest of something that is no image, and gives the descriptor by which a snapshot holds it. */
export async function putArtifact(
  store: BlobWriter,
  { artifactType, config, layers, annotations }: ArtifactInput,
  cancel: CancelOptions = {},
): Promise<OciDescriptor> {
  const manifest = {
    schemaVersion: 2,
    mediaType: ociManifestType,
    artifactType,
    config,
    layers,
    ...(annotations && { annotations }),
  };
  const blob = await putDocument(store, JSON.stringify(manifest), cancel);
  return { ...descriptorOf(ociManifestType, blob), artifactType, platform: noPlatform };
}

/** On the descriptor of a layer index: which layer it is of, so that a layer is found without opening each. */
export const layerNotes = {
  digest: 'dev.drydock.layer.digest',
  diffId: 'dev.drydock.layer.diff-id',
} as const;

/** Stores the manifest of a layer's index, so that its table and its list are reachable. */
export async function putLayerIndex(
  store: BlobWriter,
  { index, table }: WrittenLayer,
  cancel: CancelOptions = {},
): Promise<OciDescriptor> {
  const artifact = await putArtifact(
    store,
    {
      artifactType: layerIndexType,
      config: descriptorOf(layerIndexType, table),
      layers: [descriptorOf(entriesType(index.entries.compression), index.entries)],
    },
    cancel,
  );
  const annotations = { [layerNotes.digest]: index.digest, [layerNotes.diffId]: index.diffId };
  return { ...artifact, annotations };
}

/**
 * Stores a snapshot of `manifests`, and gives what index.json is to say of it. The document has the annotations of
 * its time, so that two snapshots of the same things are two, and index.json could be made again without any.
 */
export async function putSnapshot(
  store: BlobWriter,
  input: {
    readonly manifests: readonly OciDescriptor[];
    readonly annotations: Readonly<Record<string, string>>;
  },
  cancel: CancelOptions = {},
): Promise<EntryDescriptor> {
  const index = {
    schemaVersion: 2,
    mediaType: ociIndexType,
    artifactType: snapshotType,
    manifests: input.manifests,
    annotations: input.annotations,
  };
  const blob = await putDocument(store, JSON.stringify(index), cancel);
  return { ...blob, mediaType: ociIndexType, artifactType: snapshotType, annotations: input.annotations };
}
