/** How long work may hold the page before input and drawing come first, in milliseconds; 50 are felt. */
const turnMs = 12;

/** Shares the page's only thread: long work asks {@link isOver} between its steps, and then waits for {@link next}. */
export class Turns {
  #since = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#since > turnMs;
  }

  /** Resolves after whatever else was waiting. Unlike timers, messages are not held back by the browser. */
  async next(): Promise<void> {
    await new Promise<void>((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.addEventListener('message', () => {
        port1.close();
        resolve();
      });
      port1.start();
      port2.postMessage(undefined);
    });
    this.#since = performance.now();
  }
}

/** Items taken in one step: few enough for a step, enough to make the clock cheap. */
const run = 1_024;

/** A sorted copy; equal items keep their order. Merges sorted runs bottom up, so that it can pause anywhere. */
export async function sorted<T>(
  items: readonly T[],
  compare: (a: T, b: T) => number,
  turns: Turns,
): Promise<readonly T[]> {
  let runs: T[][] = [];
  for (let start = 0; start < items.length; start += run) {
    runs.push(items.slice(start, start + run).sort(compare));
    if (turns.isOver) await turns.next();
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let at = 0; at < runs.length; at += 2)
      merged.push(await mergedRuns(runs[at] ?? [], runs[at + 1] ?? [], compare, turns));
    runs = merged;
  }
  return runs[0] ?? [];
}

async function mergedRuns<T>(
  a: T[],
  b: readonly T[],
  compare: (a: T, b: T) => number,
  turns: Turns,
): Promise<T[]> {
  if (b.length === 0) return a;
  const merged: T[] = [];
  let ofA = 0;
  let ofB = 0;
  while (ofA < a.length || ofB < b.length) {
    const left = a[ofA];
    const right = b[ofB];
    if (ofB >= b.length || (ofA < a.length && compare(left as T, right as T) <= 0)) {
      merged.push(left as T);
      ofA += 1;
    } else {
      merged.push(right as T);
      ofB += 1;
    }
    if (merged.length % run === 0 && turns.isOver) await turns.next();
  }
  return merged;
}
