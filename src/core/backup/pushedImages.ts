import { compressionOf, magicBytes, unwrapped } from '../archive/decompressed.ts';
import { digestOf, type Digest } from '../digest.ts';
import type { ImageDetails } from '../engine/records.ts';
import { failure } from '../errors.ts';
import { parseManifest, type Manifest } from '../oci/manifest.ts';
import type { PushSink, ServedDocument } from '../registry/endpoint.ts';
import type { KnownContents } from '../snapshot/knownContents.ts';
import type { StoredLayer } from '../snapshot/storedLayer.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import { readRange } from '../vault/frames.ts';
import type { Vault } from '../vault/layout.ts';
import type { PushHeard } from './pushManner.ts';
import type { ReceivedLayers } from './receivedLayers.ts';
import { startedWith } from './startOfStream.ts';

const maxDocumentBytes = 4 << 20;
/** By so much of its tar a layer that is being sent is known for one that the vault has. */
const startBytes = 1 << 20;
/** Engines write the size into a manifest that is ours to make anew. */
const anySize = { sizeBytes: 1 };

/**
 * Takes what a classic store pushes, or Podman. What such an image is, its config says: its ID is the config's digest, and the
 * config names its layers by their diffIDs. So digests of packed layers, which the engine makes as it packs them and
 * nobody needs afterwards, are believed to mean what spares the most: a layer that the engine knows a digest for is
 * said to be there, and one that begins as a layer of the image that the vault has is not listened to any further.
 * What that was wrong for shows in the manifest, by the place of the layer, and {@link refuse} has it sent in full.
 *
 * Podman asks for a layer by its diffID first, which is answered as it is; then by the digests it knows for it.
 */
export class PushedImages implements PushSink {
  readonly #vault: Vault;
  readonly #known: KnownContents;
  readonly #layers: ReceivedLayers;
  readonly #onBytes: (count: number) => void;
  readonly #onFailure: (error: unknown) => void;
  readonly #configs = new Map<Digest, Uint8Array>();
  readonly #manifests = new Map<string, Manifest>();
  /** Stored by this push, by their diffIDs. */
  readonly #stored = new Map<Digest, StoredLayer>();
  /** Digests of what was taken in full, in part, or as a config. */
  readonly #arrived = new Set<Digest>();
  readonly #refused = new Set<Digest>();
  #image: Digest | undefined;
  #starts = new Set<Digest>();
  /** The layers of the image by their diffIDs; undefined where the vault lacks one. */
  #layersOfImage = new Map<Digest, StoredLayer | undefined>();
  #uploads = 0;

  constructor(
    deps: { readonly vault: Vault; readonly known: KnownContents; readonly layers: ReceivedLayers },
    heard: PushHeard,
  ) {
    this.#vault = deps.vault;
    this.#known = deps.known;
    this.#layers = deps.layers;
    this.#onBytes = heard.onBytes;
    this.#onFailure = heard.onFailure;
  }

  /** Says which image is pushed next. Rejects with `blobMissing`, `blobDamaged`. */
  async expect({ id, diffIds }: ImageDetails, cancel: CancelOptions): Promise<void> {
    this.#image = id;
    this.#starts = new Set();
    this.#layersOfImage = new Map();
    for (const diffId of new Set(diffIds)) {
      const layer = await this.layerOf(diffId);
      this.#layersOfImage.set(diffId, layer);
      if (layer === undefined || layer.index.plainBytes <= startBytes) continue;
      const range = { start: 0, end: startBytes };
      this.#starts.add(digestOf(await collected(readRange(this.#vault.blobs, layer.index, range, cancel))));
    }
  }

  /** What was pushed under `tag`. Rejects with `archiveMissing` where it is not the image that was expected. */
  pushed(
    tag: string,
    { id, tags }: ImageDetails,
  ): { readonly manifest: Manifest; readonly config: Uint8Array } {
    const manifest = this.#manifests.get(tag);
    const config = this.#configs.get(id);
    if (manifest?.config.digest === id && config !== undefined) return { manifest, config };
    throw failure('archiveMissing', { name: 'what the engine pushed', missing: id, by: tags[0] ?? id });
  }

  /** A layer that this push brought, or that the vault had. */
  async layerOf(diffId: Digest): Promise<StoredLayer | undefined> {
    return this.#stored.get(diffId) ?? (await this.#known.layerOfDiffId(diffId));
  }

  /** Has these blobs sent, and nothing of what follows cut short. */
  refuse(digests: readonly Digest[]): void {
    for (const digest of digests) {
      this.#refused.add(digest);
      this.#arrived.delete(digest);
    }
    this.#starts = new Set();
  }

  headBlob(digest: Digest): Promise<{ readonly sizeBytes: number } | undefined> {
    const config = this.#configs.get(digest);
    if (config !== undefined) return Promise.resolve({ sizeBytes: config.length });
    const layer = this.#layersOfImage.get(digest);
    if (layer !== undefined) return Promise.resolve({ sizeBytes: layer.index.plainBytes });
    const isWanted = digest === this.#image || this.#layersOfImage.has(digest) || this.#refused.has(digest);
    return Promise.resolve(isWanted && !this.#arrived.has(digest) ? undefined : anySize);
  }

  async takeBlob(bytes: AsyncIterable<Uint8Array>, cancel: CancelOptions): Promise<(digest: Digest) => void> {
    try {
      return await this.#take(this.#counted(bytes), cancel);
    } catch (error) {
      this.#onFailure(error);
      throw error;
    }
  }

  takeDocument({ bytes, digest }: ServedDocument, tag: string | undefined): Promise<'taken'> {
    if (tag !== undefined) this.#manifests.set(tag, parseManifest(bytes, digest));
    return Promise.resolve('taken');
  }

  async #take(bytes: AsyncIterable<Uint8Array>, cancel: CancelOptions): Promise<(digest: Digest) => void> {
    const packed = startedWith(bytes, magicBytes);
    const head = await packed.start;
    if (compressionOf(head) === 'none' && head[0] === 0x7b) {
      const config = await collected(packed.all, maxDocumentBytes);
      return (digest) => {
        this.#configs.set(digest, config);
        this.#arrived.add(digest);
      };
    }
    const path = `layer ${(this.#uploads += 1)} of what the engine pushes`;
    const tar = startedWith(unwrapped(packed.all, { name: path, ...cancel }), startBytes);
    const start = await tar.start;
    const arrived = (digest: Digest): void => {
      this.#arrived.add(digest);
    };
    if (start.length >= startBytes && this.#starts.has(digestOf(start.subarray(0, startBytes)))) {
      await tar.leave();
      return arrived;
    }
    await this.#layers.take({ path, data: tar.all });
    const { layer, failure: refusal } = (await this.#layers.of(path)) ?? {};
    if (layer === undefined)
      throw refusal ?? failure('archiveMissing', { name: path, missing: 'a tar', by: path });
    this.#stored.set(layer.diffId, layer);
    return arrived;
  }

  async *#counted(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of bytes) {
      this.#onBytes(chunk.length);
      yield chunk;
    }
  }
}

async function collected(bytes: AsyncIterable<Uint8Array>, maxBytes = startBytes): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of bytes) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes)
      throw failure('badJson', { where: 'what the engine pushed', reason: 'it is too large' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
