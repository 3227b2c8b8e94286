import { Readable } from 'node:stream';

/**
 * A body made of `chunks` that remembers how its source failed: when a source breaks, the request only says that it
 * was cut off.
 */
export class Upload {
  readonly body: Readable;
  #sourceError: unknown;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.body = Readable.from(this.#watched(chunks), { objectMode: false, highWaterMark: 256 * 1024 });
    // The request listens while it lives; an end after that concerns nobody.
    this.body.on('error', () => undefined);
  }

  /** Why the source failed, undefined when it did not. */
  get sourceError(): unknown {
    return this.#sourceError;
  }

  /** Lets go of the source; the engine's side of the request is over. */
  release(): void {
    this.body.destroy();
  }

  async *#watched(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of chunks) if (chunk.length > 0) yield chunk;
    } catch (error) {
      this.#sourceError = error;
      throw error;
    }
  }
}
