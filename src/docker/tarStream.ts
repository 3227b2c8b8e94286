import type { IncomingMessage } from 'node:http';
import { pipeline, Transform, type TransformCallback } from 'node:stream';
import { TarScanner } from '../core/archive/tarScanner.ts';
import { DrydockError, failure } from '../core/errors.ts';
import { abortError, translateFault } from './faults.ts';

/** Which stream this is, for its failures. */
export interface TarStreamPlace {
  readonly call: string;
  readonly address: string;
}

/**
 * The tar of an engine's answer, byte for byte, that ends only when the tar is whole: the body came to its proper
 * end, the tar has its end mark where a header would stand, and nothing but zeros comes after. Fails with
 * `streamCut`, with `streamError` when the engine put its error into the body, or with an AbortError.
 */
export function checkedTar(response: IncomingMessage, place: TarStreamPlace, signal: AbortSignal): Transform {
  const checked = new CheckedTar(response, place, signal);
  // Every outcome is told by the stream itself.
  pipeline(response, checked, () => undefined);
  return checked;
}

class CheckedTar extends Transform {
  readonly #response: IncomingMessage;
  readonly #place: TarStreamPlace;
  readonly #signal: AbortSignal;
  readonly #scanner: TarScanner;
  readonly #onAbort = (): void => {
    this.destroy(abortError(this.#signal));
  };
  #seenBytes = 0;

  constructor(response: IncomingMessage, place: TarStreamPlace, signal: AbortSignal) {
    // Pieces go on as they came: to join them costs whoever reads as much as to get them.
    super({ readableObjectMode: true, readableHighWaterMark: 16, writableHighWaterMark: 256 * 1024 });
    this.#response = response;
    this.#place = place;
    this.#signal = signal;
    this.#scanner = new TarScanner(place.call);
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#seenBytes += chunk.length;
    try {
      // Only the check matters here; the bytes go on as they came.
      const events = this.#scanner.push(chunk);
      while (events.next().done !== true) continue;
    } catch (error) {
      done(this.#failureOf(error));
      return;
    }
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    try {
      if (!this.#response.complete) throw this.#cut();
      this.#scanner.finish();
      done();
    } catch (error) {
      done(this.#failureOf(error));
    }
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    done(error === null ? null : this.#failureOf(error));
  }

  #failureOf(error: unknown): Error {
    if (this.#signal.aborted) return abortError(this.#signal);
    if (error instanceof DrydockError) {
      switch (error.code) {
        case 'archiveCut':
        case 'archiveNoEnd':
          return this.#cut(error);
        case 'archiveTrailing':
        case 'archiveBadHeader':
        case 'archiveTooLarge':
        case 'archiveUnsupported':
          return failure(
            'streamError',
            { call: this.#place.call, reason: error.details['reason'] ?? error.message },
            error,
          );
        default:
          return error;
      }
    }
    const told = translateFault(error, this.#place);
    // Whatever broke the connection now, bytes had come.
    return told instanceof DrydockError && told.code === 'engineUnreachable' ? this.#cut(error) : told;
  }

  #cut(cause?: unknown): DrydockError {
    return failure('streamCut', { call: this.#place.call, bytes: this.#seenBytes }, cause);
  }
}
