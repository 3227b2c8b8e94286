import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { tarEnd, tarFile, tarHeader, tarPadding } from '../../../src/core/archive/tarWriter.ts';
import { digestOf } from '../../../src/core/digest.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import {
  cachedEngineImage,
  openEngineImage,
  openEngineImages,
} from '../../../src/core/fileTrees/engineImage.ts';
import type { FileTree } from '../../../src/core/fileTrees/fileTree.ts';
import { imageTree } from '../../../src/core/fileTrees/imageTree.ts';
import { LayerIndexCache } from '../../../src/core/fileTrees/layerIndexCache.ts';
import { layerRangeTree } from '../../../src/core/fileTrees/layerRangeTree.ts';
import { partsOf } from '../../../src/core/layers/entryNames.ts';
import type { LayeredImage } from '../../../src/core/layers/layeredImage.ts';
import { fileAt } from '../../../src/core/layers/treeNode.ts';
import { unattended, type Operation } from '../../../src/core/progress.ts';
import { classicEngine } from '../../support/archives/producers.ts';
import { sampleImage } from '../../support/archives/sampleImages.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';
import { cancelledWhen } from '../../support/cancelledWhen.ts';
import { testHost, testLabel } from '../../support/engine.ts';
import { layerTar } from '../../support/overlayReference.ts';
import { toldTree } from '../../support/randomLayers.ts';
import { dockerCli, type DockerCli } from '../../support/variedImages.ts';
import { VolumeBench } from '../../support/volumeBench.ts';
import { watchedEngine } from '../../support/watchedEngine.ts';

const run = promisify(execFile);
const { signal } = new AbortController();
const name = 'drydock-test/inside:1';
const sibling = 'drydock-test/sibling:1';
const big = seededRandom(5).bytes(3_000_000);
/** A name that is no UTF-8, as `entryNames.ts` writes it. */
const rawName = 'data/r\udcffw';

const layers = [
  [
    ...folders('etc', 'data', 'srv', 'vol'),
    tarFile('etc/motd', 'low\n'),
    tarFile('srv/big', big),
    tarFile('srv/gone', 'deleted later'),
    tarFile('data/large', big),
    tarFile('etc/mode', 'the same'),
    tarFile('vol/seed', 'in a volume'),
    rawFile('data/r_w', 'raw bytes'),
    tarEnd,
  ],
  [
    ...folders('etc', 'srv'),
    tarFile('etc/motd', 'high\n'),
    tarHeader({ path: 'etc/mode', sizeBytes: 8, mode: 0o600 }),
    Buffer.from('the same'),
    tarPadding(8),
    tarFile('srv/.wh.gone', ''),
    tarFile('srv/.wh.big', ''),
    tarHeader({ path: 'etc/link', type: 'hardlink', linkPath: 'etc/motd' }),
    tarEnd,
  ],
].map((parts) => Buffer.concat(parts));

function folders(...paths: readonly string[]): readonly Buffer[] {
  return paths.map((path) => Buffer.from(tarHeader({ path: `${path}/`, type: 'directory', mode: 0o755 })));
}

/** With a byte in the place of `_` that is no UTF-8. */
function rawFile(path: string, text: string): Buffer {
  const header = Buffer.from(tarHeader({ path, sizeBytes: text.length }));
  header[path.indexOf('_')] = 0xff;
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([header, Buffer.from(text), tarPadding(text.length)]);
}

describe('the files of an image of an engine', function () {
  this.timeout(120_000);
  let bench: VolumeBench;
  let folder: string;
  let docker: DockerCli;
  let engine: Engine;
  let calls: string[] = [];
  let image: LayeredImage;
  let volumesBefore: readonly string[];

  const volumes = async (): Promise<readonly string[]> =>
    (await bench.engine.volumes.list()).map((volume) => volume.name).toSorted();
  const cacheOf = (): LayerIndexCache => new LayerIndexCache({ folder: join(folder, 'layers') });

  before(async () => {
    bench = await VolumeBench.open();
    folder = await mkdtemp(join(tmpdir(), 'drydock-inside-'));
    docker = await dockerCli(testHost());
    const { config: bytes, ...sample } = sampleImage(layers, [name]);
    const own = { Cmd: ['x'], Volumes: { '/vol': {} }, Labels: { [testLabel]: '1' } };
    const config = Buffer.from(JSON.stringify({ ...(JSON.parse(bytes.toString()) as object), config: own }));
    const archive = classicEngine([{ ...sample, config, configDigest: digestOf(config) }]);
    await writeFile(join(folder, 'image.tar'), archive);
    await docker('load', '--input', join(folder, 'image.tar'));
    engine = watchedEngine(bench.engine, { before: (call) => void calls.push(call) });
    volumesBefore = await volumes();
    image = await openEngineImage({ engine, cache: cacheOf() }, name, unattended());
  });

  beforeEach(() => {
    calls = [];
  });

  afterEach(async () => {
    assert.deepEqual(await bench.leftovers(), []);
    assert.deepEqual(await volumes(), volumesBefore, 'volumes that the image asks for');
  });

  after(async () => {
    await docker('image', 'rm', '--force', name);
    await bench.close();
    await rm(folder, { recursive: true, force: true });
  });

  const read = async (tree: FileTree, path: string, operation: Operation = unattended()): Promise<Buffer> => {
    const file = fileAt(tree.root, partsOf(path) ?? []);
    assert.ok(file, `no ${path}`);
    return buffer(tree.read(path, file, operation));
  };
  const merged = (): Promise<FileTree> => imageTree(image, signal);
  const layer = (place: number): Promise<FileTree> =>
    layerRangeTree(image, { from: place, to: place }, signal);

  it('are listed without a transfer the second time', async () => {
    const again = await openEngineImage({ engine, cache: cacheOf() }, name, unattended());
    const { id } = await bench.engine.images.inspect(name);
    assert.ok(await cachedEngineImage({ engine, cache: cacheOf() }, id));
    assert.deepEqual(calls, ['images.inspect']);
    assert.deepEqual(toldTree((await imageTree(again, signal)).root), toldTree((await merged()).root));
  });

  it('come out of a container that never starts', async () => {
    const tree = await merged();
    assert.equal((await read(tree, 'etc/motd')).toString(), 'high\n');
    assert.equal((await read(tree, 'etc/link')).toString(), 'high\n');
    assert.equal((await read(tree, rawName)).toString(), 'raw bytes');
    assert.ok(!calls.includes('images.save') && !calls.includes('containers.start'));
  });

  it('come also where the image asks for a volume, which a Podman leaves empty until the start', async () => {
    assert.equal((await read(await merged(), 'vol/seed')).toString(), 'in a volume');
  });

  it('come out of what the engine saves where later layers hide them', async () => {
    const low = await layer(0);
    assert.equal((await read(low, 'etc/motd')).toString(), 'low\n');
    assert.equal((await read(low, 'srv/gone')).toString(), 'deleted later');
    assert.ok((await read(low, 'srv/big')).equals(big));
    assert.equal(calls.filter((call) => call === 'images.save').length, 3);
    assert.ok(!calls.includes('containers.create'));
  });

  it('come from the container where only their mode was changed later', async () => {
    assert.equal((await read(await layer(0), 'etc/mode')).toString(), 'the same');
    assert.ok(!calls.includes('images.save'));
  });

  it('come with one container and one transfer for many of them', async () => {
    const low = await layer(0);
    const files = ['srv/big', 'etc/mode', 'srv/gone', 'vol/seed', 'etc/motd'].map((path) => {
      const file = fileAt(low.root, partsOf(path) ?? []);
      assert.ok(file);
      return { path, file };
    });
    const found: Record<string, number> = {};
    for await (const { one, bytes } of low.readMany?.(files, unattended()) ?? [])
      found[one.path] = (await buffer(bytes)).length;
    assert.deepEqual(found, {
      'etc/mode': 8,
      'vol/seed': 11,
      'etc/motd': 4,
      'srv/big': big.length,
      'srv/gone': 13,
    });
    assert.deepEqual(
      calls.filter((call) => ['images.save', 'containers.create'].includes(call)),
      ['containers.create', 'images.save'],
    );
  });

  it('leave no container when their reading is cancelled or given up', async () => {
    const tree = await merged();
    const isReading = ({ phase }: { readonly phase: string }): boolean => phase === 'reading';
    await assert.rejects(read(tree, 'data/large', cancelledWhen(isReading)), { name: 'AbortError' });
    const file = fileAt(tree.root, ['vol', 'seed']);
    assert.ok(file);
    for await (const piece of tree.read('vol/seed', file, unattended())) if (piece.length > 0) break;
  });

  it('leave no container when a process is killed for longer than until the next reading', async () => {
    const support = new URL('../../support/imageContainerLeft.ts', import.meta.url).pathname;
    await run(process.execPath, [support, name]);
    assert.equal((await bench.leftovers()).length, 1);
    await read(await merged(), 'etc/motd');
  });

  it('are looked for anew in a save that is laid out in another way than when it was read', async () => {
    const wrong = sampleImage(layers, [name]);
    const record = await cacheOf().findImage((await bench.engine.images.inspect(name)).id);
    assert.ok(record);
    const moved = record.layers.map(({ diffId }) => ({ diffId, archivePath: 'elsewhere/layer.tar' }));
    await cacheOf().addImage({ ...record, layers: moved }, signal);
    const again = await openEngineImage({ engine, cache: cacheOf() }, name, unattended());
    assert.deepEqual(
      again.layers.map(({ diffId }) => diffId),
      wrong.diffIds,
    );
    const low = await layerRangeTree(again, { from: 0, to: 0 }, signal);
    assert.equal((await read(low, 'srv/gone')).toString(), 'deleted later');
    assert.deepEqual((await cacheOf().findImage(record.id))?.layers, record.layers);
  });

  it('are listed of several images by one transfer, and read from layers that these share', async () => {
    const [low = Buffer.alloc(0)] = layers;
    const own = sampleImage([low, layerTar([{ path: 'etc/.wh.motd', data: Buffer.alloc(0) }])], [sibling]);
    await writeFile(join(folder, 'sibling.tar'), classicEngine([own]));
    await docker('load', '--input', join(folder, 'sibling.tar'));
    try {
      const details = await Promise.all([name, sibling].map((one) => bench.engine.images.inspect(one)));
      const fresh = new LayerIndexCache({ folder: join(folder, 'fresh') });
      const ids = details.map(({ id }) => id);
      const opened = await openEngineImages({ engine, cache: fresh }, ids, unattended());
      const images = opened.flatMap((one) => ('image' in one ? [one.image] : []));
      assert.deepEqual(
        images.map((one) => one.layers.map(({ diffId }) => diffId)),
        details.map(({ diffIds }) => diffIds),
      );
      assert.equal(calls.filter((call) => call === 'images.save').length, 1);
      for (const one of images) {
        const tree = await layerRangeTree(one, { from: 0, to: 0 }, signal);
        assert.equal((await read(tree, 'etc/motd')).toString(), 'low\n');
      }
    } finally {
      await docker('image', 'rm', '--force', sibling);
    }
  });
});
