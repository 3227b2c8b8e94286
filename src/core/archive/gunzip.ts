import { createGunzip } from 'node:zlib';
import { BadFrame } from './badFrame.ts';
import type { InflationMeter } from './inflation.ts';
import { ZlibSteps } from './zlibSteps.ts';

/**
 * Unpacks gzip of one or many members. Zeros after the last one are padding, as for gzip(1); anything else there
 * is an error, which Node alone would not report.
 */
export async function* gunzip(
  packed: AsyncIterable<Uint8Array>,
  meter: InflationMeter,
): AsyncGenerator<Uint8Array, void, undefined> {
  const steps = new ZlibSteps(createGunzip({ chunkSize: 1 << 18 }));
  let fedBytes = 0;
  let lastNonZero = -1;
  try {
    for await (const chunk of packed) {
      meter.take(chunk.length);
      const last = lastNonZeroIn(chunk);
      if (last >= 0) lastNonZero = fedBytes + last;
      fedBytes += chunk.length;
      if (steps.hasEnded) continue;
      for await (const out of steps.feed(chunk)) {
        meter.give(out.length);
        yield out;
      }
    }
    for await (const out of steps.end()) {
      meter.give(out.length);
      yield out;
    }
    if (lastNonZero >= steps.takenBytes) throw new BadFrame('data after the end of its gzip stream', 'junk');
  } finally {
    steps.destroy();
  }
}

function lastNonZeroIn(chunk: Uint8Array): number {
  let at = chunk.length - 1;
  while (at >= 0 && chunk[at] === 0) at--;
  return at;
}
