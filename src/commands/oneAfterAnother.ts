import type { Operation } from '../core/progress.ts';

/**
 * Does work on one thing after another. What fails for one was told, and is no reason to leave out the others; a cancel
 * is meant for all. Resolves with what came of those that were done, in their order.
 */
export async function oneAfterAnother<T, R>(
  things: readonly T[],
  work: (thing: T, started: (operation: Operation) => void) => Promise<R | undefined>,
): Promise<readonly R[]> {
  const results: R[] = [];
  for (const thing of things) {
    let signal: AbortSignal | undefined;
    const result = await work(thing, (operation) => {
      signal = operation.signal;
    });
    if (result !== undefined) results.push(result);
    else if (signal?.aborted === true) break;
  }
  return results;
}
