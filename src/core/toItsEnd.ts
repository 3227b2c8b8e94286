/** Reads what somebody else looks at as it passes, to its end, and keeps nothing. Rejects with what it throws. */
export async function toItsEnd(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const pieces = bytes[Symbol.asyncIterator]();
  while ((await pieces.next()).done !== true) continue;
}
