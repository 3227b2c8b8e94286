/** Reading overlaps with hashing; more than this only makes disks seek. */
const lanes = 4;

/** Does `work` for each item, several at once, in their order. The first failure ends it, when those under way are done. */
export async function inParallel<T>(
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const ahead = items[Symbol.iterator]();
  let isFailed = false;
  const lane = async (): Promise<void> => {
    for (let next = ahead.next(); next.done !== true && !isFailed; next = ahead.next()) {
      signal.throwIfAborted();
      await work(next.value);
    }
  };
  const results = await Promise.allSettled(
    Array.from({ length: lanes }, () =>
      lane().catch((error: unknown) => {
        isFailed = true;
        throw error;
      }),
    ),
  );
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
