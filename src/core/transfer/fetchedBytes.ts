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
