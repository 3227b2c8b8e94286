import type { IncomingMessage } from 'node:http';
import { checkedBody } from '../docker/body.ts';
import { timely } from './exchange.ts';

/** A small body is there at once, or the registry hangs. */
const idleMs = 60_000;
/** Drop by drop, too. */
const usualWholeMs = 180_000;

/** More came than was allowed. */
export class TooLong extends Error {
  constructor(limitBytes: number) {
    super(`it has more than ${limitBytes} bytes`);
    this.name = 'TooLong';
  }
}

/** A whole body of at most `limitBytes`. Rejects with TooLong, or with ConnectionCut where its end is missing. */
export async function readUpTo(
  response: IncomingMessage,
  limitBytes: number,
  wholeMs = usualWholeMs,
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const piece of timely(checkedBody(response), response, idleMs, wholeMs)) {
      sizeBytes += piece.length;
      if (sizeBytes > limitBytes) throw new TooLong(limitBytes);
      pieces.push(piece);
    }
  } finally {
    // Where all of it was read this changes nothing, and the connection is used again.
    response.destroy();
  }
  return Buffer.concat(pieces, sizeBytes);
}
