import assert from 'node:assert/strict';
import { tarEnd, tarFile, tarHeader } from '../../../src/core/archive/tarWriter.ts';
import { cutTar, type CutSizes } from '../../../src/core/volumes/cutTar.ts';
import { tarEntries } from '../../../src/core/volumes/tarEntries.ts';
import { collect, inChunks } from '../../support/archives/byteStreams.ts';
import { failureOf } from '../../support/failureOf.ts';

const sizes: CutSizes = { minBytes: 8 << 10, grownMinBytes: 8 << 10, largeBytes: 32 << 10 };

/** Many small files and a large one in their middle. */
function files(change?: { readonly at: number; readonly bytes: number }): Buffer[] {
  return Array.from({ length: 300 }, (_, index) => {
    const bytes = index === change?.at ? change.bytes : index === 150 ? 40 << 10 : (index * 37) % 1500;
    return Buffer.from(
      tarFile(`v/folder-${index % 7}/${String(index).padStart(4, '0')}`, Buffer.alloc(bytes, index)),
    );
  });
}

const tarOf = (entries: readonly Uint8Array[]): Buffer => Buffer.concat([...entries, tarEnd]);

async function partsOf(tar: Uint8Array, chunkBytes = 1000): Promise<readonly Buffer[]> {
  const parts: Buffer[] = [];
  for await (const part of cutTar(inChunks(tar, chunkBytes), { name: 'data', sizes }))
    parts.push(await collect(part));
  return parts;
}

const bare = (part: Buffer): Buffer => part.subarray(0, -tarEnd.length);

describe('cutting a tar by its content', () => {
  it('makes whole tars that are the tar again when joined', async () => {
    const tar = tarOf(files());
    for (const chunkBytes of [511, 512, 513, 70_000, tar.length]) {
      const parts = await partsOf(tar, chunkBytes);
      assert.ok(parts.length > 4);
      assert.deepEqual(tarOf(parts.map(bare)), tar);
      for (const part of parts)
        for await (const entry of tarEntries(inChunks(part, 4096), 'part'))
          assert.ok(entry.path.startsWith('v/'));
    }
  });

  it('cuts the same whatever pieces the bytes come in', async () => {
    const tar = tarOf(files());
    assert.deepEqual(await partsOf(tar, 333), await partsOf(tar, 1 << 20));
  });

  it('cuts most parts as before where one file changed, came or went', async () => {
    const before = new Set((await partsOf(tarOf(files()))).map((part) => part.toString('latin1')));
    const entries = files();
    const changes = [
      files({ at: 20, bytes: 3000 }),
      entries.toSpliced(60, 1),
      entries.toSpliced(200, 0, Buffer.from(tarFile('v/new', 'new'))),
    ];
    for (const changed of changes) {
      const parts = (await partsOf(tarOf(changed))).map((part) => part.toString('latin1'));
      const fresh = parts.filter((part) => !before.has(part));
      assert.ok(fresh.length >= 1 && fresh.length <= 3, `${fresh.length} of ${parts.length} are new`);
    }
  });

  it('gives a large file a part of its own, and no other part is below the smallest size', async () => {
    const parts = (await partsOf(tarOf(files()))).map((part) => bare(part).length);
    const large = parts.findIndex((bytes) => bytes > 40 << 10 && bytes < 42 << 10);
    assert.ok(large > 0);
    const others = parts.filter((_, index) => ![large - 1, large, parts.length - 1].includes(index));
    for (const bytes of others) assert.ok(bytes >= sizes.minBytes, String(bytes));
  });

  it('cuts a long tar in larger parts, and stays in step with one that starts otherwise', async () => {
    const growing: CutSizes = { minBytes: 1 << 10, grownMinBytes: 16 << 10, largeBytes: 32 << 20 };
    const entries = Array.from({ length: 9000 }, (_, index) => Buffer.from(tarFile(`v/${index}`, 'x')));
    const cut = async (list: readonly Uint8Array[]): Promise<readonly string[]> => {
      const parts: string[] = [];
      const options = { name: 'data', sizes: growing };
      for await (const part of cutTar(inChunks(tarOf(list), 1 << 16), options))
        parts.push(bare(await collect(part)).toString('latin1'));
      return parts;
    };
    const parts = await cut(entries);
    const mean = (some: readonly string[]): number =>
      some.reduce((sum, { length }) => sum + length, 0) / some.length;
    const half = parts.length >> 1;
    assert.ok(mean(parts.slice(half)) > 2 * mean(parts.slice(0, half)), `${parts.length} parts`);
    const shifted = await cut([Buffer.from(tarFile('v/new', Buffer.alloc(5000))), ...entries]);
    const fresh = shifted.filter((part) => !parts.includes(part));
    assert.ok(fresh.length <= shifted.length / 10, `${fresh.length} of ${shifted.length} are new`);
  });

  it('makes one empty part of an empty tar', async () => {
    assert.deepEqual(await partsOf(tarOf([])), [Buffer.from(tarEnd)]);
  });

  it('tells of every entry, and keeps a long name with its entry', async () => {
    const long = `v/${'long/'.repeat(80)}end`;
    const seen: string[] = [];
    const tar = tarOf([
      Buffer.from(tarHeader({ path: 'v/', type: 'directory' })),
      Buffer.from(tarFile(long, 'x')),
    ]);
    const tiny: CutSizes = { minBytes: 0, grownMinBytes: 0, largeBytes: 1 };
    const parts: Buffer[] = [];
    const options = { name: 'data', sizes: tiny, onEntry: ({ path }: { path: string }) => seen.push(path) };
    for await (const part of cutTar(inChunks(tar, 100), options)) parts.push(await collect(part));
    assert.deepEqual(seen, ['v/', long]);
    assert.equal(parts.length, 2);
  });

  it('fails on a tar that is cut, without an end, or with records that hold for all entries', async () => {
    const tar = tarOf(files());
    const global = Buffer.from(tarHeader({ path: 'global', sizeBytes: 0 }));
    global.write('g', 156);
    global.fill(0x20, 148, 156);
    global.write(
      `${global
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
      'latin1',
    );
    const cases = [
      [tar.subarray(0, 4000), 'archiveCut'],
      [bare(tar), 'archiveNoEnd'],
      [tarOf([global, ...files()]), 'archiveUnsupported'],
    ] as const;
    for (const [bytes, code] of cases) assert.equal((await failureOf(partsOf(bytes))).code, code);
  });

  it('lets go of its source when nobody reads on', async () => {
    let isOpen = true;
    async function* source() {
      try {
        for (;;) yield await Promise.resolve(Buffer.from(tarFile('v/x', 'x')));
      } finally {
        isOpen = false;
      }
    }
    for await (const part of cutTar(source(), { name: 'data', sizes })) {
      for await (const chunk of part) if (chunk.length > 0) break;
      break;
    }
    assert.equal(isOpen, false);
  });
});
