import type { Timers } from '../../../src/core/inspect/timers.ts';

/** A clock that stands still until it is moved. */
export class HandTimers implements Timers {
  #now = 0;
  #tasks: { readonly atMs: number; readonly task: () => void }[] = [];

  nowMs(): number {
    return this.#now;
  }

  after(ms: number, task: () => void): () => void {
    const entry = { atMs: this.#now + ms, task };
    this.#tasks.push(entry);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== entry);
    };
  }

  get waiting(): number {
    return this.#tasks.length;
  }

  /** Runs what falls due in the next `ms`, in order, and lets promises settle after each. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#now + ms;
    for (;;) {
      await settled();
      const next = this.#tasks.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#tasks = this.#tasks.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.atMs);
      next.task();
    }
    this.#now = endMs;
    await settled();
  }
}

/** Resolves after everything that can go on without time passing has gone on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1)
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
}
