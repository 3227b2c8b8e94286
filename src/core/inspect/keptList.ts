import { DrydockError, failure, isCancellation, reasonOf } from '../errors.ts';
import type { Timers } from './timers.ts';

/** How far a list is. A list that failed is asked for again by itself; what it held stays known for comparing. */
export type Listing =
  | { readonly kind: 'pending' }
  | { readonly kind: 'listed' }
  | { readonly kind: 'failed'; readonly error: DrydockError };

/**
 * Keys that came, went or differ, `isMembership` when some came or went; `all` when the state of the list itself
 * changed.
 */
export type ListChange = { readonly keys: readonly string[]; readonly isMembership: boolean } | 'all';

export interface KeptListDeps<K extends string, T> {
  readonly timers: Timers;
  fetch(signal: AbortSignal): Promise<readonly T[]>;
  keyOf(record: T): K;
  isSame(known: T, found: T): boolean;
  /** Called after each listing that changed something. */
  onChange(change: ListChange): void;
}

/** Events that come this close together share one listing. */
const settleMs = 40;
const longestSettleMs = 2_000;
const firstRetryMs = 2_000;
const longestRetryMs = 60_000;

/**
 * Records of one kind, kept as an engine lists them. However many events ask for a listing, one runs at a time;
 * what is asked while one runs makes one more run afterwards, so that the last event is never lost.
 */
export class KeptList<K extends string, T> {
  readonly #deps: KeptListDeps<K, T>;
  #records: ReadonlyMap<K, T> = new Map();
  #listing: Listing = { kind: 'pending' };
  #run: { readonly done: Promise<void>; readonly abort: AbortController } | undefined;
  #isStale = false;
  #cancelTimer: (() => void) | undefined;
  #lastRunMs = 0;
  #failures = 0;
  /** Grows when what runs is stopped, so that nobody who waited for it begins again. */
  #stops = 0;

  constructor(deps: KeptListDeps<K, T>) {
    this.#deps = deps;
  }

  /** In the engine's order. A record that did not change stays the same object. */
  get records(): ReadonlyMap<K, T> {
    return this.#records;
  }

  get listing(): Listing {
    return this.#listing;
  }

  /** Lists soon, together with whoever else asks in the meantime. */
  request(): void {
    if (this.#run !== undefined) {
      this.#isStale = true;
      return;
    }
    this.#schedule(this.#settleMs());
  }

  /** Lists now. Resolves when a listing that began after this call has ended, well or badly. */
  async refresh(): Promise<void> {
    const before = this.#run;
    if (before !== undefined) {
      const stops = this.#stops;
      this.#isStale = false;
      await before.done;
      if (stops !== this.#stops) return;
      // Another caller that waited for the same run may have begun the next one already; it is fresh for both.
      if (this.#run !== undefined) return this.#run.done;
    }
    return this.#start();
  }

  /** Says that what is known may no longer be true, without forgetting it. */
  doubt(): void {
    this.#stop();
    this.#listing = { kind: 'pending' };
  }

  /** Forgets everything and stops what runs. */
  clear(): void {
    this.doubt();
    this.#records = new Map();
    this.#failures = 0;
  }

  #settleMs(): number {
    return Math.min(longestSettleMs, Math.max(settleMs, 2 * this.#lastRunMs));
  }

  #schedule(ms: number): void {
    if (this.#cancelTimer !== undefined) return;
    this.#cancelTimer = this.#deps.timers.after(ms, () => {
      this.#cancelTimer = undefined;
      void this.#start();
    });
  }

  #stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#isStale = false;
    this.#stops += 1;
    this.#run?.abort.abort();
    this.#run = undefined;
  }

  #start(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const abort = new AbortController();
    // In the next microtask, so that `#run` stands before anything can end.
    const done = Promise.resolve().then(() => this.#list(abort.signal));
    this.#run = { done, abort };
    return done;
  }

  async #list(signal: AbortSignal): Promise<void> {
    const startedMs = this.#deps.timers.nowMs();
    let outcome: readonly T[] | DrydockError;
    try {
      outcome = await this.#deps.fetch(signal);
    } catch (error) {
      if (signal.aborted) return;
      outcome = asFailure(error);
    }
    // A listing that was stopped belongs to an engine or a time that is over.
    if (signal.aborted) return;
    this.#lastRunMs = this.#deps.timers.nowMs() - startedMs;
    this.#run = undefined;
    if (outcome instanceof DrydockError) this.#fail(outcome);
    else this.#accept(outcome);
    if (this.#isStale) {
      this.#isStale = false;
      this.#schedule(this.#settleMs());
    }
  }

  #accept(found: readonly T[]): void {
    const known = this.#records;
    const wasListed = this.#listing.kind === 'listed';
    const next = new Map<K, T>();
    const touched: K[] = [];
    let isMembership = false;
    for (const record of found) {
      const key = this.#deps.keyOf(record);
      const old = known.get(key);
      if (old !== undefined && this.#deps.isSame(old, record)) {
        next.set(key, old);
        continue;
      }
      next.set(key, record);
      touched.push(key);
      isMembership ||= old === undefined;
    }
    for (const key of known.keys()) {
      if (next.has(key)) continue;
      touched.push(key);
      isMembership = true;
    }
    this.#records = next;
    this.#listing = { kind: 'listed' };
    this.#failures = 0;
    if (!wasListed) this.#deps.onChange('all');
    else if (touched.length > 0) this.#deps.onChange({ keys: touched, isMembership });
  }

  #fail(error: DrydockError): void {
    this.#listing = { kind: 'failed', error };
    this.#schedule(Math.min(longestRetryMs, firstRetryMs * 2 ** this.#failures));
    this.#failures += 1;
    this.#deps.onChange('all');
  }
}

/** `error` as a failure with words; what is not one already is a bug, and says so. */
export function asFailure(error: unknown): DrydockError {
  if (error instanceof DrydockError) return error;
  const reason = isCancellation(error) ? 'it was cancelled' : reasonOf(error);
  return failure('unexpected', { reason }, error);
}
