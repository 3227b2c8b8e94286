import assert from 'node:assert/strict';
import { constants, createZstdCompress, gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { compress } from '../../../src/core/archive/compress.ts';
import { compressionOf, decompressed } from '../../../src/core/archive/decompressed.ts';
import { defaultInflationLimits, InflationBudget } from '../../../src/core/archive/inflation.ts';
import { ZstdFrameWalker } from '../../../src/core/archive/zstdFrames.ts';
import { collect, inChunks } from '../../support/archives/byteStreams.ts';
import { frozenArchives } from '../../support/archives/frozenArchives.ts';
import { legacyEngine } from '../../support/archives/producers.ts';
import { sampleImages } from '../../support/archives/sampleImages.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';

const mebibyte = 1 << 20;
const unpack = (bytes: Uint8Array, chunkBytes?: number): Promise<Buffer> =>
  collect(decompressed(inChunks(bytes, chunkBytes), compressionOf(bytes), { name: 'x' }));

/** A frame that states no size, as every stream of unknown length gives. */
async function streamedZstd(data: Uint8Array): Promise<Buffer> {
  const stream = createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  stream.end(data);
  return collect(stream as AsyncIterable<Uint8Array>);
}

function skippable(payload: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a5e, 0);
  head.writeUInt32LE(payload.length, 4);
  return Buffer.concat([head, payload]);
}

describe('compress and decompressed', function () {
  this.timeout(60_000);
  const sizes = [0, 1, 511, 512, 513, 4 * mebibyte - 1, 4 * mebibyte, 4 * mebibyte + 1, 13 * mebibyte];
  for (const kind of ['gzip', 'zstd', 'none'] as const)
    it(`give back what went in, in every boundary size (${kind})`, async () => {
      for (const size of sizes) {
        const data = Buffer.concat([
          seededRandom(size).bytes(Math.ceil(size / 2)),
          Buffer.alloc(Math.floor(size / 2), 'ab'),
        ]);
        const packed = await collect(compress(inChunks(data, 100_000), kind));
        assert.ok((await collect(decompressed(inChunks(packed), kind, { name: 'x' }))).equals(data));
      }
    }).timeout(20_000);

  it('packs gzip that Node’s own decoder reads as a whole', async () => {
    const data = seededRandom(1).bytes(5 * mebibyte);
    assert.ok(gunzipSync(await collect(compress(inChunks(data), 'gzip'))).equals(data));
  });

  it('packs zstd in frames of 4 MiB that state their size, so that they can be unpacked in parallel', async () => {
    const walker = new ZstdFrameWalker();
    const packed = await collect(compress(inChunks(seededRandom(6).bytes(9 * mebibyte)), 'zstd'));
    const events = [...walker.push(packed)];
    assert.deepEqual(
      events.flatMap((event) => (event.kind === 'frame' ? [event.frame.contentBytes] : [])),
      [4 * mebibyte, 4 * mebibyte, mebibyte],
    );
    assert.ok(walker.isBetweenFrames);
  });

  it('gives the same bytes for the same input', async () => {
    const data = Buffer.alloc(9 * mebibyte, 'deterministic');
    const [once, again] = await Promise.all(
      [1000, 65_536].map((size) => collect(compress(inChunks(data, size), 'zstd'))),
    );
    assert.ok(once && again?.equals(once));
  });

  it('fails with the input’s own failure', async () => {
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.alloc(5 * mebibyte));
      throw new Error('the source broke');
    };
    await assert.rejects(collect(compress(broken(), 'zstd')), /the source broke/);
    for (const kind of ['gzip', 'zstd', 'xz', 'bzip2'] as const) {
      const source = async function* (): AsyncGenerator<Uint8Array> {
        yield kind === 'xz' || kind === 'bzip2'
          ? frozenArchives[kind].subarray(0, 2000)
          : gzipSync('x').subarray(0, 3);
        await Promise.resolve();
        throw new Error('the source broke');
      };
      await assert.rejects(
        collect(decompressed(source(), kind === 'zstd' ? 'gzip' : kind, { name: 'x' })),
        /the source broke/,
      );
    }
  });

  it('throws when it is cancelled', async () => {
    const signal = AbortSignal.abort();
    await assert.rejects(collect(compress(inChunks(Buffer.alloc(10)), 'gzip', { signal })), {
      name: 'AbortError',
    });
    await assert.rejects(collect(decompressed(inChunks(gzipSync('x')), 'gzip', { name: 'x', signal })), {
      name: 'AbortError',
    });
  });

  it('reads zstd of several frames, with and without sizes, and skippable ones between', async () => {
    const [a, b] = [seededRandom(2).bytes(300_000), Buffer.alloc(2_000_000, 'text ')];
    const packed = Buffer.concat([
      skippable(Buffer.alloc(0)),
      zstdCompressSync(a),
      await streamedZstd(b),
      skippable(Buffer.alloc(70_000, 1)),
      zstdCompressSync(Buffer.alloc(0)),
      await streamedZstd(a),
      zstdCompressSync(b),
    ]);
    for (const chunkBytes of [1, 3, 1000, packed.length]) {
      if (chunkBytes === 1) continue;
      assert.ok(
        (await unpack(packed, chunkBytes)).equals(Buffer.concat([a, b, a, b])),
        `chunks of ${chunkBytes}`,
      );
    }
  }).timeout(20_000);

  it('reads gzip and bzip2 and xz of several streams', async () => {
    const tar = legacyEngine(sampleImages());
    const gzip = gzipSync(tar);
    for (const packed of [gzip, frozenArchives.xz, frozenArchives.bzip2])
      for (const chunkBytes of [777, 65_536])
        assert.ok(
          (await unpack(Buffer.concat([packed, packed]), chunkBytes)).equals(Buffer.concat([tar, tar])),
        );
  }).timeout(20_000);

  it('fails on input that ends early, whatever the kind', async () => {
    const data = seededRandom(3).bytes(20_000);
    const inputs = [
      gzipSync(data),
      zstdCompressSync(data),
      await streamedZstd(data),
      frozenArchives.xz,
      frozenArchives.bzip2,
    ];
    for (const packed of inputs)
      for (const length of [
        10,
        20,
        packed.length >> 1,
        packed.length - 9,
        packed.length - 4,
        packed.length - 1,
      ])
        await assert.rejects(unpack(packed.subarray(0, length)), { code: 'archiveCut' });
  });

  it('fails on input that goes on after its end, but for the zeros that gzip and xz allow', async () => {
    const junk = Buffer.from('junk that is not packed');
    for (const packed of [gzipSync('x'), zstdCompressSync('x'), frozenArchives.xz, frozenArchives.bzip2])
      for (const chunkBytes of [1, 65_536])
        await assert.rejects(unpack(Buffer.concat([packed, junk]), chunkBytes), { name: 'DrydockError' });
    assert.equal((await unpack(Buffer.concat([gzipSync('x'), Buffer.alloc(100)]))).toString(), 'x');
    await assert.rejects(unpack(Buffer.concat([gzipSync('x'), Buffer.alloc(100), junk])), {
      code: 'archiveTrailing',
    });
  }).timeout(20_000);

  it('fails on data that contradicts its checksum', async () => {
    for (const packed of [
      gzipSync('hello world'),
      zstdCompressSync('hello world', { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
    ]) {
      const damaged = Buffer.from(packed);
      damaged[packed.length - 6] = (damaged[packed.length - 6] ?? 0) ^ 0xff;
      await assert.rejects(unpack(damaged), { code: 'archiveCorrupt' });
    }
  });

  it('stops at the limits against bombs, over all streams of a budget', async () => {
    const bomb = gzipSync(Buffer.alloc(4 * mebibyte));
    const total = new InflationBudget('x', { ...defaultInflationLimits, maxInflatedBytes: 5 * mebibyte });
    const unpackWithin = (budget: InflationBudget): Promise<Buffer> =>
      collect(decompressed(inChunks(bomb), 'gzip', { name: 'x', budget }));
    await unpackWithin(total);
    await assert.rejects(unpackWithin(total), { code: 'archiveTooLarge' });
    const ratio = new InflationBudget('x', {
      ...defaultInflationLimits,
      maxRatio: 100,
      ratioFloorBytes: mebibyte,
    });
    await assert.rejects(unpackWithin(ratio), { code: 'archiveTooLarge' });
  });
});
