import type { ReadBack } from '../vault/blobStore.ts';

/** Reads what was stored, and looks at nothing but its digest, which the store does. */
export const toItsEnd: ReadBack = async (stored) => {
  const pieces = stored[Symbol.asyncIterator]();
  while ((await pieces.next()).done !== true);
};

/** The same bytes, each piece's length told as it comes. */
export async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  onBytes: (length: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of bytes) {
    onBytes(piece.length);
    yield piece;
  }
}
