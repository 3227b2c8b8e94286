import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exactName } from '../../../src/core/fileTrees/visibleName.ts';
import { openEngineImage } from '../../../src/core/fileTrees/engineImage.ts';
import { filesOfImage } from '../../../src/core/fileTrees/filesOfImage.ts';
import { imageTree } from '../../../src/core/fileTrees/imageTree.ts';
import { layerChanges } from '../../../src/core/fileTrees/layerChanges.ts';
import { placeOf } from '../../../src/core/snapshotFiles/makeFiles.ts';
import { extractTree, type ExtractResult } from '../../../src/core/snapshotFiles/extractTree.ts';
import type { LayeredImage } from '../../../src/core/layers/layeredImage.ts';
import { unattended, type Operation } from '../../../src/core/progress.ts';
import { cancelledWhen } from '../../support/cancelledWhen.ts';
import { testHost } from '../../support/engine.ts';
import { explorerArchive, markupName, posingName } from '../../support/explorerImage.ts';
import { engineHost } from '../../support/tinyImage.ts';
import { VolumeBench } from '../../support/volumeBench.ts';
import { watchedEngine } from '../../support/watchedEngine.ts';

const tag = 'drydock-test/extract:1';
const { signal } = new AbortController();

describe('extracting from an image of an engine', function () {
  this.timeout(120_000);
  let bench: VolumeBench;
  let folder: string;
  let image: LayeredImage;
  let calls: string[] = [];

  before(async () => {
    bench = await VolumeBench.open();
    await engineHost(testHost()).call('POST', '/images/load', explorerArchive(tag));
    const engine = watchedEngine(bench.engine, { before: (call) => void calls.push(call) });
    image = await openEngineImage({ engine }, tag, unattended());
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-extract-'));
    calls = [];
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
    assert.deepEqual(await bench.leftovers(), []);
  });

  after(async () => {
    await bench.engine.images.remove(tag);
    await bench.close();
  });

  async function extract(
    path: string,
    { layer, operation = unattended() }: { readonly layer?: number; readonly operation?: Operation } = {},
  ): Promise<ExtractResult> {
    const root =
      layer === undefined ? (await imageTree(image, signal)).root : await layerChanges(image, layer, signal);
    const files = filesOfImage({ image, root, path }, operation.progress);
    return extractTree(files, { path, into: folder, replace: false, owners: false }, operation);
  }

  const text = (path: string): Promise<string> => readFile(placeOf(folder, path), 'utf8');

  it('brings a folder of a thousand files with one request', async () => {
    const { fileCount, left } = await extract('many');
    assert.deepEqual([fileCount, left], [1_200, []]);
    assert.equal((await readdir(join(folder, 'many'))).length, 1_200);
    assert.equal(calls.filter((call) => call === 'containers.readArchive').length, 1);
    assert.ok(!calls.includes('images.save'));
  });

  it('brings all of it as a container sees it, every name as it is', async () => {
    await extract('');
    assert.deepEqual((await readdir(folder)).sort(), ['data.bin', 'etc', 'logo.png', 'many', 'odd', 'tool']);
    assert.equal(await text('etc/app.conf'), 'port=8080\nname=dock\n');
    assert.equal(await readlink(join(folder, 'etc/current.conf')), 'app.conf');
    assert.deepEqual(await readdir(join(folder, 'etc')), ['app.conf', 'current.conf', 'lost.conf']);
    assert.equal(await text(`odd/${posingName}`), 'not a picture\n');
    assert.equal(await text(`odd/${markupName}`), 'not markup\n');
    assert.equal(await text(exactName('odd/caf\\xe9.txt')), 'no UTF-8\n');
    assert.equal((await stat(join(folder, 'tool'))).mode & 0o7777, 0o755, 'nobody’s setuid becomes mine');
  });

  it('brings what a layer has, also where later ones hide it', async () => {
    await extract('etc', { layer: 0 });
    assert.equal(await text('etc/motd'), 'welcome aboard\n');
    assert.equal(await text('etc/app.conf'), 'port=80\n');
  });

  it('brings nothing of what a layer removed', async () => {
    const { fileCount } = await extract('etc', { layer: 2 });
    assert.equal(fileCount, 0);
    assert.deepEqual(await readdir(join(folder, 'etc')), []);
    await assert.rejects(extract('secret.key', { layer: 2 }), { code: 'pathMissing' });
  });

  it('brings a single file under its own name', async () => {
    await extract('etc/app.conf');
    assert.equal(await text('app.conf'), 'port=8080\nname=dock\n');
    await assert.rejects(extract('etc/app.conf'), { code: 'fileExists' });
  });

  it('leaves nothing when it is cancelled', async () => {
    const operation = cancelledWhen(({ phase, doneBytes = 0 }) => phase === 'writing' && doneBytes > 100);
    await assert.rejects(extract('many', { operation }), { name: 'AbortError' });
    assert.deepEqual(await readdir(folder), []);
  });
});
