import type { FileHandle } from 'node:fs/promises';

const chunkBytes = 1 << 19;

/**
 * Reads a file behind the one who writes it: what {@link advance} told of is read from the file, and at its edge the
 * reader waits for more.
 */
export class WrittenTail {
  readonly #file: FileHandle;
  #writtenBytes = 0;
  #isEnded = false;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** So many more bytes stand in the file. */
  advance(bytes: number): void {
    this.#writtenBytes += bytes;
    this.#wake();
  }

  /** Nothing more comes. */
  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  /** Nothing more comes, since writing failed: the reader fails with that. */
  fail(reason: unknown): void {
    this.#failure ??= reason instanceof Error ? reason : new Error(String(reason));
    this.end();
  }

  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; ;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (at < this.#writtenBytes) {
        const length = Math.min(chunkBytes, this.#writtenBytes - at);
        // A buffer of its own: who takes it may still unpack it while the next one is read.
        const { bytesRead, buffer } = await this.#file.read(Buffer.allocUnsafeSlow(length), 0, length, at);
        // The file is shorter than what was written to it; whoever compares digests says so.
        if (bytesRead === 0) return;
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      } else if (this.#isEnded) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
