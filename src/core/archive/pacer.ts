import { setImmediate } from 'node:timers/promises';

/** How long one step may hold the thread, in milliseconds; well below the 50 that people notice. */
const stepMs = 10;

/**
 * Shares the thread: work that never waits for anything of its own calls {@link pause} between its steps, and once
 * it has run for 10 ms, timers and input of everybody else come first.
 */
export class Pacer {
  #since = performance.now();

  /** Whether {@link pause} would wait; asked in loops where even an `await` costs too much. */
  get isDue(): boolean {
    return performance.now() - this.#since > stepMs;
  }

  async pause(): Promise<void> {
    if (!this.isDue) return;
    await setImmediate();
    this.#since = performance.now();
  }
}
