import assert from 'node:assert/strict';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { tarEnd, tarFile, tarHeader } from '../../../src/core/archive/tarWriter.ts';
import { digestOf } from '../../../src/core/digest.ts';
import { putDocument, type BlobStore } from '../../../src/core/vault/blobStore.ts';
import { readLayer, readRange } from '../../../src/core/vault/frames.ts';
import { keepLayer, type KeptBlob } from '../../../src/core/vault/keepLayer.ts';
import { layerEntries, openLayerIndex } from '../../../src/core/vault/layerIndex.ts';
import { memoryStore } from '../../../src/core/vault/memoryStore.ts';
import { writeLayer, type WrittenLayer } from '../../../src/core/vault/writeLayer.ts';
import { collect, inChunks } from '../../support/archives/byteStreams.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';

const mebibyte = 1 << 20;
const tar = Buffer.concat([
  tarFile('first', seededRandom(1).bytes(5 * mebibyte)),
  tarFile('second', seededRandom(2).bytes(4 * mebibyte)),
  tarEnd,
]);

const small = Buffer.concat([tarFile('only', 'data'), tarEnd]);

async function pathsOf(store: BlobStore, { index }: WrittenLayer): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const { path } of layerEntries(store, index)) paths.push(path);
  return paths;
}

const keep = (store: BlobStore, bytes: Buffer, compression: 'none' | 'gzip' | 'zstd'): Promise<KeptBlob> =>
  keepLayer(store, {
    bytes: inChunks(bytes),
    name: 'layer',
    compression,
    expectedDigest: digestOf(bytes),
    listCompression: 'zstd',
  });

describe('a layer that is kept as it came', function () {
  this.timeout(20_000);
  const packed = { none: tar, gzip: gzipSync(tar), zstd: zstdCompressSync(tar) } as const;
  for (const compression of ['none', 'gzip', 'zstd'] as const)
    it(`keeps its digest, and gives its entries and any range (${compression})`, async () => {
      const store = memoryStore();
      const { digest, layer } = await keep(store, packed[compression], compression);
      assert.ok(layer);
      assert.equal(digest, digestOf(packed[compression]));
      assert.equal(layer.index.diffId, digestOf(tar));
      assert.deepEqual(await openLayerIndex(store, layer.table), layer.index);
      assert.deepEqual(await pathsOf(store, layer), ['first', 'second']);
      assert.ok((await collect(readLayer(store, layer.index))).equals(tar));
      const [start, end] = [5 * mebibyte + 700, 8 * mebibyte];
      assert.ok(
        (await collect(readRange(store, layer.index, { start, end }))).equals(tar.subarray(start, end)),
      );
    });

  const half = 4 * mebibyte;
  const skippable = Buffer.from('502a4d180400000000000000', 'hex');
  const inPieces = {
    'zstd in frames': Buffer.concat([
      zstdCompressSync(tar.subarray(0, half)),
      skippable,
      zstdCompressSync(tar.subarray(half)),
    ]),
    'gzip in members': Buffer.concat([gzipSync(tar.subarray(0, half)), gzipSync(tar.subarray(half))]),
    'gzip in small members': Buffer.concat([gzipSync(small.subarray(0, 700)), gzipSync(small.subarray(700))]),
  } as const;
  for (const [what, bytes] of Object.entries(inPieces))
    it(`counts as one frame whatever is in it, and shows damage of its last bytes (${what})`, async () => {
      const store = memoryStore();
      const compression = what.startsWith('zstd') ? 'zstd' : 'gzip';
      const whole = what.includes('small') ? small : tar;
      const { digest, layer } = await keep(store, bytes, compression);
      assert.ok(layer);
      const { index } = layer;
      assert.deepEqual(index.frames, [{ storedBytes: bytes.length, plainBytes: whole.length }]);
      assert.ok((await collect(readLayer(store, index))).equals(whole));
      for (const [start, end] of [
        [0, 10],
        [650, 800],
        [whole.length - 600, whole.length + 5],
      ] as const)
        assert.ok(
          (await collect(readRange(store, index, { start, end }))).equals(whole.subarray(start, end)),
        );
      const flipped = Buffer.from(bytes);
      flipped[bytes.length - 6] = (flipped[bytes.length - 6] ?? 0) ^ 1;
      const damaged: BlobStore = {
        ...store,
        open: (of, options) =>
          of === digest
            ? inChunks(flipped.subarray(options?.range?.start, options?.range?.end))
            : store.open(of, options),
      };
      await assert.rejects(collect(readLayer(damaged, index)), { code: 'blobDamaged' });
    });

  it('is kept as a blob where it is no tar, and says why it is no layer', async () => {
    const store = memoryStore();
    for (const bytes of [
      Buffer.from('{"_type":"in-toto"}'),
      seededRandom(3).bytes(100_000),
      tar.subarray(0, 9000),
    ]) {
      const { digest, layer, failure } = await keep(store, bytes, 'none');
      assert.equal(layer, undefined);
      assert.match(failure?.code ?? '', /^archive/);
      assert.ok((await collect(store.open(digest))).equals(bytes));
    }
  });

  it('is not stored when it comes with another digest, or its source fails', async () => {
    const store = memoryStore();
    const input = { name: 'layer', compression: 'none', listCompression: 'zstd' } as const;
    const wrong = keepLayer(store, { ...input, bytes: inChunks(tar), expectedDigest: digestOf('other') });
    await assert.rejects(wrong, { code: 'blobMismatch' });
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(tar.subarray(0, 9000));
      throw new Error('cut');
    };
    await assert.rejects(
      keepLayer(store, { ...input, bytes: failing(), expectedDigest: digestOf(tar) }),
      /cut/,
    );
    assert.equal(await store.stat(digestOf(tar)), undefined);
  });
});

describe('a layer that is stored unpacked', function () {
  this.timeout(20_000);
  it('lies in the vault as its tar', async () => {
    const store = memoryStore();
    const layer = await writeLayer(store, { bytes: inChunks(tar), name: 'layer', compression: 'none' });
    assert.equal(layer.index.digest, layer.index.diffId);
    assert.deepEqual(await pathsOf(store, layer), ['first', 'second']);
    assert.ok((await collect(readLayer(store, layer.index))).equals(tar));
    const range = { start: 600, end: 700 };
    assert.ok((await collect(readRange(store, layer.index, range))).equals(tar.subarray(600, 700)));
  });
});

describe('gzip members that are unpacked side by side', function () {
  this.timeout(20_000);
  it('show damage, a wrong size in their table, and a missing or additional member', async () => {
    const store = memoryStore();
    const { index } = await writeLayer(store, { bytes: inChunks(tar), name: 'layer', compression: 'gzip' });
    const [first, second, third] = index.frames;
    assert.ok(first && second && third);
    const stored = await collect(store.open(index.digest));
    const flipped = Buffer.from(stored);
    flipped[first.storedBytes + 100] = (flipped[first.storedBytes + 100] ?? 0) ^ 1;
    const { digest, sizeBytes } = await putDocument(store, flipped);
    const all = { start: 0, end: tar.length };
    const tables = [
      { ...index, digest, sizeBytes },
      { ...index, frames: [first, { ...second, plainBytes: second.plainBytes - 1 }, third] },
      { ...index, frames: [first, { ...second, plainBytes: second.plainBytes + 1 }, third] },
      { ...index, frames: [{ ...first, storedBytes: first.storedBytes - 1 }, second, third] },
      { ...index, frames: [first, second] },
    ];
    for (const table of tables.slice(0, 4))
      await assert.rejects(collect(readRange(store, table, all)), { code: 'blobDamaged' });
    for (const table of tables)
      await assert.rejects(collect(readLayer(store, table)), { code: 'blobDamaged' });
    const last = { start: tar.length - 10, end: tar.length };
    assert.ok(
      (await collect(readRange(store, { ...index, digest, sizeBytes }, last))).equals(tar.subarray(-10)),
    );
  });
});

describe('the list of a layer’s entries', () => {
  it('keeps a link’s target that is no text', async () => {
    const header = Buffer.from(tarHeader({ path: 'link', type: 'symlink', linkPath: 'txx', sizeBytes: 0 }));
    Buffer.from([0x74, 0xff, 0xfe]).copy(header, 157);
    header.fill(0x20, 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    const store = memoryStore();
    const bytes = inChunks(Buffer.concat([header, tarEnd]));
    const { index } = await writeLayer(store, { bytes, name: 'layer', compression: 'zstd' });
    for await (const { link, rawLink } of layerEntries(store, index)) {
      assert.equal(link, 't\ufffd\ufffd');
      assert.deepEqual(Buffer.from(rawLink ?? '', 'base64'), Buffer.from([0x74, 0xff, 0xfe]));
    }
  });
});
