import { blobPath } from '../archive/archiveContents.ts';
import { EngineArchive } from '../archive/engineArchive.ts';
import { mayBeDocument } from '../archive/storedFileReader.ts';
import { shortDigest, type Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { parseManifest, type Descriptor } from '../oci/manifest.ts';
import { isIndexType } from '../oci/mediaTypes.ts';
import type { PushSink, ServedDocument } from '../registry/endpoint.ts';
import type { KnownContents } from '../snapshot/knownContents.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import type { PushHeard } from './pushManner.ts';
import type { ReceivedLayers } from './receivedLayers.ts';
import { startedWith } from './startOfStream.ts';

/** As {@link receiveImages} has it. */
const documentBytes = 4 << 20;

/**
 * Takes what a containerd store pushes: every blob as it lies there, by its own digest, and so the same files that a
 * save would have brought. What it asks for by a digest under which the vault has a layer need not come.
 *
 * The document that is the image is looked at and denied: the engine would note on all blobs of the image that they
 * can be had from where it pushed to, and write that into each archive that it saves of it.
 */
export class PushedBlobs implements PushSink {
  /** All that came, as if it had been saved. */
  readonly sent = new EngineArchive();
  readonly #known: KnownContents;
  readonly #layers: ReceivedLayers;
  readonly #onBytes: (count: number) => void;
  readonly #onFailure: (error: unknown) => void;
  readonly #documents = new Map<Digest, ServedDocument>();
  #wanted: Digest | undefined;
  #target: Descriptor | undefined;

  constructor(deps: { readonly known: KnownContents; readonly layers: ReceivedLayers }, heard: PushHeard) {
    this.#known = deps.known;
    this.#layers = deps.layers;
    this.#onBytes = heard.onBytes;
    this.#onFailure = heard.onFailure;
  }

  /** Says which manifest or index is pushed next. */
  expect(digest: Digest): void {
    this.#wanted = digest;
    this.#target = undefined;
  }

  /** What was expected, once it came; by then all that it names has come or was there. */
  get target(): Descriptor | undefined {
    return this.#target;
  }

  /**
   * Rejects with `archiveMissing` unless all that the pushed manifests name has come or was there: what is missing below
   * one that was not pushed was never pulled, but nobody pushes a manifest without its blobs.
   */
  requireWhole(): void {
    for (const { mediaType, digest, bytes } of this.#documents.values()) {
      if (isIndexType(mediaType)) continue;
      const { config, layers } = parseManifest(bytes, digest);
      for (const part of [config, ...(layers ?? [])])
        if (!this.sent.hasBlob(part.digest) && !isElsewhere(part.mediaType))
          throw failure('archiveMissing', {
            name: 'what the engine pushed',
            missing: part.digest,
            by: shortDigest(digest),
          });
    }
  }

  async headBlob(digest: Digest): Promise<{ readonly sizeBytes: number } | undefined> {
    const came = this.sent.find(blobPath(digest));
    if (came !== undefined) return { sizeBytes: came.sizeBytes };
    const layer = await this.#known.layerOfDigest(digest);
    if (layer === undefined) return undefined;
    const { sizeBytes } = layer.index;
    this.sent.add({ path: blobPath(digest), sizeBytes });
    this.#layers.skip(blobPath(digest), layer);
    return { sizeBytes };
  }

  async takeBlob(
    bytes: AsyncIterable<Uint8Array>,
    { announced }: CancelOptions & { readonly announced?: Digest },
  ): Promise<() => void> {
    try {
      if (announced === undefined) throw failure('unexpected', { reason: 'a blob came without its digest' });
      await this.#take(this.#counted(bytes), announced);
    } catch (error) {
      this.#onFailure(error);
      throw error;
    }
    return () => undefined;
  }

  /** Docker 26 gives the tag to each manifest below an index in turn, so only the digest tells the last one. */
  takeDocument({ mediaType, digest, bytes }: ServedDocument): Promise<'taken' | 'denied'> {
    this.sent.add({ path: blobPath(digest), sizeBytes: bytes.length, bytes });
    this.#documents.set(digest, { mediaType, digest, bytes });
    if (digest !== this.#wanted) return Promise.resolve('taken');
    this.#target = { mediaType, digest, size: bytes.length };
    return Promise.resolve('denied');
  }

  async #take(bytes: AsyncIterable<Uint8Array>, digest: Digest): Promise<void> {
    const path = blobPath(digest);
    const blob = startedWith(bytes, documentBytes + 1);
    const start = await blob.start;
    if (start.length <= documentBytes && mayBeDocument(start)) {
      this.sent.add({ path, sizeBytes: start.length, bytes: start });
      return;
    }
    let sizeBytes = 0;
    const data = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const chunk of blob.all) {
        sizeBytes += chunk.length;
        yield chunk;
      }
    };
    await this.#layers.take({ path, data: data(), digest });
    this.sent.add({ path, sizeBytes });
  }

  async *#counted(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of bytes) {
      this.#onBytes(chunk.length);
      yield chunk;
    }
  }
}

/** Whether engines neither push nor save layers of this type: base layers of Windows, which their maker alone gives. */
function isElsewhere(mediaType: string): boolean {
  return /\.(?:foreign|nondistributable)\./.test(mediaType);
}
