/**
 * Cuts a stream at its line feeds; lines come without them. `tooLong` makes the error for a line over `maxBytes`,
 * `cut` the one for bytes after the last line feed.
 */
export async function* linesOf(
  bytes: AsyncIterable<Uint8Array>,
  maxBytes: number,
  { tooLong, cut }: { readonly tooLong: () => Error; readonly cut: () => Error },
): AsyncGenerator<Buffer, void, undefined> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  for await (const piece of bytes) {
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    let at = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, at)) {
      const last = chunk.subarray(at, end);
      at = end + 1;
      if (heldBytes + last.length > maxBytes) throw tooLong();
      yield heldBytes === 0 ? last : Buffer.concat([...held, last]);
      held = [];
      heldBytes = 0;
    }
    if (at === chunk.length) continue;
    held.push(chunk.subarray(at));
    heldBytes += chunk.length - at;
    if (heldBytes > maxBytes) throw tooLong();
  }
  if (heldBytes > 0) throw cut();
}
