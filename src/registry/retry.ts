import { setTimeout as delay } from 'node:timers/promises';
import { failure, isCancellation, reasonOf } from '../core/errors.ts';
import { ConnectionCut } from '../docker/body.ts';
import { ProxyFailure } from './tunnel.ts';

/** Waits; tests have one that does not. */
export type Wait = (ms: number, signal: AbortSignal | undefined) => Promise<void>;

export const realWait: Wait = async (ms, signal) => {
  await delay(ms, undefined, signal && { signal });
};

/** A registry that is busy or failing, and may not be so in a moment. */
export class Transient extends Error {
  /** What its `Retry-After` said. */
  readonly afterMs: number | undefined;

  constructor(reason: string, afterMs?: number) {
    super(reason);
    this.name = 'Transient';
    this.afterMs = afterMs;
  }
}

/** How often a thing is tried that makes no progress. */
export const maxTries = 5;
/** Who comes less far than this between two breaks does not come to an end. */
export const leastProgressBytes = 64 << 10;
const firstWaitMs = 500;
/** Who is told to wait longer than this is told so, and comes back another day. */
const longestWaitMs = 120_000;

const transientStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Whether an answer of this status may be another one in a moment. */
export function isTransientStatus(status: number): boolean {
  return transientStatuses.has(status);
}

/** What a `Retry-After` says, in milliseconds: seconds or a date. Source: RFC 9110, 10.2.3. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const at = /^\w{3}, /.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

const lostCodes: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENETDOWN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'HPE_INVALID_CONSTANT',
  'HPE_INVALID_EOF_STATE',
]);

/** Whether trying again may help. */
export function isTransient(error: unknown): boolean {
  if (error instanceof Transient || error instanceof ConnectionCut) return true;
  if (error instanceof ProxyFailure && error.isPassing) return true;
  return error instanceof Error && 'code' in error && lostCodes.has(error.code);
}

/** Counts the tries of one thing. Progress between two of them begins the count anew. */
export class Tries {
  readonly #wait: Wait;
  readonly #host: string;
  readonly #what: string;
  #failed = 0;

  constructor(wait: Wait, host: string, what: string) {
    this.#wait = wait;
    this.#host = host;
    this.#what = what;
  }

  progressed(): void {
    this.#failed = 0;
  }

  /** Waits until it may be tried again; throws `error` where that can't help, `registryBusy` where it did not. */
  async again(error: unknown, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (isCancellation(error) || !isTransient(error)) throw error;
    this.#failed += 1;
    const afterMs = error instanceof Transient ? error.afterMs : undefined;
    if (this.#failed >= maxTries || (afterMs ?? 0) > longestWaitMs)
      throw failure(
        'registryBusy',
        { host: this.#host, what: this.#what, tries: this.#failed, reason: tellingReason(error) },
        error,
      );
    // Of uneven length, so that several that failed together don't come back together.
    const ownMs = firstWaitMs * 2 ** (this.#failed - 1) * (0.75 + Math.random() / 2);
    await this.#wait(Math.max(afterMs ?? 0, ownMs), signal);
  }
}

function tellingReason(error: unknown): string {
  if (error instanceof ConnectionCut) return `${error.message} after ${error.readBytes} bytes`;
  return reasonOf(error);
}
