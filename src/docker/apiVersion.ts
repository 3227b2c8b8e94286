import type { IncomingMessage } from 'node:http';
import { failure } from '../core/errors.ts';

/** The newest version whose shapes our parsers know. */
export const newestApi = '1.51';
/** Docker 19.03 and Podman 3: the oldest that still answer everything we ask. */
export const oldestApi = '1.40';

/** Agrees on an API version with the engine: once, when first needed, and anew after the engine was gone. */
export class ApiVersion {
  readonly #address: string;
  readonly #ping: (signal: AbortSignal) => Promise<IncomingMessage>;
  /** The newest version the engine speaks. */
  #theirs: string | undefined;
  #libpod: string | undefined;

  constructor(address: string, ping: (signal: AbortSignal) => Promise<IncomingMessage>) {
    this.#address = address;
    this.#ping = ping;
  }

  /** Whether the engine that answered last is Podman's service. */
  get isPodman(): boolean {
    return this.#libpod !== undefined;
  }

  /** The version of Podman's own API, undefined where another engine answered last. */
  get libpod(): string | undefined {
    return this.#libpod;
  }

  async agreed(signal: AbortSignal): Promise<string> {
    return this.#theirs === undefined ? this.refresh(signal) : olderOf(this.#theirs, newestApi);
  }

  /** Asks the engine again. Rejects with `engineTooOld`, or `engineGarbled` where something else answers. */
  async refresh(signal: AbortSignal): Promise<string> {
    const { headers } = await this.#ping(signal);
    const theirs = headers['api-version'];
    if (typeof theirs !== 'string' || !/^\d{1,3}\.\d{1,4}$/.test(theirs)) {
      throw failure('engineGarbled', { call: 'ping', reason: 'it tells no API version' });
    }
    if (isOlder(theirs, oldestApi)) {
      throw failure('engineTooOld', { endpoint: this.#address, found: theirs, needed: oldestApi });
    }
    this.#theirs = theirs;
    const libpod = headers['libpod-api-version'];
    // It becomes a part of paths.
    this.#libpod = typeof libpod === 'string' && /^[\d.]{1,20}$/.test(libpod) ? libpod : undefined;
    return olderOf(theirs, newestApi);
  }

  /** Whether an answer comes from an engine of another version than the one we agreed with. */
  isOutdatedBy(response: IncomingMessage): boolean {
    const theirs = response.headers['api-version'];
    return typeof theirs === 'string' && theirs !== this.#theirs;
  }

  forget(): void {
    this.#theirs = undefined;
  }
}

/** Whether the version `a` is older than `b`; compared by number, since 1.9 is older than 1.40. */
export function isOlder(a: string, b: string): boolean {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA === majorB ? minorA < minorB : majorA < majorB;
}

function olderOf(a: string, b: string): string {
  return isOlder(a, b) ? a : b;
}
