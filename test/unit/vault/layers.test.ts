import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { tarEnd, tarFile, tarHeader, tarPadding } from '../../../src/core/archive/tarWriter.ts';
import { digestOf, hexOf } from '../../../src/core/digest.ts';
import { reasonOf } from '../../../src/core/errors.ts';
import type { BlobStore } from '../../../src/core/vault/blobStore.ts';
import { putDocument } from '../../../src/core/vault/blobStore.ts';
import { folderStore } from '../../../src/core/vault/folderStore.ts';
import { readLayer, readRange } from '../../../src/core/vault/frames.ts';
import {
  findLayerEntry,
  layerEntries,
  layerIndexBytes,
  openLayerIndex,
  parseLayerIndex,
} from '../../../src/core/vault/layerIndex.ts';
import type { LayerEntry } from '../../../src/core/vault/layerEntry.ts';
import { memoryStore } from '../../../src/core/vault/memoryStore.ts';
import { writeLayer, type WrittenLayer } from '../../../src/core/vault/writeLayer.ts';
import { collect, inChunks } from '../../support/archives/byteStreams.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';
import { writeOddTar } from '../../support/oddTar.ts';
import { bareVaultFolders, temporaryFolder } from '../../support/vaultFolder.ts';

const mebibyte = 1 << 20;
const seed = 20_261_121;

/** A tar of one file whose size brings the whole to `totalBytes`, or of nothing for 1024. */
function tarOf(totalBytes: number): Buffer {
  if (totalBytes === 1024) return Buffer.from(tarEnd);
  const content = seededRandom(seed + totalBytes).bytes(totalBytes - 3 * 512);
  return Buffer.concat([tarFile('data', content), tarEnd]);
}

async function all(entries: AsyncIterable<LayerEntry>): Promise<LayerEntry[]> {
  const found: LayerEntry[] = [];
  for await (const entry of entries) found.push(entry);
  return found;
}

async function blobsOf(store: BlobStore): Promise<number> {
  let count = 0;
  for await (const blob of store.list()) count += blob.sizeBytes >= 0 ? 1 : 0;
  return count;
}

describe(`layers in a vault (seed ${seed})`, function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const write = (
    store: BlobStore,
    tar: Uint8Array,
    compression: 'zstd' | 'gzip' = 'zstd',
  ): Promise<WrittenLayer> => writeLayer(store, { bytes: inChunks(tar), name: 'layer', compression });

  for (const compression of ['zstd', 'gzip'] as const)
    for (const size of [1024, 2048, 4 * mebibyte - 512, 4 * mebibyte, 4 * mebibyte + 512, 9 * mebibyte])
      it(`come back as they were, ${size} bytes in ${compression}`, async () => {
        const store = memoryStore();
        const tar = tarOf(size);
        const { index, table } = await write(store, tar, compression);
        assert.equal(index.diffId, digestOf(tar));
        assert.equal(index.plainBytes, tar.length);
        assert.equal(index.frames.length, Math.ceil(size / (4 * mebibyte)));
        assert.deepEqual(await openLayerIndex(store, table), index);
        assert.ok((await collect(readLayer(store, index))).equals(tar));
      });

  for (const compression of ['zstd', 'gzip'] as const)
    it(`give any range of their tar (${compression})`, async () => {
      const store = memoryStore();
      const tar = tarOf(9 * mebibyte);
      const { index } = await write(store, tar, compression);
      const edge = 4 * mebibyte;
      const random = seededRandom(seed);
      const ranges = [
        [0, 0],
        [0, 1],
        [0, tar.length],
        [edge - 1, edge],
        [edge, edge + 1],
        [edge - 1, edge + 1],
        [edge, 2 * edge],
        [tar.length - 1, tar.length],
        [tar.length, tar.length + 5],
        [tar.length - 1, tar.length + 5],
        ...Array.from({ length: 10 }, () => {
          const start = random.below(tar.length);
          return [start, start + random.below(3 * mebibyte)] as const;
        }),
      ] as const;
      for (const [start, end] of ranges)
        assert.ok(
          (await collect(readRange(store, index, { start, end }))).equals(tar.subarray(start, end)),
          `${start} to ${end}`,
        );
    });

  it('read only the frames that a range lies in', async () => {
    const store = memoryStore();
    const { index } = await write(store, tarOf(9 * mebibyte));
    const opened: unknown[] = [];
    const watched: BlobStore = {
      ...store,
      open: (digest, options) => {
        opened.push(options?.range);
        return store.open(digest, options);
      },
    };
    await collect(readRange(watched, index, { start: 5 * mebibyte, end: 5 * mebibyte + 10 }));
    const [first, second] = index.frames.map(({ storedBytes }) => storedBytes);
    assert.deepEqual(opened, [{ start: first, end: (first ?? 0) + (second ?? 0) }]);
  });

  it('are plain zstd and gzip to everyone else', async () => {
    const store = memoryStore();
    const tar = tarOf(9 * mebibyte);
    const zstd = await write(store, tar);
    const file = join(folder.path(), 'layer.zst');
    await writeFile(file, await collect(store.open(zstd.index.digest)));
    const plain = await promisify(execFile)('zstd', ['-dc', file], {
      encoding: 'buffer',
      maxBuffer: 64 * mebibyte,
    }).catch((error: unknown) => {
      // A machine without the program can't ask it.
      if (reasonOf(error).includes('ENOENT')) return { stdout: tar };
      throw error;
    });
    assert.ok(plain.stdout.equals(tar));
    const gzip = await write(store, tar, 'gzip');
    assert.ok(gunzipSync(await collect(store.open(gzip.index.digest))).equals(tar));
  });

  it('list their entries with all that a tar says of them', async () => {
    const path = join(folder.path(), 'odd.tar');
    await writeOddTar(path);
    const tar = await readFile(path);
    const store = folderStore(await bareVaultFolders(folder.path()));
    const { index } = await write(store, tar);
    const entries = await all(layerEntries(store, index));
    assert.equal(entries.length, index.entryCount);
    const one = (name: string): LayerEntry | undefined => entries.find(({ path: of }) => of === name);
    const tool = one('bin/tool');
    assert.ok(tool);
    assert.deepEqual(tool, {
      path: 'bin/tool',
      type: 'file',
      mode: 0o4755,
      uid: 0,
      gid: 50,
      size: 7,
      mtime: Date.parse('2024-02-29T12:34:56Z') / 1000,
      sha256: hexOf(digestOf('#!tool\n')),
      header: tool.header,
      offset: tool.offset,
    });
    assert.equal(String(tar.subarray(tool.offset, tool.offset + tool.size)), '#!tool\n');
    assert.equal(one('bin/hard')?.link, 'bin/tool');
    assert.equal(one('bin/soft')?.type, 'symlink');
    assert.equal(one('data/owned')?.uid, 123_456);
    assert.equal(one('data/empty')?.sha256, hexOf(digestOf('')));
    assert.equal(one('run/pipe')?.sha256, undefined);
    assert.equal(one('run/null')?.type, 'char-device');
    const long = one(`data/${'n'.repeat(200)}`);
    assert.ok(long && long.offset - long.header > 512);
  });

  it('keep names and extended attributes that are no text', async () => {
    const name = Buffer.from([0x66, 0xff, 0xfe]);
    const header = Buffer.from(tarHeader({ path: 'fxx', sizeBytes: 1 }));
    name.copy(header, 0);
    header.fill(0x20, 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    const record = Buffer.concat([
      Buffer.from('35 SCHILY.xattr.security.capability='),
      Buffer.from([1, 0, 255]),
    ]);
    const body = Buffer.concat([Buffer.from(`${record.length + 1}`), record.subarray(2), Buffer.from('\n')]);
    const pax = Buffer.from(tarHeader({ path: 'pax', sizeBytes: body.length }));
    pax.write('x', 156, 'latin1');
    pax.fill(0x20, 148, 156);
    const paxSum = pax.reduce((total, byte) => total + byte, 0);
    pax.write(`${paxSum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    const tar = Buffer.concat([
      pax,
      body,
      tarPadding(body.length),
      header,
      Buffer.from('x'),
      tarPadding(1),
      tarEnd,
    ]);
    const store = memoryStore();
    const { index } = await write(store, tar);
    const [entry] = await all(layerEntries(store, index));
    assert.equal(entry?.rawPath, name.toString('base64'));
    assert.deepEqual(entry.xattrs, { 'security.capability': Buffer.from([1, 0, 255]).toString('base64') });
  });

  it('find one path among many, the last of its name', async () => {
    const tar = Buffer.concat([
      tarFile('a', 'first'),
      tarFile('a"b', 'quote'),
      tarFile('a', 'second'),
      tarFile('ab', 'longer'),
      tarEnd,
    ]);
    const store = memoryStore();
    const { index } = await write(store, tar);
    const found = await findLayerEntry(store, index, 'a');
    assert.equal(found?.sha256, hexOf(digestOf('second')));
    const { offset, size } = found;
    assert.equal(
      String(await collect(readRange(store, index, { start: offset, end: offset + size }))),
      'second',
    );
    assert.equal((await findLayerEntry(store, index, 'a"b'))?.size, 5);
    assert.equal(await findLayerEntry(store, index, 'none'), undefined);
  });

  it('with a hundred thousand entries are written in pieces and read back whole', async () => {
    const count = 100_000;
    const many = async function* (): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < count; at += 100)
        yield await Promise.resolve(
          Buffer.concat(Array.from({ length: 100 }, (_, of) => tarFile(`etc/file-${at + of}`, `${at + of}`))),
        );
      yield tarEnd;
    };
    const store = memoryStore();
    const { index } = await writeLayer(store, { bytes: many(), name: 'layer', compression: 'zstd' });
    assert.equal(index.entryCount, count);
    let seen = 0;
    for await (const { path, sha256 } of layerEntries(store, index)) {
      if (seen % 10_000 === 0)
        assert.deepEqual([path, sha256], [`etc/file-${seen}`, hexOf(digestOf(`${seen}`))]);
      seen += 1;
    }
    assert.equal(seen, count);
  });

  it('are not stored when their tar is cut, is no tar, or is another one', async () => {
    const tar = tarOf(5 * mebibyte);
    for (const [bytes, code] of [
      [tar.subarray(0, tar.length - 1024), 'archiveNoEnd'],
      [tar.subarray(0, mebibyte), 'archiveCut'],
      [Buffer.alloc(2048, 'x'), 'archiveBadHeader'],
      [Buffer.alloc(0), 'archiveNoEnd'],
    ] as const) {
      const store = memoryStore();
      await assert.rejects(write(store, bytes), { code });
      assert.equal(await blobsOf(store), 0);
    }
    const store = memoryStore();
    const wrong = {
      bytes: inChunks(tar),
      name: 'x',
      compression: 'zstd' as const,
      expectedDiffId: digestOf(''),
    };
    await assert.rejects(writeLayer(store, wrong), { code: 'blobMismatch' });
    assert.equal(await blobsOf(store), 0);
  });

  it('are not stored when they are cancelled or their source breaks', async () => {
    for (const last of [0, 3, 20]) {
      const controller = new AbortController();
      const store = memoryStore();
      let count = 0;
      const source = async function* (): AsyncGenerator<Uint8Array> {
        for await (const chunk of inChunks(tarOf(9 * mebibyte))) {
          if (count++ === last) controller.abort();
          yield chunk;
        }
      };
      const input = { bytes: source(), name: 'x', compression: 'zstd' as const };
      await assert.rejects(writeLayer(store, input, { signal: controller.signal }), { name: 'AbortError' });
      assert.equal(await blobsOf(store), 0);
    }
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(tarOf(9 * mebibyte).subarray(0, 5 * mebibyte));
      throw new Error('the source broke');
    };
    const store = memoryStore();
    await assert.rejects(
      writeLayer(store, { bytes: broken(), name: 'x', compression: 'gzip' }),
      /the source broke/,
    );
    assert.equal(await blobsOf(store), 0);
  });

  it('fail with the store’s failure, also when it is the list that can’t be stored', async () => {
    for (const failing of [0, 1]) {
      const store = memoryStore();
      let puts = 0;
      const full: BlobStore = {
        ...store,
        put: async (bytes, expectation) => {
          if (puts++ !== failing) return store.put(bytes, expectation);
          await Promise.resolve();
          throw new Error('disk full');
        },
      };
      await assert.rejects(write(full, tarOf(9 * mebibyte)), /disk full/);
    }
  });

  it('are found damaged when any byte of any of their blobs changes', async () => {
    const tar = Buffer.concat([tarFile('a', 'content of a file'), tarEnd]);
    for (const compression of ['zstd', 'gzip'] as const) {
      const store = memoryStore();
      const { index, table } = await write(store, tar, compression);
      for (const blob of [index.digest, index.entries.digest, table.digest]) {
        const bytes = await collect(store.open(blob));
        for (let at = 0; at < bytes.length; at += 1) {
          const flipped = Buffer.from(bytes);
          flipped[at] = (flipped[at] ?? 0) ^ 0x10;
          const damaged: BlobStore = {
            ...store,
            open: (digest, options) => (digest === blob ? inChunks(flipped) : store.open(digest, options)),
          };
          const readAll = async (): Promise<void> => {
            const found = await openLayerIndex(damaged, table);
            await collect(readLayer(damaged, found));
            await all(layerEntries(damaged, found));
          };
          await assert.rejects(readAll(), { code: 'blobDamaged' }, `byte ${at}`);
        }
      }
    }
  });

  it('refuse a frame table that does not add up or lies about sizes', async () => {
    const store = memoryStore();
    const { index } = await write(store, tarOf(9 * mebibyte));
    const [first, second, third] = index.frames;
    assert.ok(first && second && third);
    for (const bad of [
      { ...index, frames: [first, second] },
      { ...index, sizeBytes: index.sizeBytes + 1 },
      { ...index, plainBytes: -1 },
    ])
      assert.throws(() => parseLayerIndex(layerIndexBytes(bad), 'x'), { code: 'badJson' });
    const move = (by: number): typeof index => ({
      ...index,
      frames: [
        { ...first, plainBytes: first.plainBytes - by },
        { ...second, plainBytes: second.plainBytes + by },
        third,
      ],
    });
    for (const by of [1, -1])
      await assert.rejects(collect(readRange(store, move(by), { start: 0, end: 10 })), {
        code: 'blobDamaged',
      });
  });

  it('refuse a list with more or fewer entries than stated, or a line that is none', async () => {
    const store = memoryStore();
    const { index } = await write(store, Buffer.concat([tarFile('a', '1'), tarFile('b', '2'), tarEnd]));
    for (const entryCount of [1, 3])
      await assert.rejects(all(layerEntries(store, { ...index, entryCount })), { code: 'blobDamaged' });
    const { zstdCompressSync } = await import('node:zlib');
    for (const text of ['{}\n', '{"path":"a"}\n', '[]\n', 'x\n']) {
      const list = await putDocument(store, zstdCompressSync(Buffer.from(text)));
      const entries = { ...list, compression: 'zstd' } as const;
      await assert.rejects(all(layerEntries(store, { ...index, entries, entryCount: 1 })), {
        code: 'badJson',
      });
    }
    const list = await putDocument(store, zstdCompressSync(Buffer.from('{"path":"a"')));
    const cut = { ...list, compression: 'zstd' } as const;
    await assert.rejects(all(layerEntries(store, { ...index, entries: cut, entryCount: 1 })), {
      code: 'blobDamaged',
    });
  });
});
