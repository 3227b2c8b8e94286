import { BadFrame } from './badFrame.ts';
import type { InflationMeter } from './inflation.ts';

const pieceBytes = 1 << 16;

/** Unpacks bzip2 of one or many streams; what follows the last one must be another. Loaded when first needed. */
export async function* unbzip2(
  packed: AsyncIterable<Uint8Array>,
  meter: InflationMeter,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { default: unbzip2Stream } = await import('unbzip2-stream');
  const stream = unbzip2Stream();
  let ready: Uint8Array[] = [];
  let error: Error | undefined;
  stream.on('data', (bytes) => ready.push(bytes));
  stream.on('error', (found) => (error ??= found));
  const drain = function* (): Generator<Uint8Array, void, undefined> {
    const out = ready;
    ready = [];
    for (const bytes of out) {
      meter.give(bytes.length);
      yield bytes;
    }
    if (error) throw new BadFrame(error.message, isCut(error) ? 'cut' : 'corrupt', error);
  };
  for await (const chunk of packed) {
    meter.take(chunk.length);
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      stream.write(Buffer.from(chunk.subarray(at, at + pieceBytes)));
      yield* drain();
      // A block takes a tenth of a second of this thread: let others in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  stream.end();
  yield* drain();
}

/** The decoder runs into the end of its queue when input is missing. */
function isCut(error: Error): boolean {
  return error instanceof TypeError || error.message.includes('prematurely');
}
