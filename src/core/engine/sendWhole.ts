/** How long a cancel waits for an engine that has it all: the load of a very large image, not a hung engine. */
const patienceMs = 15 * 60_000;

/**
 * Sends bytes that change the engine once it has all of them. A cancel before the last piece cuts the connection,
 * and the engine drops what came. After that a cut would change nothing: the engine goes on with nobody listening,
 * and what is put back meanwhile would be overtaken. So a late cancel waits for the engine's answer; the caller
 * looks at its signal then, and undoes what is truly there.
 */
export async function sendWhole<T>(
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  send: (bytes: AsyncIterable<Uint8Array>, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const cut = new AbortController();
  let isWhole = false;
  let patience: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    const give = (): void => {
      cut.abort(signal.reason);
    };
    if (isWhole) patience = setTimeout(give, patienceMs);
    else give();
  };
  async function* followed(): AsyncGenerator<Uint8Array, void, undefined> {
    // One piece is held back, for only the last one makes it whole.
    let held: Uint8Array | undefined;
    for await (const piece of bytes) {
      if (held !== undefined) yield held;
      held = piece;
    }
    signal.throwIfAborted();
    isWhole = true;
    if (held !== undefined) yield held;
  }
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await send(followed(), cut.signal);
  } finally {
    clearTimeout(patience);
    signal.removeEventListener('abort', onAbort);
  }
}
