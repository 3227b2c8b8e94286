import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { failure } from '../errors.ts';
import type { ProgressPort } from '../progress.ts';

const chunkBytes = 1 << 19;

/**
 * A file that is being written, readable from its start while it grows, so that reading it back need not wait for
 * the last byte. What is read comes from the file, never from the writer's memory; the end is only an end after
 * `complete`, and then the file must end there too.
 */
export class GrowingFile {
  readonly name: string;
  readonly path: string;
  #writtenBytes = 0;
  #end: 'open' | 'complete' | { readonly error: unknown } = 'open';
  #changed = Promise.withResolvers<undefined>();

  constructor(path: string) {
    this.path = path;
    this.name = basename(path);
  }

  /** The whole size, once it is known. */
  get completeBytes(): number | undefined {
    return this.#end === 'complete' ? this.#writtenBytes : undefined;
  }

  /** The writer has put this many more bytes into the file. */
  grow(bytes: number): void {
    this.#writtenBytes += bytes;
    this.#tell();
  }

  /** The writer has put in all there is. */
  complete(): void {
    this.#end = 'complete';
    this.#tell();
  }

  /** The writer broke off; readers fail with `error`. */
  fail(error: unknown): void {
    this.#end = { error };
    this.#tell();
  }

  /** The bytes of the file; waits where they are not written yet. May be called again for another pass. */
  async *open(signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const file = await open(this.path, 'r');
    try {
      let position = 0;
      for (;;) {
        signal.throwIfAborted();
        if (typeof this.#end === 'object') throw this.#end.error;
        if (position === this.#writtenBytes && this.#end === 'open') {
          await this.#change(signal);
          continue;
        }
        const wanted = Math.min(chunkBytes, Math.max(1, this.#writtenBytes - position));
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, position);
        const isPastEnd = position === this.#writtenBytes;
        if (isPastEnd && bytesRead === 0) return;
        if (isPastEnd || bytesRead === 0) throw failure('archiveChanged', { name: this.name });
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  #tell(): void {
    const told = this.#changed;
    this.#changed = Promise.withResolvers();
    told.resolve(undefined);
  }

  /** Resolves at the next change, or when `signal` fires. */
  async #change(signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<undefined>();
    const onAbort = (): void => {
      aborted.resolve(undefined);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([this.#changed.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}

/** Passes facts about reading a file back only once it is written: before that, writing is what people wait for. */
export function afterWriting(file: GrowingFile, progress: ProgressPort): ProgressPort {
  return {
    report: (fact) => {
      const totalBytes = file.completeBytes;
      if (totalBytes !== undefined) progress.report({ totalBytes, ...fact });
    },
  };
}
