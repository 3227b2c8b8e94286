/**
 * Hands bytes from a writer that pushes to a reader that pulls. A write waits while the reader is behind, so memory
 * stays flat; once the reader has left, writes are dropped.
 */
export class ByteChannel implements AsyncIterable<Uint8Array> {
  #chunks: Uint8Array[] = [];
  #hasEnded = false;
  #isAbandoned = false;
  #wakeReader: () => void = () => undefined;
  #wakeWriter: () => void = () => undefined;

  /** Resolves when the reader has taken all but a few chunks, or has left. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#isAbandoned || bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#wakeReader();
    while (this.#isBehind())
      await new Promise<void>((resolve) => {
        this.#wakeWriter = resolve;
      });
  }

  end(): void {
    this.#hasEnded = true;
    this.#wakeReader();
  }

  /** Drops all that is written from now on, where nobody reads or will. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#chunks = [];
    this.#wakeWriter();
  }

  #isBehind(): boolean {
    return this.#chunks.length > 4 && !this.#isAbandoned;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk) {
          this.#wakeWriter();
          yield chunk;
        } else if (this.#hasEnded) return;
        else
          await new Promise<void>((resolve) => {
            this.#wakeReader = resolve;
          });
      }
    } finally {
      this.abandon();
    }
  }
}
