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
  let stopWaiting: () => void = () => undefined;
  const onAbort = (): void => {
    stopWaiting();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  let hasEnded = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      // No Promise.race with one lasting promise: that one would remember every piece until the end.
      const result = await new Promise<IteratorResult<Uint8Array, unknown> | undefined>((resolve, reject) => {
        stopWaiting = () => {
          resolve(undefined);
        };
        iterator.next().then(resolve, (error: unknown) => {
          hasEnded = true;
          reject(error instanceof Error ? error : new Error(String(error)));
        });
      });
      signal.throwIfAborted();
      if (result === undefined || result.done === true) {
        hasEnded = true;
        return;
      }
      yield result.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    if (!hasEnded) {
      const closing = Promise.resolve(iterator.return?.()).catch(() => undefined);
      if (!signal.aborted) await closing;
    }
  }
}
