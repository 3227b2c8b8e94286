import { once } from 'node:events';
import type { XzReadableStream } from 'xz-decompress';
import { BadFrame } from './badFrame.ts';
import type { InflationMeter } from './inflation.ts';
import { Pacer } from './pacer.ts';

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
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const XzReadableStream = await loadDecoder();
  const input = new PieceReader(packed, meter);
  try {
    do yield* readStreams(XzReadableStream, input, meter, signal);
    while (await input.skipPadding());
  } finally {
    await input.close();
  }
}

/** What the decoder takes in one go: a stream, and as a rule all that follow it. */
async function* readStreams(
  Decoder: typeof XzReadableStream,
  input: PieceReader,
  meter: InflationMeter,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const pacer = new Pacer();
  const reader = decoderOf(Decoder, input).getReader();
  let isOver = false;
  const next = async (): ReturnType<typeof reader.read> => {
    const reading = reader.read();
    try {
      return await unlessAborted(reading, signal);
    } catch (error) {
      // A decoder that failed has let go of everything and throws when told to.
      isOver = true;
      // One that still waits for its turn would keep the turn once it gets it.
      if (signal?.aborted === true) void reading.then(() => reader.cancel()).catch(() => undefined);
      throw reasonFor(error, input, signal);
    }
  };
  try {
    for (;;) {
      // The decoder waits for nothing but its input, and a little of that may unpack to very much.
      await pacer.pause();
      const { done, value } = await next();
      if (done) break;
      if (value.length === 0) continue;
      meter.give(value.length);
      yield value;
    }
    isOver = true;
  } finally {
    // The same holds when its last output still lies in its queue.
    if (!isOver) await reader.cancel().catch(() => undefined);
  }
}

function decoderOf(Decoder: typeof XzReadableStream, input: PieceReader): ReadableStream<Uint8Array> {
  return new Decoder(
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
}

/** Decoders of one process take turns, so a read may wait for all of another archive: a cancel must not. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  const stop = new AbortController();
  const aborted = once(signal, 'abort', { signal: stop.signal }).then(() => {
    signal.throwIfAborted();
  });
  try {
    return (await Promise.race([work, aborted])) as T;
  } finally {
    stop.abort();
    aborted.catch(() => undefined);
  }
}

function reasonFor(error: unknown, input: PieceReader, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (input.sourceFailure) return input.sourceFailure;
  const number = errorNumber(error);
  if (number === 3 || number === 4)
    return new BadFrame('an xz dictionary of more than 64 MiB', 'unsupported', error);
  if (number === 2 || number === 6)
    return new BadFrame('an xz check or filter of a rare kind', 'unsupported', error);
  return input.hasEnded
    ? new BadFrame('it ends inside an xz stream', 'cut', error)
    : new BadFrame('its xz data is damaged', 'corrupt', error);
}

/** The decoder (xz-embedded) tells its errors apart by number alone. */
function errorNumber(error: unknown): number | undefined {
  const [, number] = /error code (\d+)$/.exec(error instanceof Error ? error.message : '') ?? [];
  return number === undefined ? undefined : Number(number);
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

  /** Lets go of the source. */
  async close(): Promise<void> {
    await this.#source.return?.();
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
