import { BadFrame } from './badFrame.ts';
import type { BitReader } from './bitReader.ts';

/** A canonical Huffman code: the codes of one length are consecutive numbers. */
export interface Bzip2Code {
  readonly shortest: number;
  /** By length: one more than the largest code of this length. */
  readonly limits: Int32Array;
  /** By length: what to take from a code to get its place in `symbols`. */
  readonly firsts: Int32Array;
  readonly symbols: Uint16Array;
}

export interface Bzip2Codes {
  /** The bytes that occur in the block, ascending. */
  readonly bytes: Uint8Array;
  readonly codes: readonly Bzip2Code[];
  /** Which code each group of symbols uses. */
  readonly selectors: Uint8Array;
}

const longestCode = 20;
/** What 900,000 symbols in groups of 50 need, and two; encoders may write more, which are never used. */
const mostSelectors = 18_002;

/** Reads the tables of a block: the bytes it uses, its codes and which of them each group uses. */
export async function readBzip2Codes(bits: BitReader): Promise<Bzip2Codes> {
  await bits.want(64);
  const bytes = readUsedBytes(bits);
  const codeCount = bits.take(3);
  const selectorCount = bits.take(15);
  if (bytes.length === 0 || codeCount < 2 || codeCount > 6 || selectorCount === 0) throw badTables();
  const selectors = await readSelectors(bits, codeCount, selectorCount);
  const codes: Bzip2Code[] = [];
  for (let at = 0; at < codeCount; at++) codes.push(await readCode(bits, bytes.length + 2));
  return { bytes, codes, selectors };
}

function readUsedBytes(bits: BitReader): Uint8Array {
  const rows = bits.take(16);
  const bytes: number[] = [];
  for (let row = 0; row < 16; row++) {
    if ((rows & (0x8000 >> row)) === 0) continue;
    const columns = bits.take(16);
    for (let column = 0; column < 16; column++)
      if ((columns & (0x8000 >> column)) !== 0) bytes.push(16 * row + column);
  }
  return Uint8Array.from(bytes);
}

/** Selectors are written as places in a list whose last used member moves to the front. */
async function readSelectors(bits: BitReader, codeCount: number, count: number): Promise<Uint8Array> {
  const front = Array.from({ length: codeCount }, (_, code) => code);
  const selectors = new Uint8Array(Math.min(count, mostSelectors));
  for (let at = 0; at < count; at++) {
    if (bits.readyBytes < 2) await bits.want(2);
    let place = 0;
    while (bits.take(1) === 1) if (++place >= codeCount) throw badTables();
    const [code = 0] = front.splice(place, 1);
    front.unshift(code);
    if (at < selectors.length) selectors[at] = code;
  }
  return selectors;
}

/** Lengths are written as steps up or down from the one before. */
async function readCode(bits: BitReader, symbolCount: number): Promise<Bzip2Code> {
  await bits.want(1);
  const lengths = new Uint8Array(symbolCount);
  let length = bits.take(5);
  for (let symbol = 0; symbol < symbolCount; symbol++) {
    // No length is further away than 20 steps; a table that steps to and fro would never end.
    let steps = 0;
    for (;;) {
      if (length < 1 || length > longestCode || ++steps > 2 * longestCode) throw badTables();
      if (bits.readyBytes < 2) await bits.want(2);
      if (bits.take(1) === 0) break;
      length += bits.take(1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  return codeOf(lengths);
}

function codeOf(lengths: Uint8Array): Bzip2Code {
  const counts = new Int32Array(longestCode + 1);
  for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1;
  const shortest = Math.min(...lengths);
  const longest = Math.max(...lengths);
  const limits = new Int32Array(longest + 1);
  const firsts = new Int32Array(longest + 1);
  let code = 0;
  let place = 0;
  for (let length = shortest; length <= longest; length++) {
    firsts[length] = code - place;
    code += counts[length] ?? 0;
    place += counts[length] ?? 0;
    limits[length] = code;
    code <<= 1;
  }
  const order = Array.from(lengths, (_, symbol) => symbol);
  order.sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || a - b);
  return { shortest, limits, firsts, symbols: Uint16Array.from(order) };
}

function badTables(): BadFrame {
  return new BadFrame('the tables of a bzip2 block are wrong', 'corrupt');
}
