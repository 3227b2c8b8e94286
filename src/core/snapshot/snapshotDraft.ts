import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import type { Platform } from '../engine/records.ts';
import { isImageConfigType, isIndexType } from '../oci/mediaTypes.ts';
import { parseImageIndex, parseManifest, type Descriptor } from '../oci/manifest.ts';
import {
  putDocument,
  readDocument,
  type BlobStore,
  type CancelOptions,
  type StoredBlob,
} from '../vault/blobStore.ts';
import {
  descriptorOf,
  putArtifact,
  putLayerIndex,
  putSnapshot,
  type OciDescriptor,
} from '../vault/snapshotDocuments.ts';
import type { EntryDescriptor } from '../vault/snapshotIndex.ts';
import { withImageNotes, type ImageNotes } from './imageNotes.ts';
import { composeType, containerType, volumeType } from './snapshotRecords.ts';
import type { CapturedContainer, CapturedProject, CapturedVolume, Remark } from './snapshotRecords.ts';
import type { StoredLayer } from './storedLayer.ts';
import { isUsual } from './usualRemarks.ts';

/** An image whose blobs are in the vault. */
export interface CapturedImage extends ImageNotes {
  /** Its manifest, or the index that a containerd store knows it by; the bytes are stored. */
  readonly target: OciDescriptor;
  /** The engine's own platform, or that of the image where it has only one. */
  readonly platform: Platform;
  /** The layers of every manifest that is whole, each once. */
  readonly layers: readonly StoredLayer[];
}

/** A file of a project, as it is. */
export const fileType = 'application/vnd.drydock.compose.file.v1';

/** Gathers what a snapshot is to hold. Documents are stored as they are added; only landing makes them found. */
export class SnapshotDraft {
  readonly #store: BlobStore;
  readonly #images = new Map<Digest, CapturedImage>();
  readonly #manifests = new Map<Digest, OciDescriptor>();
  readonly #artifacts = new Map<Digest, OciDescriptor>();
  readonly #layers = new Map<Digest, StoredLayer>();
  #remarkCount = 0;
  #plainBytes = 0;

  constructor(store: BlobStore) {
    this.#store = store;
  }

  /** Plain bytes of all layers, each once, and of files beside them. */
  get plainBytes(): number {
    let sum = this.#plainBytes;
    for (const { index } of this.#layers.values()) sum += index.plainBytes;
    return sum;
  }

  get remarkCount(): number {
    return this.#remarkCount;
  }

  /** The layer behind a blob of this draft. */
  layerOf(digest: Digest): StoredLayer | undefined {
    return this.#layers.get(digest);
  }

  /**
   * An image that was added before only gets its names. An index is listed with the manifests in it that are whole,
   * so that tools choose one of these by its platform. Rejects with `blobMissing`, `blobDamaged`, `badJson`.
   */
  async addImage(image: CapturedImage, cancel: CancelOptions = {}): Promise<void> {
    const { digest } = image.target;
    const before = this.#images.get(digest);
    if (before !== undefined) {
      const tags = [...new Set([...before.tags, ...image.tags])];
      const role = before.role === 'image' ? before.role : image.role;
      this.#images.set(digest, { ...before, role, tags });
      return;
    }
    await this.#addLayers(image.layers, cancel);
    if (isIndexType(image.target.mediaType))
      for (const manifest of await this.#wholeManifests(image, cancel))
        this.#manifests.set(manifest.digest, manifest);
    this.#images.set(digest, image);
  }

  async addVolume(
    document: CapturedVolume,
    parts: readonly StoredLayer[],
    cancel: CancelOptions = {},
  ): Promise<void> {
    await this.#addLayers(parts, cancel);
    await this.#addArtifact(
      volumeType,
      document,
      parts.map(({ descriptor }) => descriptor),
      cancel,
    );
    this.#count(document.remarks);
  }

  async addContainer(document: CapturedContainer, cancel: CancelOptions = {}): Promise<void> {
    await this.#addArtifact(containerType, document, [], cancel);
    this.#count(document.remarks);
  }

  /** `files` are the project's files, stored, in the order in which the document names them. */
  async addProject(
    document: CapturedProject,
    files: readonly StoredBlob[],
    cancel: CancelOptions = {},
  ): Promise<void> {
    const layers = files.map((file) => descriptorOf(fileType, file));
    await this.#addArtifact(composeType, document, layers, cancel);
    for (const { sizeBytes } of files) this.#plainBytes += sizeBytes;
  }

  /** Stores the snapshot's index. Images come first, the first one's own platform before all, as tools choose. */
  async finish(
    annotations: Readonly<Record<string, string>>,
    cancel: CancelOptions = {},
  ): Promise<EntryDescriptor> {
    const images = [...this.#images.values()];
    const plain = images.filter(({ target }) => !isIndexType(target.mediaType));
    const indexes = images.filter(({ target }) => isIndexType(target.mediaType));
    const listed = new Set(plain.map(({ target }) => target.digest));
    const manifests = [
      ...plain.map((image) => withImageNotes({ ...image.target, platform: { ...image.platform } }, image)),
      ...[...this.#manifests.values()].filter(({ digest }) => !listed.has(digest)),
      ...indexes.map((image) => withImageNotes({ ...image.target, platform: noPlatform }, image)),
      ...this.#artifacts.values(),
    ];
    return putSnapshot(this.#store, { manifests, annotations }, cancel);
  }

  async #addLayers(layers: readonly StoredLayer[], cancel: CancelOptions): Promise<void> {
    for (const layer of layers) {
      if (this.#layers.has(layer.descriptor.digest)) continue;
      const artifact = await putLayerIndex(this.#store, layer, cancel);
      this.#artifacts.set(artifact.digest, artifact);
      this.#layers.set(layer.descriptor.digest, layer);
    }
  }

  async #addArtifact(
    artifactType: string,
    document: object,
    layers: readonly OciDescriptor[],
    cancel: CancelOptions,
  ): Promise<void> {
    const blob = await putDocument(this.#store, JSON.stringify(document), cancel);
    const config = descriptorOf(artifactType, blob);
    const artifact = await putArtifact(this.#store, { artifactType, config, layers }, cancel);
    this.#artifacts.set(artifact.digest, artifact);
  }

  #count(remarks: readonly Remark[]): void {
    this.#remarkCount += remarks.filter((remark) => !isUsual(remark)).length;
  }

  /** The manifests of an index whose config and layers are all here, the engine's own platform first. */
  async #wholeManifests(
    { target, platform, layers }: CapturedImage,
    cancel: CancelOptions,
  ): Promise<readonly OciDescriptor[]> {
    const have = new Set<Digest>(layers.map(({ descriptor }) => descriptor.digest));
    const where = (digest: Digest): string => `${this.#store.name}: ${digest}`;
    const blobOf = ({ digest, size }: OciDescriptor | Descriptor): StoredBlob => ({
      digest,
      sizeBytes: size,
    });
    const read = (of: OciDescriptor | Descriptor): Promise<Uint8Array> =>
      readDocument(this.#store, blobOf(of), cancel);
    const whole: OciDescriptor[] = [];
    const ahead = [...(parseImageIndex(await read(target), where(target.digest)).manifests ?? [])];
    const seen = new Set<Digest>([target.digest]);
    for (let next = ahead.shift(); next; next = ahead.shift()) {
      if (seen.has(next.digest)) continue;
      seen.add(next.digest);
      if ((await this.#store.stat(next.digest)) === undefined) continue;
      if (isIndexType(next.mediaType)) {
        ahead.push(...(parseImageIndex(await read(next), where(next.digest)).manifests ?? []));
        continue;
      }
      const manifest = parseManifest(await read(next), where(next.digest));
      const hasConfig = (await this.#store.stat(manifest.config.digest)) !== undefined;
      const hasLayers = (manifest.layers ?? []).every(({ digest }) => have.has(digest));
      // A signature or a note of its building is no image: it stays where its own index names it.
      const isImage = isImageConfigType(manifest.config.mediaType) && next.platform?.os !== noPlatform.os;
      if (isImage && hasConfig && hasLayers) whole.push(listedDescriptor(next));
    }
    if (whole.length === 0)
      throw failure('archiveMissing', { name: target.digest, missing: 'every platform', by: 'the image' });
    const isOwn = (one: OciDescriptor): boolean =>
      one.platform?.['os'] === platform.os &&
      one.platform['architecture'] === platform.architecture &&
      (one.platform['variant'] ?? '') === (platform.variant ?? '');
    return [...whole.filter(isOwn), ...whole.filter((one) => !isOwn(one))];
  }
}

const noPlatform = { os: 'unknown', architecture: 'unknown' } as const;

/** An index's own word of a manifest, less what only its place in that index means. */
function listedDescriptor({ mediaType, digest, size, platform }: Descriptor): OciDescriptor {
  return { mediaType, digest, size, ...(platform && { platform }) };
}
