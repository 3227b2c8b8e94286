import { constants, createZstdDecompress, zstdDecompress } from 'node:zlib';
import { promisify } from 'node:util';
import { BadFrame } from './badFrame.ts';
import type { InflationMeter } from './inflation.ts';
import { Pacer } from './pacer.ts';
import { ZlibSteps } from './zlibSteps.ts';
import { ZstdFrameWalker } from './zstdFrames.ts';
import type { ZstdFrame } from './zstdFrames.ts';

const unpackFrame = promisify<Uint8Array, { maxOutputLength: number; chunkSize: number }, Buffer>(
  zstdDecompress,
);
const mebibyte = 1 << 20;
/** Frames up to this size are unpacked whole, several at once, on the thread pool. */
const wholeFrameBytes = 8 * mebibyte;
const framesInFlight = 4;
/** What zstd itself accepts without `--long`. */
const maxWindowBytes = 128 * mebibyte;

/**
 * Unpacks zstd of one or many frames, skippable ones included.
 *
 * 1. Walk the frames; each is unpacked on its own, since Node drops what follows the first.
 * 2. A frame that states a small size is collected and unpacked on the thread pool while the next ones are read;
 *    results come out in order, and no more than a few are in flight.
 * 3. Any other frame is fed to a decoder of its own as it comes, after what is in flight has come out.
 */
export async function* unzstd(
  packed: AsyncIterable<Uint8Array>,
  meter: InflationMeter,
): AsyncGenerator<Uint8Array, void, undefined> {
  const walker = new ZstdFrameWalker();
  const pacer = new Pacer();
  const inFlight: Promise<Buffer>[] = [];
  let frame: ZstdFrame | undefined;
  let pieces: Uint8Array[] = [];
  let collected = 0;
  let steps: ZlibSteps | undefined;
  const feed = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    const bytes = Buffer.concat(pieces);
    pieces = [];
    collected = 0;
    if (steps === undefined || bytes.length === 0) return;
    for await (const out of steps.feed(bytes)) {
      meter.give(out.length);
      yield out;
    }
  };
  const next = async (): Promise<Buffer> => {
    const out = await (inFlight.shift() ?? Promise.resolve(Buffer.alloc(0)));
    meter.give(out.length);
    return out;
  };
  try {
    for await (const chunk of packed) {
      meter.take(chunk.length);
      for (const event of walker.push(chunk)) {
        if (event.kind === 'frame') {
          frame = event.frame;
          pieces = [];
          collected = 0;
          if (frame.dictionaryId !== 0) throw new BadFrame('a zstd dictionary', 'unsupported');
          if (frame.windowBytes > maxWindowBytes && !isWhole(frame))
            throw new BadFrame(`a zstd window of ${frame.windowBytes} bytes`, 'unsupported');
          if (!frame.isSkippable && !isWhole(frame)) {
            while (inFlight.length > 0) yield await next();
            steps = new ZlibSteps(
              createZstdDecompress({
                chunkSize: mebibyte / 4,
                params: { [constants.ZSTD_d_windowLogMax]: 27 },
              }),
            );
          }
        } else if (event.kind === 'piece') {
          if (frame?.isSkippable) continue;
          collected += event.bytes.length;
          if (steps) {
            // Blocks may have a few bytes each, and every trip to the decoder costs.
            pieces.push(event.bytes);
            if (collected >= mebibyte) yield* feed();
          } else {
            // Copied: the chunk may be large, and only a part of it is this frame's.
            pieces.push(Buffer.from(event.bytes));
            if (collected > wholeFrameBytes + mebibyte)
              throw new BadFrame('a zstd frame is larger than its content', 'corrupt');
          }
        } else if (steps) {
          yield* feed();
          for await (const out of steps.end()) {
            meter.give(out.length);
            yield out;
          }
          steps.destroy();
          steps = undefined;
        } else if (frame && !frame.isSkippable) {
          const contentBytes = frame.contentBytes ?? 0;
          const work = unpackFrame(Buffer.concat(pieces), {
            maxOutputLength: contentBytes + 1,
            chunkSize: Math.max(64, contentBytes + 1),
          });
          // The failure is thrown where the result is awaited; until then it must not count as unhandled.
          work.catch(() => undefined);
          inFlight.push(work);
          pieces = [];
          if (inFlight.length >= framesInFlight) yield await next();
        }
        if (pacer.isDue) await pacer.pause();
      }
      if (steps) yield* feed();
    }
    while (inFlight.length > 0) yield await next();
    if (!walker.isBetweenFrames) throw new BadFrame('it ends inside a zstd frame', 'cut');
  } finally {
    steps?.destroy();
    await Promise.allSettled(inFlight);
  }
}

function isWhole(frame: ZstdFrame): boolean {
  return frame.contentBytes !== undefined && frame.contentBytes <= wholeFrameBytes;
}
