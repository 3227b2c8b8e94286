import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { failure, isCancellation } from '../core/errors.ts';
import { readBody } from './body.ts';
import type { EngineCall, EngineClient } from './call.ts';
import { abortError, translateFault } from './faults.ts';

/**
 * A body made of `chunks` that remembers how its source failed: when a source breaks, the request only says that it
 * was cut off.
 */
class Upload {
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

  /** Whether nothing but zeros is left to send, once the engine has answered. */
  async isTaken(): Promise<boolean> {
    if (this.body.readableEnded) return true;
    this.body.unpipe();
    for await (const chunk of this.body) {
      if ((chunk as Buffer).some((byte) => byte !== 0)) return false;
    }
    return true;
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

/**
 * Sends `chunks` as the body of `call` and yields what `read` makes of the answer. The source is let go of whatever
 * happens; when it was the source that failed, its own error is thrown.
 */
export async function* upload<T>(
  client: EngineClient,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  call: EngineCall,
  read: (response: IncomingMessage, source: Upload) => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const source = new Upload(chunks);
  const over = new AbortController();
  try {
    const response = await client.open(
      { ...call, upload: source.body },
      AbortSignal.any([signal, over.signal]),
    );
    yield* read(response, source);
  } catch (error) {
    if (signal.aborted) throw abortError(signal);
    if (source.sourceError instanceof Error && !isCancellation(source.sourceError)) throw source.sourceError;
    throw translateFault(error, { call: call.name, address: client.address, signal, isChange: true });
  } finally {
    // After an early answer the request is still waiting for the rest of its body.
    over.abort();
    source.release();
  }
}

/**
 * As {@link upload}, for an answer that says nothing but that it is done. That is believed only when nothing but
 * zeros, as they fill up a tar's end, was left to send.
 */
export async function uploadWhole(
  client: EngineClient,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  call: EngineCall,
): Promise<void> {
  const done = upload(client, chunks, signal, call, async function* (response, source) {
    await readBody(response, { call: call.name, limitBytes: 1024 * 1024 });
    if (!(await source.isTaken())) {
      throw failure('engineRefused', { call: call.name, reason: 'it did not take all that was sent' });
    }
    yield true;
  });
  for await (const isDone of done) if (isDone) return;
}
