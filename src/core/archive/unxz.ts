import type { XzReadableStream } from 'xz-decompress';
import { BadFrame } from './badFrame.ts';
import type { InflationMeter } from './inflation.ts';

interface XzModule {
  readonly XzReadableStream: typeof XzReadableStream;
}

const pieceBytes = 1 << 15;
const xzMagic = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);

/**
 * Unpacks xz of one or many streams with padding between them. Loaded when first needed.
 *
 * The decoder goes on over streams and padding for as long as input comes, and takes every piece whole. Should it
 * stop between two pieces, what follows must be padding or a stream of its own.
 */
export async function* unxz(
  packed: AsyncIterable<Uint8Array>,
  meter: InflationMeter,
): AsyncGenerator<Uint8Array, void, undefined> {
  const XzReadableStream = await loadDecoder();
  const input = new PieceReader(packed, meter);
  do {
    const stream = new XzReadableStream(
      new ReadableStream<Uint8Array>(
        {
          pull: async (controller) => {
            const piece = await input.next();
            if (piece) controller.enqueue(piece);
            else controller.close();
          },
        },
        // Nothing may be read ahead of the decoder, or it would be lost where a stream ends.
        { highWaterMark: 0 },
      ),
    );
    const reader = stream.getReader();
    let isOver = false;
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        if (value.length === 0) continue;
        meter.give(value.length);
        yield value;
      }
      isOver = true;
    } catch (error) {
      isOver = true;
      if (input.sourceFailure) throw input.sourceFailure;
      if (isUnsupported(error))
        throw new BadFrame('an xz check or filter of a rare kind', 'unsupported', error);
      const isCut = input.hasEnded;
      throw new BadFrame(
        isCut ? 'it ends inside an xz stream' : 'its xz data is damaged',
        isCut ? 'cut' : 'corrupt',
        error,
      );
    } finally {
      // A decoder whose last output still lies in its queue has let go of everything and throws when told to.
      if (!isOver) await reader.cancel().catch(() => undefined);
    }
  } while (await input.skipPadding());
}

/** XZ_OPTIONS_ERROR of xz-embedded. The decoder tells its errors apart by number alone. */
function isUnsupported(error: unknown): boolean {
  return error instanceof Error && error.message.endsWith('error code 6');
}

/** Node sees a CommonJS module's exports as its default export; a bundle may have them by name. */
async function loadDecoder(): Promise<typeof XzReadableStream> {
  const loaded: XzModule & { readonly default?: XzModule } = await import('xz-decompress');
  return (loaded.default ?? loaded).XzReadableStream;
}

/** Hands out the input in small pieces and tells what is left of it. */
class PieceReader {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #meter: InflationMeter;
  #ready: Buffer = Buffer.alloc(0);
  hasEnded = false;
  /** Why the source could not be read, to be told apart from damaged data. */
  sourceFailure: Error | undefined;

  constructor(source: AsyncIterable<Uint8Array>, meter: InflationMeter) {
    this.#source = source[Symbol.asyncIterator]();
    this.#meter = meter;
  }

  async next(): Promise<Buffer | undefined> {
    if (!(await this.#fill())) return undefined;
    const piece = this.#ready.subarray(0, pieceBytes);
    this.#ready = this.#ready.subarray(pieceBytes);
    return piece;
  }

  /** Whether another stream follows; throws when something else does. */
  async skipPadding(): Promise<boolean> {
    let zeros = 0;
    while (await this.#fill()) {
      const start = this.#ready.findIndex((byte) => byte !== 0);
      zeros += start < 0 ? this.#ready.length : start;
      this.#ready = start < 0 ? Buffer.alloc(0) : this.#ready.subarray(start);
      if (start < 0) continue;
      while (this.#ready.length < xzMagic.length && (await this.#more()));
      if (zeros % 4 !== 0 || !this.#ready.subarray(0, xzMagic.length).equals(xzMagic))
        throw new BadFrame('data after the end of its xz stream', 'junk');
      return true;
    }
    if (zeros % 4 !== 0) throw new BadFrame('an xz padding of wrong length', 'junk');
    return false;
  }

  async #fill(): Promise<boolean> {
    while (this.#ready.length === 0) if (!(await this.#more())) return false;
    return true;
  }

  async #more(): Promise<boolean> {
    if (this.hasEnded) return false;
    try {
      const next = await this.#source.next();
      if (next.done === true) this.hasEnded = true;
      else {
        this.#meter.take(next.value.length);
        this.#ready = Buffer.concat([this.#ready, next.value]);
      }
    } catch (error) {
      this.sourceFailure = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
    return !this.hasEnded;
  }
}
