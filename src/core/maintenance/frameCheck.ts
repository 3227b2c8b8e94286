import { ZstdFrameWalker } from '../archive/zstdFrames.ts';
import type { BlobReader } from '../vault/blobStore.ts';
import type { LayerIndex } from '../vault/layerIndex.ts';

/** Bytes of a skippable frame that the walker gives no piece for: magic and size. Source: RFC 8878, section 3.1.2. */
const skippableHeaderBytes = 8;

/**
 * Whether the frames of a layer lie where its frame table says, told while the layer is read anyway: one file is found
 * by the table alone, so a wrong one makes files unreadable in a layer that unpacks well. A frame of the table may hold
 * several of the blob. Members of gzip are compared by the one who unpacks them.
 */
export class FrameCheck {
  readonly #index: LayerIndex;
  readonly #walker = new ZstdFrameWalker();
  /** Where the blob's frames ended so far; the plain end is not known where a frame does not state its size. */
  #stored = 0;
  #plain: number | undefined = 0;
  /** The frame of the table that comes next, and where it ends. */
  #place = 0;
  #storedEnd = 0;
  #plainEnd = 0;
  #isWrong = false;

  constructor(index: LayerIndex) {
    this.#index = index;
    this.#expectNext();
  }

  /** `store`, with what is read of the layer looked at as it passes. */
  follow(store: BlobReader): BlobReader {
    const { digest, compression } = this.#index;
    if (compression !== 'zstd') return store;
    const watch = this.#watched.bind(this);
    return {
      ...store,
      open: (of, options) => {
        const bytes = store.open(of, options);
        return of === digest ? watch(bytes) : bytes;
      },
    };
  }

  /** What is wrong, when the layer was read to its end and unpacked to `plainBytes`. */
  fault(plainBytes: number): string | undefined {
    const { compression, frames, plainBytes: stated } = this.#index;
    if (plainBytes !== stated) return `it states ${stated} bytes of tar where there are ${plainBytes}`;
    const isCut = compression === 'zstd' && this.#place < frames.length;
    return this.#isWrong || isCut ? 'its frames are not those of the layer' : undefined;
  }

  async *#watched(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of bytes) {
      for (const event of this.#walker.push(chunk)) {
        if (event.kind === 'piece') this.#stored += event.bytes.length;
        else if (event.kind === 'frameEnd') this.#endFrame();
        else if (event.frame.isSkippable) this.#stored += skippableHeaderBytes;
        else this.#plain = sum(this.#plain, event.frame.contentBytes);
      }
      yield chunk;
    }
  }

  #endFrame(): void {
    if (this.#stored < this.#storedEnd) return;
    this.#isWrong ||= this.#stored > this.#storedEnd || (this.#plain ?? this.#plainEnd) !== this.#plainEnd;
    this.#place += 1;
    this.#expectNext();
  }

  #expectNext(): void {
    const next = this.#index.frames[this.#place];
    if (next === undefined) return;
    this.#storedEnd += next.storedBytes;
    this.#plainEnd += next.plainBytes;
  }
}

function sum(before: number | undefined, more: number | undefined): number | undefined {
  return before === undefined || more === undefined ? undefined : before + more;
}
