/**
 * Cuts a stream at its line feeds; lines come without them, those of one piece together, since a step of an async
 * generator for each of 100,000 lines takes longer than what is done with them. `tooLong` makes the error for a line over `maxBytes`,
 * `cut` the one for bytes after the last line feed.
 */
export async function* linesOf(
  bytes: AsyncIterable<Uint8Array>,
  maxBytes: number,
  { tooLong, cut }: { readonly tooLong: () => Error; readonly cut: () => Error },
): AsyncGenerator<readonly Buffer[], void, undefined> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  for await (const piece of bytes) {
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    const lines: Buffer[] = [];
    let at = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, at)) {
      const last = chunk.subarray(at, end);
      at = end + 1;
      if (heldBytes + last.length > maxBytes) throw tooLong();
      lines.push(heldBytes === 0 ? last : Buffer.concat([...held, last]));
      held = [];
      heldBytes = 0;
    }
    if (at < chunk.length) {
      held.push(chunk.subarray(at));
      heldBytes += chunk.length - at;
      if (heldBytes > maxBytes) throw tooLong();
    }
    if (lines.length > 0) yield lines;
  }
  if (heldBytes > 0) throw cut();
}
