import { BadFrame } from './badFrame.ts';
import { BitReader } from './bitReader.ts';
import { readBzip2Block } from './bzip2Block.ts';
import type { InflationMeter } from './inflation.ts';
import { Pacer } from './pacer.ts';

const blockMagic = [0x314159, 0x265359] as const;
/** Of 64 KiB each. */
const mostHeldPieces = 64;
const endMagic = [0x177245, 0x385090] as const;

/**
 * Unpacks bzip2 of one or many streams; what follows the last one must be another. Works on this thread in steps of
 * some milliseconds, with flat memory: some MiB for one block.
 */
export async function* unbzip2(
  packed: AsyncIterable<Uint8Array>,
  meter: InflationMeter,
): AsyncGenerator<Uint8Array, void, undefined> {
  const bits = new BitReader(packed, meter);
  const pacer = new Pacer();
  try {
    let isFirst = true;
    do {
      for await (const out of readStream(bits, pacer, isFirst)) {
        meter.give(out.length);
        yield out;
      }
      isFirst = false;
    } while (await bits.hasMore());
  } finally {
    await bits.close();
  }
}

async function* readStream(
  bits: BitReader,
  pacer: Pacer,
  isFirst: boolean,
): AsyncGenerator<Uint8Array, void, undefined> {
  await bits.want(4);
  const level = bits.take(24) === 0x425a68 ? bits.take(8) - 0x30 : 0;
  if (level < 1 || level > 9)
    throw new BadFrame(
      isFirst ? 'it is not a bzip2 stream' : 'data after the end of its bzip2 stream',
      'junk',
    );
  const links = new Uint32Array(level * 100_000);
  let combined = 0;
  for (;;) {
    await bits.want(16);
    const magic = [bits.take(24), bits.take(24)];
    const stated = (bits.take(16) << 16) | bits.take(16);
    if (magic[0] === endMagic[0] && magic[1] === endMagic[1]) {
      if (stated !== combined) throw wrongChecksum();
      bits.align();
      return;
    }
    if (magic[0] !== blockMagic[0] || magic[1] !== blockMagic[1])
      throw new BadFrame('a bzip2 block does not start where one should', 'corrupt');
    const found = yield* checkedBlock(readBzip2Block(bits, links, pacer), stated);
    combined = ((combined << 1) | (combined >>> 31)) ^ found;
  }
}

/** Holds a block's output back until its checksum is known; a block of long runs, which may be very large, is not. */
async function* checkedBlock(
  block: AsyncGenerator<Uint8Array, number, undefined>,
  stated: number,
): AsyncGenerator<Uint8Array, number, undefined> {
  const held: Uint8Array[] = [];
  let next = await block.next();
  for (; next.done !== true; next = await block.next()) {
    held.push(next.value);
    if (held.length > mostHeldPieces) yield held.shift() ?? next.value;
  }
  if (next.value !== stated) throw wrongChecksum();
  yield* held;
  return stated;
}

function wrongChecksum(): BadFrame {
  return new BadFrame('its bzip2 checksum is wrong', 'corrupt');
}
