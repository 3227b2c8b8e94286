import { failure } from '../errors.ts';
import type { Operation } from '../progress.ts';

/** For so long nothing may come: a slow disk moves some bytes, one that hangs none. */
const usualLimitMs = 10 * 60_000;
/** How long work that was broken off may take to end. */
const usualLingerMs = 30_000;

/**
 * Does `work`, and gives it up when it reports no progress for ten minutes, or has not ended half a minute after it
 * was cancelled: containers stand still for it, and a volume's server or the vault's disk may hang for ever. What it
 * still does then counts for nothing. However much there is to read, it may take its time.
 *
 * Rejects with `readingStuck`, as `work` does, and when `signal` fires.
 */
export async function unlessStuck<T>(
  name: string,
  { signal, progress }: Operation,
  work: (operation: Operation) => Promise<T>,
  { limitMs = usualLimitMs, lingerMs = usualLingerMs } = {},
): Promise<T> {
  const stuck = new AbortController();
  const either = AbortSignal.any([signal, stuck.signal]);
  const limit = setTimeout(() => {
    stuck.abort(failure('readingStuck', { name, seconds: Math.round(limitMs / 1000) }));
  }, limitMs);
  let linger: NodeJS.Timeout | undefined;
  const isOver = new AbortController();
  const brokenOff = new Promise<never>((_, reject) => {
    const wait = (): void => {
      linger = setTimeout(() => {
        reject(either.reason as Error);
      }, lingerMs);
    };
    either.addEventListener('abort', wait, { signal: isOver.signal });
  });
  const report: Operation['progress']['report'] = (fact) => {
    limit.refresh();
    progress.report(fact);
  };
  try {
    either.throwIfAborted();
    return await Promise.race([work({ signal: either, progress: { report } }), brokenOff]);
  } catch (error) {
    // Whatever the work made of being broken off, this is why it was.
    stuck.signal.throwIfAborted();
    throw error;
  } finally {
    isOver.abort();
    clearTimeout(limit);
    clearTimeout(linger);
  }
}
