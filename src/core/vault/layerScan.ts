import type { ByteChannel } from '../archive/byteChannel.ts';
import { Pacer } from '../archive/pacer.ts';
import { TarScanner } from '../archive/tarScanner.ts';
import { Hasher, type Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { EntryLines } from './layerEntry.ts';
import { untilAborted } from './untilAborted.ts';

/** Entries are scanned in steps of this size, so that a piece with thousands of small files blocks nobody. */
const stepBytes = 1 << 16;
const lineBatchLength = 1 << 16;

export interface ScanInput {
  /** The plain tar. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** What failures call the tar. */
  readonly name: string;
  /** What the tar must be. */
  readonly expectedDiffId?: Digest;
  /** Asked at the end of the tar, before it counts as stored; what it throws is thrown on. */
  readonly atEnd?: (diffId: Digest) => Promise<void>;
}

/** Looks at a tar as it passes, and sends a line for each entry. */
export class LayerScan {
  readonly #input: ScanInput;
  readonly #lines: ByteChannel;
  readonly #scanner: TarScanner;
  readonly #entries = new EntryLines();
  readonly #hasher = new Hasher();
  readonly #pacer = new Pacer();
  #batch = '';
  diffId: Digest | undefined;

  constructor(input: ScanInput, lines: ByteChannel) {
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
    await this.#input.atEnd?.(found);
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
