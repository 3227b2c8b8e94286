import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { ArchiveSource } from '../../../src/core/archive/archive.ts';
import { readArchivedFiles } from '../../../src/core/fileTrees/archivedFiles.ts';
import { archiveImages } from '../../../src/core/fileTrees/archiveImages.ts';
import type { FileTree } from '../../../src/core/fileTrees/fileTree.ts';
import { imageTree } from '../../../src/core/fileTrees/imageTree.ts';
import { layerRangeTree } from '../../../src/core/fileTrees/layerRangeTree.ts';
import { readArchivedImages } from '../../../src/core/layers/archivedLayers.ts';
import { partsOf } from '../../../src/core/layers/entryNames.ts';
import type { Origin } from '../../../src/core/layers/mergeLayers.ts';
import { fileAt, type TreeFile } from '../../../src/core/layers/treeNode.ts';
import { unattended } from '../../../src/core/progress.ts';
import { inChunks, memorySource } from '../../support/archives/byteStreams.ts';
import { classicEngine, containerdStore, legacyEngine, skopeoOci } from '../../support/archives/producers.ts';
import { sampleImage } from '../../support/archives/sampleImages.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';
import { failureOf } from '../../support/failureOf.ts';
import { tarOf, type Given } from '../../support/layerTars.ts';
import { file, gone } from '../../support/listedStack.ts';
import { layerTar } from '../../support/overlayReference.ts';

const { signal } = new AbortController();
const large = { path: 'large', data: Buffer.from(seededRandom(3).bytes(200_000)) };
const low = layerTar([file('etc/a', 'low'), large, file('empty', '')]);
const top = layerTar([
  file('etc/a', 'top'),
  gone('large'),
  { path: 'b', type: 'hardlink', linkPath: 'etc/a' },
]);
/** One layer twice, so that classic engines write a link to it. */
const app = sampleImage([low, top, low], ['app:1']);

function fileIn(
  tree: FileTree,
  path: string,
): { path: string; file: NonNullable<ReturnType<typeof fileAt>> } {
  const found = fileAt(tree.root, partsOf(path) ?? []);
  assert.ok(found, `no ${path}`);
  return { path, file: found };
}

async function read(tree: FileTree, path: string): Promise<string> {
  return (await buffer(tree.read(path, fileIn(tree, path).file, unattended()))).toString('latin1');
}

describe('the files of an archive', function () {
  this.timeout(20_000);
  const producers: Readonly<Record<string, Uint8Array>> = {
    'Docker 20.10': legacyEngine([app]),
    'Docker 25+ classic': classicEngine([app]),
    'an archive packed as a whole': zstdCompressSync(classicEngine([app])),
    'an archive in gzip': gzipSync(legacyEngine([app])),
    'skopeo, layers in gzip': skopeoOci(app, 'app:1'),
    'a containerd store': containerdStore(app).bytes,
  };
  for (const [producer, bytes] of Object.entries(producers))
    it(`are read from any of its layers, from ${producer}`, async () => {
      const { images } = await archiveImages(memorySource(bytes, 1000), unattended());
      const image = images.find(({ configDigest }) => configDigest === app.configDigest);
      assert.ok(image);
      const merged = await imageTree(image, signal);
      assert.deepEqual(
        [await read(merged, 'etc/a'), await read(merged, 'b'), await read(merged, 'empty')],
        ['low', 'top', ''],
      );
      const [bottom, middle] = await Promise.all(
        [0, 1].map((place) => layerRangeTree(image, { from: place, to: place }, signal)),
      );
      assert.ok(bottom && middle);
      assert.equal(await read(bottom, 'large'), large.data.toString('latin1'));
      assert.equal(await read(middle, 'etc/a'), 'top');
    });

  it('come with one pass for many, and one more for what is the same file', async () => {
    let passes = 0;
    const source: ArchiveSource = {
      name: 'app.tar',
      open: () => {
        passes += 1;
        return inChunks(classicEngine([app]));
      },
    };
    const [image] = (await archiveImages(source, unattended())).images;
    assert.ok(image);
    const tree = await layerRangeTree(image, { from: 1, to: 2 }, signal);
    const found: string[] = [];
    const wanted = ['large', 'b', 'etc/a', 'empty'].map((path) => fileIn(tree, path));
    passes = 0;
    for await (const { one, bytes } of tree.readMany?.(wanted, unattended()) ?? [])
      found.push(`${one.path} ${(await buffer(bytes)).length}`);
    assert.deepEqual(found.toSorted(), ['b 3', 'empty 0', 'etc/a 3', 'large 200000']);
    assert.equal(passes, 1);
    const middle = await layerRangeTree(image, { from: 1, to: 1 }, signal);
    const twice = ['b', 'etc/a'].map((path) => fileIn(middle, path));
    const texts: string[] = [];
    passes = 0;
    for await (const { bytes } of middle.readMany?.(twice, unattended()) ?? [])
      texts.push((await buffer(bytes)).toString());
    assert.deepEqual([texts, passes], [['top', 'top'], 2]);
  });

  it('stop the pass as soon as the file is whole', async () => {
    let given = 0;
    const bytes = legacyEngine([sampleImage([layerTar([file('first', '1'), large])], ['app:1'])]);
    const open = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of inChunks(bytes, 512)) {
        given += chunk.length;
        yield chunk;
      }
    };
    const [image] = (await archiveImages({ name: 'app.tar', open }, unattended())).images;
    assert.ok(image);
    given = 0;
    assert.equal(await read(await imageTree(image, signal), 'first'), '1');
    assert.ok(given < 20_000, `${given} bytes`);
  });

  it('fail where the archive is another one by now', async () => {
    let bytes = classicEngine([app]);
    const source: ArchiveSource = { name: 'app.tar', open: () => inChunks(bytes) };
    const [image] = (await archiveImages(source, unattended())).images;
    assert.ok(image);
    const tree = await layerRangeTree(image, { from: 1, to: 1 }, signal);
    bytes = Buffer.from(bytes);
    bytes.write('TOP', bytes.indexOf('top'), 'latin1');
    assert.equal((await failureOf(read(tree, 'etc/a'))).code, 'fileChanged');
    bytes = classicEngine([sampleImage([low], ['app:1'])]);
    assert.equal((await failureOf(read(tree, 'etc/a'))).code, 'archiveMissing');
  });

  it('are not looked for without end where links lead in a circle, and found behind those that lead on', async () => {
    const [image] = (await archiveImages(memorySource(classicEngine([app])), unattended())).images;
    assert.ok(image);
    const wanted = fileIn(await layerRangeTree(image, { from: 0, to: 0 }, signal), 'etc/a');
    const link = (path: string, linkPath: string): Given => [path, { type: 'symlink', linkPath }];
    const files = async (entries: readonly Given[]): Promise<string[]> => {
      const source = memorySource(tarOf(entries), 512);
      const found: string[] = [];
      const asked = { files: [{ ...wanted, file: wanted.file as TreeFile<Origin> }], layerPath: () => 'a' };
      for await (const { bytes } of readArchivedFiles(source, asked, unattended()))
        found.push((await buffer(bytes)).toString());
      return found;
    };
    for (const circle of [
      [link('a', 'b'), link('b', 'a')],
      [link('c', 'a'), link('b', 'c'), link('a', 'b')],
    ])
      assert.equal((await failureOf(files(circle))).code, 'archiveCyclic');
    const layer: Given = ['c', low.toString('latin1')];
    assert.deepEqual(await files([link('b', 'c'), link('a', 'b'), layer]), ['low']);
  });

  it('can’t be read where nothing but the list is at hand, and neither can what is no file', async () => {
    const [image] = (await readArchivedImages(memorySource(classicEngine([app])), unattended())).images;
    assert.ok(image);
    assert.equal((await failureOf(read(await imageTree(image, signal), 'etc/a'))).code, 'pathUnreadable');
    const link = sampleImage([layerTar([{ path: 'l', type: 'symlink', linkPath: 'x' }])], ['app:1']);
    const [linked] = (await archiveImages(memorySource(classicEngine([link])), unattended())).images;
    assert.ok(linked);
    assert.equal((await failureOf(read(await imageTree(linked, signal), 'l'))).code, 'pathUnreadable');
  });
});
