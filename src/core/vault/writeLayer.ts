import { ByteChannel } from '../archive/byteChannel.ts';
import { compress } from '../archive/compress.ts';
import { Pacer } from '../archive/pacer.ts';
import { TarScanner } from '../archive/tarScanner.ts';
import { Hasher, type Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import type { LayerCompression } from '../oci/mediaTypes.ts';
import { putDocument, type BlobWriter, type CancelOptions, type StoredBlob } from './blobStore.ts';
import { packFrames, type Frame } from './frames.ts';
import { EntryLines } from './layerEntry.ts';
import { layerIndexBytes, type LayerIndex } from './layerIndex.ts';
import { untilAborted } from './untilAborted.ts';

export interface LayerInput {
  /** The plain tar. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** What failures call the tar. */
  readonly name: string;
  readonly compression: LayerCompression;
  /** What the tar must be; it is not stored otherwise. */
  readonly expectedDiffId?: Digest;
}

/** A layer that is stored, and its index. */
export interface WrittenLayer {
  readonly index: LayerIndex;
  /** The frame table's blob, by which the index is found again. */
  readonly table: StoredBlob;
}

/** Entries are scanned in steps of this size, so that a piece with thousands of small files blocks nobody. */
const stepBytes = 1 << 16;
const lineBatchLength = 1 << 16;

/**
 * Stores a layer and its index in one pass over the tar: 1. scan, hash each file and the whole, 2. pack in frames
 * and store them, 3. at the same time pack and store a line for each entry, 4. store the frame table.
 *
 * The tar must be whole, to its two zero blocks. Rejects with what `bytes` threw, the `archive…` failures of a bad
 * tar, `blobMismatch` for another diffID, what the store throws, or an AbortError; the layer is not stored then. A
 * list of entries may be, which nothing reaches.
 */
export async function writeLayer(
  store: BlobWriter,
  input: LayerInput,
  { signal }: CancelOptions = {},
): Promise<WrittenLayer> {
  const { compression } = input;
  const listCompression = compression === 'none' ? 'zstd' : compression;
  const failed = new AbortController();
  const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const cancel = { signal: stop };
  const lines = new ByteChannel();
  const frames: Frame[] = [];
  const scan = new LayerScan(input, lines);
  const failBoth = (error: unknown): never => {
    failed.abort(error);
    lines.end();
    throw error;
  };
  const storing = [
    store.put(
      packFrames(scan.follow(stop), compression, (frame) => frames.push(frame), cancel),
      cancel,
    ),
    store.put(compress(lines, listCompression, cancel), cancel),
  ] as const;
  // The first failure stops the other, and is the one that is told.
  const results = await Promise.allSettled(storing.map((put) => put.catch(failBoth)));
  signal?.throwIfAborted();
  failed.signal.throwIfAborted();
  const [layer, entries] = results.map((result) =>
    result.status === 'fulfilled' ? result.value : undefined,
  );
  if (layer === undefined || entries === undefined || scan.diffId === undefined)
    throw failure('unexpected', { reason: 'a layer was stored without an end' });
  const index: LayerIndex = {
    digest: layer.digest,
    sizeBytes: layer.sizeBytes,
    diffId: scan.diffId,
    plainBytes: scan.plainBytes,
    compression,
    frames,
    entryCount: scan.entryCount,
    entries: { digest: entries.digest, sizeBytes: entries.sizeBytes, compression: listCompression },
  };
  return { index, table: await putDocument(store, layerIndexBytes(index), signal && { signal }) };
}

/** Looks at a tar as it passes, and sends a line for each entry. */
class LayerScan {
  readonly #input: LayerInput;
  readonly #lines: ByteChannel;
  readonly #scanner: TarScanner;
  readonly #entries = new EntryLines();
  readonly #hasher = new Hasher();
  readonly #pacer = new Pacer();
  #batch = '';
  diffId: Digest | undefined;

  constructor(input: LayerInput, lines: ByteChannel) {
    this.#input = input;
    this.#lines = lines;
    this.#scanner = new TarScanner(input.name);
  }

  get plainBytes(): number {
    return this.#hasher.sizeBytes;
  }

  get entryCount(): number {
    return this.#scanner.entryCount;
  }

  async *follow(signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of untilAborted(this.#input.bytes, signal)) {
      for (let at = 0; at < chunk.length; at += stepBytes) {
        this.#scan(chunk.subarray(at, at + stepBytes));
        if (this.#batch.length >= lineBatchLength) await this.#flush();
        if (this.#pacer.isDue) await this.#pacer.pause();
      }
      this.#hasher.update(chunk);
      yield chunk;
    }
    this.#scanner.finish();
    const found = this.#hasher.digest();
    const { expectedDiffId = found } = this.#input;
    if (found !== expectedDiffId) throw failure('blobMismatch', { expected: expectedDiffId, found });
    this.diffId = found;
    await this.#flush();
    this.#lines.end();
  }

  #scan(bytes: Uint8Array): void {
    for (const event of this.#scanner.push(bytes)) this.#batch += this.#entries.take(event) ?? '';
  }

  async #flush(): Promise<void> {
    const batch = Buffer.from(this.#batch);
    this.#batch = '';
    await this.#lines.write(batch);
  }
}
