import { BadFrame } from './badFrame.ts';
import type { BitReader } from './bitReader.ts';
import { readBzip2Codes } from './bzip2Codes.ts';
import type { Bzip2Code } from './bzip2Codes.ts';
import type { Pacer } from './pacer.ts';

const symbolsPerGroup = 50;
/** Codes have at most 20 bits. */
const groupBytes = Math.ceil((symbolsPerGroup * 20) / 8) + 4;
/** Positions that are worked off between two looks at the clock. */
const sliceLength = 1 << 15;
const outputBytes = 1 << 16;

const crcTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc;
});

/**
 * Unpacks one block whose magic and checksum have been read, and returns the checksum of what came out.
 *
 * 1. Huffman codes, runs and move-to-front give the last column of the sorted rotations, and how often each byte
 *    occurs. 2. From those follow the links from each position to the next. 3. They are walked from the start; four
 *    equal bytes are followed by a count of more of them.
 *
 * `links` is scratch space as long as the block may be.
 */
export async function* readBzip2Block(
  bits: BitReader,
  links: Uint32Array,
  pacer: Pacer,
): AsyncGenerator<Uint8Array, number, undefined> {
  if (bits.take(1) !== 0) throw new BadFrame('randomised bzip2 blocks', 'unsupported');
  const start = bits.take(24);
  const counts = new Uint32Array(256);
  const length = await readColumn(bits, links, counts, pacer);
  if (start >= length) throw new BadFrame('a bzip2 block starts outside itself', 'corrupt');
  await linkPositions(links, counts, length, pacer);
  return yield* walkPositions(links, start, length, pacer);
}

async function readColumn(
  bits: BitReader,
  column: Uint32Array,
  counts: Uint32Array,
  pacer: Pacer,
): Promise<number> {
  const { bytes: front, codes, selectors } = await readBzip2Codes(bits);
  const endSymbol = front.length + 1;
  let length = 0;
  let run = 0;
  let weight = 1;
  for (const selector of selectors) {
    if (bits.readyBytes < groupBytes) await bits.want(groupBytes);
    if (pacer.isDue) await pacer.pause();
    const code = codes[selector];
    if (code === undefined) break;
    for (let at = 0; at < symbolsPerGroup; at++) {
      const symbol = nextSymbol(bits, code);
      if (symbol <= 1) {
        run += weight << symbol;
        weight *= 2;
        if (length + run > column.length) throw tooLong();
        continue;
      }
      if (run > 0) {
        const byte = front[0] ?? 0;
        column.fill(byte, length, length + run);
        counts[byte] = (counts[byte] ?? 0) + run;
        length += run;
        run = 0;
        weight = 1;
      }
      if (symbol === endSymbol) return length;
      if (length >= column.length) throw tooLong();
      const place = symbol - 1;
      const byte = front[place] ?? 0;
      front.copyWithin(1, 0, place);
      front[0] = byte;
      column[length++] = byte;
      counts[byte] = (counts[byte] ?? 0) + 1;
    }
  }
  throw new BadFrame('a bzip2 block without its end', 'corrupt');
}

function nextSymbol(bits: BitReader, { shortest, limits, firsts, symbols }: Bzip2Code): number {
  let value = bits.take(shortest);
  for (let length = shortest; length < limits.length; length++) {
    if (value < (limits[length] ?? 0)) {
      const symbol = symbols[value - (firsts[length] ?? 0)];
      if (symbol !== undefined) return symbol;
      break;
    }
    value = (value << 1) | bits.take(1);
  }
  throw new BadFrame('a bzip2 code that stands for nothing', 'corrupt');
}

/** Puts into the upper 24 bits of each place the place that comes after it. */
async function linkPositions(
  links: Uint32Array,
  counts: Uint32Array,
  length: number,
  pacer: Pacer,
): Promise<void> {
  const next = new Uint32Array(256);
  for (let byte = 1; byte < 256; byte++) next[byte] = (next[byte - 1] ?? 0) + (counts[byte - 1] ?? 0);
  for (let from = 0; from < length; from += sliceLength) {
    const to = Math.min(length, from + sliceLength);
    for (let at = from; at < to; at++) {
      const byte = (links[at] ?? 0) & 0xff;
      const place = next[byte] ?? 0;
      links[place] = (links[place] ?? 0) | (at << 8);
      next[byte] = place + 1;
    }
    await pacer.pause();
  }
}

async function* walkPositions(
  links: Uint32Array,
  start: number,
  length: number,
  pacer: Pacer,
): AsyncGenerator<Uint8Array, number, undefined> {
  let crc = -1;
  let place = (links[start] ?? 0) >>> 8;
  let equal = 0;
  let before = -1;
  let output = Buffer.allocUnsafe(outputBytes);
  let fill = 0;
  for (let left = length; left > 0; left--) {
    const link = links[place] ?? 0;
    place = link >>> 8;
    const byte = link & 0xff;
    let repeat = 1;
    let value = byte;
    if (equal === 4) {
      repeat = byte;
      value = before;
      equal = 0;
      before = -1;
    } else {
      equal = byte === before ? equal + 1 : 1;
      before = byte;
    }
    for (; repeat > 0; repeat--) {
      crc = (crc << 8) ^ (crcTable[(crc >>> 24) ^ value] ?? 0);
      output[fill++] = value;
    }
    if (fill > outputBytes - 256) {
      yield output.subarray(0, fill);
      output = Buffer.allocUnsafe(outputBytes);
      fill = 0;
      await pacer.pause();
    }
  }
  if (fill > 0) yield output.subarray(0, fill);
  return ~crc;
}

function tooLong(): BadFrame {
  return new BadFrame('a bzip2 block is larger than its stream allows', 'corrupt');
}
