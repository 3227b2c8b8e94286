/**
 * `bytes` until `signal` is aborted; then it throws at once, also while a source that does not know the signal is
 * still thinking about its next piece. The source is told to stop, but not waited for.
 */
export async function* untilAborted(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (signal === undefined || !(Symbol.asyncIterator in bytes)) {
    yield* bytes;
    return;
  }
  const iterator = bytes[Symbol.asyncIterator]();
  let stop: () => void = () => undefined;
  const aborted = new Promise<'aborted'>((resolve) => {
    stop = () => {
      resolve('aborted');
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  let hasEnded = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = iterator.next();
      // Lost only when the signal came first, and then nobody wants to know.
      next.catch(() => undefined);
      const result = await Promise.race([next, aborted]).catch((error: unknown) => {
        hasEnded = true;
        throw error;
      });
      if (result === 'aborted') continue;
      if (result.done === true) {
        hasEnded = true;
        signal.throwIfAborted();
        return;
      }
      yield result.value;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    if (!hasEnded) {
      const closing = Promise.resolve(iterator.return?.()).catch(() => undefined);
      if (!signal.aborted) await closing;
    }
  }
}
