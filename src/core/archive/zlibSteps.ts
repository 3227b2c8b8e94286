import type { Transform } from 'node:stream';

/** A zlib stream of Node, as far as it is used here. */
type ZlibStream = Transform & { readonly bytesWritten: number };

/**
 * Feeds a zlib stream piece by piece, so that the caller knows which input an output or an error belongs to and
 * where the packed data ended: Node itself drops what follows the end without a word.
 */
export class ZlibSteps {
  readonly #stream: ZlibStream;
  #error: Error | undefined;
  #hasEnded = false;
  #wake: () => void = () => undefined;

  constructor(stream: ZlibStream) {
    this.#stream = stream;
    stream.on('readable', () => {
      this.#wake();
    });
    stream.on('end', () => {
      this.#hasEnded = true;
      this.#wake();
    });
    stream.on('error', (error: Error) => {
      this.#error = error;
      this.#wake();
    });
  }

  /** Whether the packed data has ended; what came after its end was not taken. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Bytes of input that the packed data took so far. */
  get takenBytes(): number {
    return this.#stream.bytesWritten;
  }

  /** Gives `chunk` and yields what comes out of it. */
  async *feed(chunk: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
    let isTaken = false;
    this.#stream.write(chunk, () => {
      isTaken = true;
      this.#wake();
    });
    yield* this.#drain(() => isTaken);
  }

  /** Says that no more input comes and yields the rest; throws when the packed data is not complete. */
  async *end(): AsyncGenerator<Uint8Array, void, undefined> {
    if (!this.#hasEnded) this.#stream.end();
    yield* this.#drain(() => false);
  }

  destroy(): void {
    this.#stream.destroy();
  }

  async *#drain(isDone: () => boolean): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const wait = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      for (let out = this.#read(); out !== null; out = this.#read()) yield out;
      if (this.#error) throw this.#error;
      if (this.#hasEnded || isDone()) return;
      await wait;
    }
  }

  #read(): Buffer | null {
    return this.#stream.read() as Buffer | null;
  }
}
