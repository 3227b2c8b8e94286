import { failure } from '../core/errors.ts';
import { ConnectionCut } from './body.ts';

const headBytes = 8;
/** What people need of a hook that failed stands at its end. */
export const keptOutputBytes = 64 * 1024;
/** The engine writes an error of its own as a stream of this number. */
const engineErrorStream = 3;

/**
 * The end of what a command printed without a terminal, both streams as they came. Each piece of the body has eight
 * bytes before it: the stream's number, three zeros, and the piece's length, big-endian. A piece may be of any length,
 * since it is not kept as a whole. Fails with ConnectionCut inside a piece, and with `streamError` where the engine
 * tells an error.
 */
export async function readExecOutput(body: AsyncIterable<Uint8Array>, call: string): Promise<string> {
  const output = new LastBytes(keptOutputBytes);
  const engineError = new LastBytes(1024);
  const head = Buffer.alloc(headBytes);
  let headFilled = 0;
  let pieceLeft = 0;
  let seenBytes = 0;
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    seenBytes += bytes.length;
    let at = 0;
    while (at < bytes.length) {
      if (pieceLeft === 0) {
        const copied = bytes.copy(head, headFilled, at, at + headBytes - headFilled);
        headFilled += copied;
        at += copied;
        if (headFilled < headBytes) continue;
        headFilled = 0;
        if (head.readUInt32BE(0) % 0x1000000 !== 0 || (head[0] ?? 0) > engineErrorStream) {
          throw failure('engineGarbled', { call, reason: 'its output is not in pieces with a head' });
        }
        pieceLeft = head.readUInt32BE(4);
        continue;
      }
      const piece = bytes.subarray(at, at + pieceLeft);
      (head[0] === engineErrorStream ? engineError : output).push(piece);
      at += piece.length;
      pieceLeft -= piece.length;
    }
  }
  if (headFilled > 0 || pieceLeft > 0) throw new ConnectionCut(seenBytes);
  if (engineError.text !== '') throw failure('streamError', { call, reason: engineError.text.trim() });
  return output.text;
}

/** Keeps the last bytes of what is pushed. */
class LastBytes {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #sizeBytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(bytes: Buffer): void {
    this.#chunks.push(Buffer.from(bytes));
    this.#sizeBytes += bytes.length;
    // Joined now and then, so that neither tiny pieces nor endless output take more than a few times the limit.
    if (this.#sizeBytes > 2 * this.#limit || this.#chunks.length > 1024) {
      const kept = Buffer.concat(this.#chunks).subarray(-this.#limit);
      this.#chunks = [kept];
      this.#sizeBytes = kept.length;
    }
  }

  get text(): string {
    return Buffer.concat(this.#chunks).subarray(-this.#limit).toString('utf8');
  }
}
