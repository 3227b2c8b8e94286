import { hash } from 'node:crypto';
import { Pacer } from '../archive/pacer.ts';
import { blockBytes, type TarEntry } from '../archive/tarHeader.ts';
import { TarScanner } from '../archive/tarScanner.ts';
import { tarEnd } from '../archive/tarWriter.ts';
import { failure } from '../errors.ts';

/** How large parts get, in bytes of the tar. */
export interface CutSizes {
  /** No part but one beside a large file is smaller. A third of what a part has on average beyond that. */
  readonly minBytes: number;
  /** What {@link minBytes} grows to at most, far behind the start. */
  readonly grownMinBytes: number;
  /** A file of this size is a part of its own. */
  readonly largeBytes: number;
}

const mebibyte = 1 << 20;
/** Parts of 8 MiB up to half a GiB, and of 64 MiB from 4 GiB on. */
export const usualCut: CutSizes = {
  minBytes: 2 * mebibyte,
  grownMinBytes: 16 * mebibyte,
  largeBytes: 32 * mebibyte,
};
/** The smallest size of a part grows to this share of what comes before it. */
const grownShare = 1 / 256;
/** What a part has on average beyond its smallest size, in smallest sizes. */
const meanFactor = 3;

export interface CutOptions {
  /** What failures call the tar. */
  readonly name: string;
  readonly sizes?: CutSizes;
  /** Told of every entry when its header has come: who is asked for where a tar broke off needs that. */
  readonly onEntry?: (entry: TarEntry) => void;
}

/** Entries are scanned in steps of this size, so that a piece with thousands of small files blocks nobody. */
const stepBytes = 1 << 16;

/**
 * Cuts a tar between entries into whole tars of their own. The bytes of entries stay as they came; each part ends
 * with two zero blocks. Parts must be read one after another and to their ends.
 *
 * Where a part starts depends on the path and size of the entry there and on how far the last start is, so that an
 * unchanged stretch of a volume is cut the same way again: an entry starts a part
 * 1. if it is a large file, or follows one, or
 * 2. if the part has its smallest size, and the hash of its path is below a bound that grows with its size. So the
 *    chance of a cut is the same for every byte, whether files are many or big.
 *
 * Small volumes are cut finely, so that little is stored again; in large ones parts grow with the distance from the
 * start, so that they stay some hundreds. A bound that is met for large parts is met for small ones: where bytes came
 * or went before it, the next cut is the same again.
 */
export async function* cutTar(
  bytes: AsyncIterable<Uint8Array>,
  options: CutOptions,
): AsyncGenerator<AsyncIterable<Uint8Array>, void, undefined> {
  const pieces = cutPieces(bytes, options);
  const state: { hasMore: boolean } = { hasMore: true };
  async function* part(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const next = await pieces.next();
      if (next.done === true) state.hasMore = false;
      if (next.done === true || next.value === 'cut') break;
      yield next.value;
    }
    yield tarEnd;
  }
  try {
    while (state.hasMore) yield part();
  } finally {
    await pieces.return();
  }
}

/** The tar without its end, and a mark where a part starts. */
async function* cutPieces(
  bytes: AsyncIterable<Uint8Array>,
  { name, sizes = usualCut, onEntry }: CutOptions,
): AsyncGenerator<Uint8Array | 'cut', void, undefined> {
  const scanner = new TarScanner(name);
  const pacer = new Pacer();
  const rule = new CutRule(sizes);
  /** Bytes that came and may belong to an entry whose header is not complete. */
  let held: Buffer = Buffer.alloc(0);
  let heldFrom = 0;
  let lastEnd = 0;
  for await (const chunk of bytes) {
    for (let from = 0; from < chunk.length; from += stepBytes) {
      const step = chunk.subarray(from, from + stepBytes);
      held = held.length === 0 ? viewOf(step) : Buffer.concat([held, step]);
      const cuts: number[] = [];
      for (const event of scanner.push(step)) {
        if (event.kind !== 'entry') continue;
        const { entry } = event;
        // A header between entries would hold for all later ones, and no part could be read without the first.
        if (entry.headerOffset !== lastEnd)
          throw failure('archiveUnsupported', { name, what: 'global header records' });
        lastEnd = paddedEnd(entry);
        if (rule.startsPart(entry)) cuts.push(entry.headerOffset);
        onEntry?.(entry);
      }
      for (const cut of cuts) {
        if (cut > heldFrom) yield held.subarray(0, cut - heldFrom);
        held = held.subarray(cut - heldFrom);
        heldFrom = cut;
        yield 'cut';
      }
      const decided = Math.min(held.length, lastEnd - heldFrom);
      if (decided > 0) yield held.subarray(0, decided);
      held = held.subarray(decided);
      heldFrom += decided;
      if (pacer.isDue) await pacer.pause();
    }
  }
  scanner.finish();
}

class CutRule {
  readonly #sizes: CutSizes;
  #partStart = 0;
  #wasLarge = false;

  constructor(sizes: CutSizes) {
    this.#sizes = sizes;
  }

  startsPart(entry: TarEntry): boolean {
    const { largeBytes } = this.#sizes;
    const minBytes = this.#minBytesAt(entry.headerOffset);
    const spanBytes = paddedEnd(entry) - entry.headerOffset;
    const isLarge = entry.sizeBytes >= largeBytes;
    const isForced = isLarge || this.#wasLarge;
    this.#wasLarge = isLarge;
    if (entry.headerOffset === 0) return false;
    const isDue =
      entry.headerOffset - this.#partStart >= minBytes &&
      hash('sha256', entry.rawPath ?? entry.path, 'buffer').readUInt32BE(0) <
        (2 ** 32 * spanBytes) / (minBytes * meanFactor);
    if (isForced || isDue) this.#partStart = entry.headerOffset;
    return isForced || isDue;
  }

  #minBytesAt(offset: number): number {
    const { minBytes, grownMinBytes } = this.#sizes;
    return Math.min(Math.max(minBytes, offset * grownShare), grownMinBytes);
  }
}

function paddedEnd(entry: TarEntry): number {
  return entry.dataOffset + Math.ceil(entry.sizeBytes / blockBytes) * blockBytes;
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
