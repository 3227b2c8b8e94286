import { ByteChannel } from '../../core/archive/byteChannel.ts';
import { Hasher, type Digest } from '../../core/digest.ts';
import { failure } from '../../core/errors.ts';
import type { PushSink } from '../../core/registry/endpoint.ts';

/** What came of a request's body. */
export type Taken = 'all' | 'enough';

/**
 * One upload of a blob, in one request or several. Its bytes go to the sink as they come, and lie nowhere else. The sink
 * hears of it with the first bytes: only then is it known whether the digest is stated before them.
 */
export class UploadSession {
  readonly #sink: PushSink;
  readonly #signal: AbortSignal;
  readonly #channel = new ByteChannel();
  readonly #hasher = new Hasher();
  #result: Promise<(digest: Digest) => void> | undefined;
  #receivedBytes = 0;
  #failure: unknown;
  #expected: Digest | undefined;
  #isBusy = false;
  /** The sink has stopped reading: it knows enough, or failed. */
  #isLeft = false;
  #onLeft: () => void = () => undefined;

  constructor(sink: PushSink, signal: AbortSignal) {
    this.#sink = sink;
    this.#signal = signal;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Whether a request is under way. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /**
   * Takes what one request brings, at the pace of the sink. `enough` says that the sink wants no more of it; what still
   * comes is dropped. A body that breaks off spoils the upload.
   */
  async take(body: AsyncIterable<Uint8Array>, announced?: Digest): Promise<Taken> {
    this.#isBusy = true;
    void this.#begin(announced);
    try {
      const pieces = body[Symbol.asyncIterator]();
      for (;;) {
        const next = this.#isLeft ? 'left' : await Promise.race([pieces.next(), this.#left()]);
        if (next === 'left') {
          void drop(pieces);
          return 'enough';
        }
        if (next.done === true) return 'all';
        this.#hasher.update(next.value);
        this.#receivedBytes += next.value.length;
        await this.#channel.write(next.value);
      }
    } catch (error) {
      this.stop(error);
      throw error;
    } finally {
      this.#isBusy = false;
    }
  }

  /** Ends the upload as the blob `digest`. Rejects with `blobMismatch`, and with what the sink rejects with. */
  async end(digest: Digest): Promise<void> {
    this.#expected = digest;
    this.#channel.end();
    (await this.#begin(digest))(digest);
  }

  /** Ends it as nothing. */
  stop(reason: unknown): void {
    this.#failure ??= reason;
    this.#channel.end();
  }

  /** Resolves when the sink has let go of it. */
  async settled(): Promise<void> {
    await this.#result?.catch(() => undefined);
  }

  #begin(announced: Digest | undefined): Promise<(digest: Digest) => void> {
    if (this.#result !== undefined) return this.#result;
    const options = { signal: this.#signal, ...(announced !== undefined && { announced }) };
    const result = this.#sink.takeBlob(this.#bytes(), options);
    // Heard by who ends the upload. A sink that never began to read must not have the sender wait for it.
    result.catch(() => {
      this.#leave();
      this.#channel.abandon();
    });
    this.#result = result;
    return result;
  }

  #left(): Promise<'left'> {
    return new Promise((resolve) => {
      this.#onLeft = () => {
        resolve('left');
      };
    });
  }

  /** Fails at its end where it is not what its sender says, so that a sink never takes one thing for another. */
  async *#bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* this.#channel;
      if (this.#failure !== undefined) throw failure('uploadBroken', {}, this.#failure);
      const found = this.#hasher.digest();
      if (found !== this.#expected) throw failure('blobMismatch', { expected: this.#expected ?? '?', found });
    } finally {
      this.#leave();
    }
  }

  #leave(): void {
    this.#isLeft = true;
    this.#onLeft();
  }
}

/** Takes what still comes of it, to its end or until the sender has gone, and keeps nothing. */
async function drop(pieces: AsyncIterator<Uint8Array>): Promise<void> {
  const rest = async (): Promise<void> => {
    while ((await pieces.next()).done !== true) continue;
  };
  await rest().catch(() => undefined);
}
