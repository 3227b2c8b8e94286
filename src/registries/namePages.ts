import type { CancelOptions } from '../core/vault/blobStore.ts';

interface Reading {
  readonly names: AsyncIterator<string>;
  readonly controller: AbortController;
}

/** A list of names that is read on when somebody wants more of it. */
export class NamePages {
  readonly #open: (cancel: CancelOptions) => AsyncIterable<string>;
  readonly #names = new Set<string>();
  #reading: Reading | undefined;
  #isWhole = false;

  constructor(open: (cancel: CancelOptions) => AsyncIterable<string>) {
    this.#open = open;
  }

  /** In the registry's order, each once. */
  get names(): readonly string[] {
    return [...this.#names];
  }

  /** Whether there are no more. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Reads on until there are `count` more. What was read stays when it breaks off; the next call begins anew behind that. */
  async read(count: number, signal: AbortSignal): Promise<void> {
    if (this.#isWhole) return;
    signal.throwIfAborted();
    const reading = this.#reading ?? this.#begin();
    const stop = (): void => {
      reading.controller.abort(signal.reason);
    };
    signal.addEventListener('abort', stop);
    const wanted = this.#names.size + count;
    try {
      while (this.#names.size < wanted) {
        const next = await reading.names.next();
        if (next.done === true) {
          this.#isWhole = true;
          return;
        }
        this.#names.add(next.value);
      }
    } catch (error) {
      if (this.#reading === reading) this.#reading = undefined;
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #begin(): Reading {
    const controller = new AbortController();
    const names = this.#open({ signal: controller.signal })[Symbol.asyncIterator]();
    this.#reading = { names, controller };
    return this.#reading;
  }
}
