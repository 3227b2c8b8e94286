import assert from 'node:assert/strict';
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { Compression } from '../../../src/core/archive/archive.ts';
import { decompressed } from '../../../src/core/archive/decompressed.ts';
import { defaultInflationLimits, InflationBudget } from '../../../src/core/archive/inflation.ts';
import { digestOf } from '../../../src/core/digest.ts';
import { DrydockError } from '../../../src/core/errors.ts';
import { collect, inChunks } from '../../support/archives/byteStreams.ts';
import { frozenArchives } from '../../support/archives/frozenArchives.ts';
import { legacyEngine } from '../../support/archives/producers.ts';
import { sampleImages } from '../../support/archives/sampleImages.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';

const zeroBytes = 8_000_000;
/** Zeros as bzip2(1) and xz(1) pack them. */
const zeros = {
  bzip2: Buffer.from('QlpoOTFBWSZTWSV+h+YAPUZAQMAAAEAACCAAMMwJqmmoqSG1IqSHi7kinChIEr9D8wA=', 'base64'),
  xz: gunzipSync(
    Buffer.from(
      [
        'H4sIAAAAAAACA/trXhURxcDAmKl0z4yJQZFRjIGBoUT/6eL//wUZc2IZGPL//v+/ePt/dzsP0SLLxMAdkzSeLW5j//nuiVzTZf2j',
        'VjaM3hvrTnZ1+eov5r1Zv+xxj7Jg8INIiaOlXY/Kf2ybUs+TdeBeiWfKo5cxwZtYbnx34Vkdz5vr9vLp4bKO7dPC12zzfZgpm//b',
        'u0Mgx+l0h30MQ/8Fv/VqGlMK5W37VR4WzFuuHP9G43Trxakzuuq0Jn5SL/0ueYBthu+MvzfWX53Af0Q1+MfXiWaGrEs3vMs/WODr',
        'znNxouCqtQmyu85tVJeIiWx7mRYUse9l2ZrIJ0+jWTl+Hr+19s/vIO2Ss3LRCk4/7wbb/tBM4bRuOK2Vc3+r9Ycje/XiV/Hbeac5',
        'TRDm+y8w+UdhReQP7rP/p2q48a/8U3Pv9ywDvbAD/a2fmxsPpFLZ6j0e6s8i5v8XYNRmeFMcvPzvvnU1hlLzt/ca5o2cMCDN6kB+',
        '+02jAUZigM0SOc3wbeQFWGDdmwvAYo1hSd3DdAbGR5wNS14w/0n3X2lnwNvNBJJgjIwCANiPQDsIBQAA',
      ].join(''),
      'base64',
    ),
  ),
};
const unpack = (bytes: Uint8Array, kind: Compression, budget?: InflationBudget): Promise<Buffer> =>
  collect(decompressed(inChunks(bytes, 4096), kind, { name: 'x', ...(budget && { budget }) }));

/** Packs numbers into bits, highest first, as bzip2 does. */
function bitsOf(...fields: readonly (readonly [value: number, bits: number])[]): Buffer {
  const text = fields.map(([value, bits]) => value.toString(2).padStart(bits, '0')).join('');
  const bytes = text.padEnd(Math.ceil(text.length / 8) * 8, '0').match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => parseInt(byte, 2)));
}

/** A bzip2 stream with one block over the byte 0: two codes in which 0 and 1 are runs and 2 is the end. */
function bzip2Block({ start = 0, tables = [] as readonly (readonly [number, number])[], data = '' }): Buffer {
  const code = [
    [1, 5],
    [0b0, 1],
    [0b100, 3],
    [0b0, 1],
  ] as const;
  return bitsOf(
    [0x425a6831, 32],
    [0x314159265359, 48],
    [0, 32],
    [0, 1],
    [start, 24],
    [0x8000, 16],
    [0x8000, 16],
    [2, 3],
    [10, 15],
    ...Array.from({ length: 10 }, () => [0, 1] as const),
    ...(tables.length > 0 ? tables : [...code, ...code]),
    ...Array.from(data, (bit) => [Number(bit), 1] as const),
  );
}

describe('Hostile packing', function () {
  this.timeout(60_000);
  const seed = Date.now() % 2 ** 31;
  const tar = legacyEngine(sampleImages());
  const packed: readonly (readonly [Compression, Buffer])[] = [
    ['gzip', gzipSync(tar)],
    ['zstd', zstdCompressSync(tar)],
    ['xz', frozenArchives.xz],
    ['bzip2', frozenArchives.bzip2],
  ];

  for (const [kind, bytes] of packed)
    it(`that was damaged in a bit gives the same bytes, a failure or what a digest tells apart (${kind}, seed ${seed})`, async () => {
      const random = seededRandom(seed);
      let different = 0;
      for (let round = 0; round < 150; round++) {
        const damaged = Buffer.from(bytes);
        const at = random.below(bytes.length);
        damaged[at] = (damaged[at] ?? 0) ^ (1 << random.below(8));
        try {
          if (!(await unpack(damaged, kind)).equals(tar)) different++;
        } catch (error) {
          if (!(error instanceof DrydockError) || error.code === 'unexpected') throw error;
        }
      }
      // Only zstd without a checksum lets damage through.
      if (kind !== 'zstd') assert.equal(different, 0);
    }).timeout(20_000);

  it('that is cut fails at every length (bzip2, xz)', async () => {
    for (const kind of ['bzip2', 'xz'] as const)
      for (let length = 0; length < zeros[kind].length; length += kind === 'xz' ? 31 : 1) {
        if (length === 0) continue;
        await assert.rejects(unpack(zeros[kind].subarray(0, length), kind), { code: 'archiveCut' });
      }
  }).timeout(20_000);

  it('leaves the thread to others while little input unpacks to very much', async () => {
    for (const kind of ['bzip2', 'xz'] as const) {
      let turns = 0;
      let isOver = false;
      const others = (): void => {
        turns++;
        if (!isOver) setImmediate(others);
      };
      setImmediate(others);
      let unpacked = 0;
      const bytes = Buffer.concat(Array.from({ length: 8 }, () => zeros[kind]));
      for await (const out of decompressed(inChunks(bytes), kind, { name: 'x' })) unpacked += out.length;
      isOver = true;
      assert.equal(unpacked, 8 * zeroBytes);
      assert.ok(turns > 2, `${turns} turns (${kind})`);
    }
  }).timeout(20_000);

  it('stops at the limits against bombs, and the next archive can still be read', async () => {
    for (const kind of ['bzip2', 'xz'] as const) {
      const limits = { ...defaultInflationLimits, maxInflatedBytes: 1 << 20 };
      await assert.rejects(unpack(zeros[kind], kind, new InflationBudget('x', limits)), {
        code: 'archiveTooLarge',
      });
      assert.equal((await unpack(zeros[kind], kind)).length, zeroBytes);
    }
  }).timeout(20_000);

  it('never runs on in bzip2 whose runs, tables or places are impossible', async () => {
    const cases: Readonly<Record<string, Buffer>> = {
      'a run of more than any block': bzip2Block({ data: '0'.repeat(200) }),
      'a block without its end': bzip2Block({ data: '10'.repeat(500) + '0'.repeat(100) }),
      'a start outside of the block': bzip2Block({ start: 99_999, data: '0011' }),
      'a table that steps to and fro': bzip2Block({
        tables: [[1, 5], ...Array.from({ length: 400 }, (_, at) => [at % 2 ? 0b11 : 0b10, 2] as const)],
      }),
    };
    for (const [name, bytes] of Object.entries(cases))
      await assert.rejects(
        unpack(Buffer.concat([bytes, Buffer.alloc(4000)]), 'bzip2'),
        { code: 'archiveCorrupt' },
        name,
      );
  });

  it('says what it can’t read: large xz dictionaries, zstd dictionaries and windows', async () => {
    const cases = [
      ['xz', '/Td6WFoAAATm1rRGAgAhASAAAAAJiKV2AQAEaGVsbG8AAAAAsTe52+XaHpsAAR0FuC2Arx+2830BAAAAAARZWg=='],
      ['zstd', 'KLUv/QdYWTjUD0UAABA3CgEAaBKA8j7rPQ=='],
    ] as const;
    for (const [kind, text] of cases)
      await assert.rejects(unpack(Buffer.from(text, 'base64'), kind), {
        code: 'archiveUnsupported',
        message: /dictionary/,
      });
    const window = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00]);
    await assert.rejects(unpack(window, 'zstd'), { code: 'archiveUnsupported', message: /window/ });
  });

  it('closes its input when the reader leaves early', async () => {
    for (const [kind, bytes] of packed) {
      let isClosed = false;
      const input = async function* (): AsyncGenerator<Uint8Array> {
        try {
          yield* inChunks(bytes, 500);
        } finally {
          isClosed = true;
        }
      };
      const out = decompressed(input(), kind, { name: 'x' });
      assert.equal((await out.next()).done, false);
      await out.return();
      assert.ok(isClosed, kind);
    }
  });

  it('can be cancelled while another archive has the xz decoder', async () => {
    const first = decompressed(inChunks(zeros.xz), 'xz', { name: 'first' });
    await first.next();
    const cancel = new AbortController();
    const second = decompressed(inChunks(frozenArchives.xz), 'xz', { name: 'second', signal: cancel.signal });
    const waiting = second.next();
    cancel.abort();
    await assert.rejects(waiting, { name: 'AbortError' });
    await first.return();
    assert.equal(digestOf(await unpack(frozenArchives.xz, 'xz')), digestOf(tar));
  });
});
