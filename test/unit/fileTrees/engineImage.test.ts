import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { digestOf } from '../../../src/core/digest.ts';
import { failure } from '../../../src/core/errors.ts';
import {
  cachedEngineImage,
  openEngineImage,
  openEngineImages,
} from '../../../src/core/fileTrees/engineImage.ts';
import { imageTree } from '../../../src/core/fileTrees/imageTree.ts';
import { LayerIndexCache } from '../../../src/core/fileTrees/layerIndexCache.ts';
import { layerRangeTree } from '../../../src/core/fileTrees/layerRangeTree.ts';
import { fileAt } from '../../../src/core/layers/treeNode.ts';
import { unattended, type ProgressFact } from '../../../src/core/progress.ts';
import { sampleImage, sampleLayer } from '../../support/archives/sampleImages.ts';
import { cancelledWhen } from '../../support/cancelledWhen.ts';
import { failureOf } from '../../support/failureOf.ts';
import { tarOf } from '../../support/layerTars.ts';
import { LyingEngine } from '../../support/lyingEngine.ts';
import { toldTree } from '../../support/randomLayers.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const { signal } = new AbortController();
const app = sampleImage(
  [tarOf([['etc/'], ['etc/motd', 'low']]), tarOf([['etc/motd', 'high'], ['b']])],
  ['app:1'],
);
const other = sampleImage([app.layers[0] ?? sampleLayer(1), sampleLayer(2)], ['other:1']);

describe('opening an image of an engine', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  const cacheOf = (): LayerIndexCache => new LayerIndexCache({ folder: join(folder.path(), 'layers') });
  const saves = (engine: LyingEngine): number => engine.calls.filter(({ name }) => name === 'save').length;

  it('reads it once, and then never again', async () => {
    const engine = new LyingEngine([app, other]);
    const first = await openEngineImage({ engine, cache: cacheOf() }, 'app:1', unattended());
    const second = await openEngineImage({ engine, cache: cacheOf() }, app.configDigest, unattended());
    const third = await cachedEngineImage({ engine, cache: cacheOf() }, app.configDigest);
    assert.equal(saves(engine), 1);
    assert.deepEqual([first.name, first.tags, second.name], ['app:1', ['app:1'], 'app:1']);
    const trees = [first, second, third].map(async (image) => {
      assert.ok(image);
      assert.deepEqual(image.config.rootfs?.diff_ids, app.diffIds);
      return [...toldTree((await imageTree(image, signal)).root).keys()];
    });
    const names = ['b', 'etc', 'etc/motd'];
    assert.deepEqual(await Promise.all(trees), [names, names, names]);
  });

  it('reads it anew when the list of one of its layers is gone', async () => {
    const engine = new LyingEngine([app, other]);
    const bare = new LayerIndexCache({ folder: join(folder.path(), 'layers'), maxBytes: 10 });
    await openEngineImage({ engine, cache: bare }, 'app:1', unattended());
    await openEngineImage({ engine, cache: bare }, 'app:1', unattended());
    assert.equal(saves(engine), 2);
    assert.equal(await cachedEngineImage({ engine, cache: bare }, app.configDigest), undefined);
  });

  it('tells the bytes that it reads', async () => {
    const facts: ProgressFact[] = [];
    const report = (fact: ProgressFact): void => void facts.push(fact);
    await openEngineImage({ engine: new LyingEngine([app]) }, 'app:1', { signal, progress: { report } });
    assert.deepEqual(
      [...new Set(facts.map(({ phase, item }) => `${phase} ${item ?? ''}`))],
      ['preparing app:1', 'reading app:1'],
    );
  });

  it('leaves nothing behind when it is cancelled or the engine breaks off', async () => {
    const engine = new LyingEngine([app]);
    const cancelled = openEngineImage(
      { engine, cache: cacheOf() },
      'app:1',
      cancelledWhen(({ phase }) => phase === 'reading'),
    );
    await assert.rejects(cancelled, { name: 'AbortError' });
    engine.lies.save = async (truth) => {
      const stream = await truth();
      stream.once('data', () => stream.destroy(failure('streamCut', { call: 'image save', bytes: 700 })));
      return stream;
    };
    const broken = await failureOf(openEngineImage({ engine, cache: cacheOf() }, 'app:1', unattended()));
    assert.equal(broken.code, 'streamCut');
    assert.deepEqual(await readdir(folder.path()), []);
  });

  it('says so when there is no such image', async () => {
    const work = openEngineImage(
      { engine: new LyingEngine([app]), cache: cacheOf() },
      'nowhere',
      unattended(),
    );
    assert.equal((await failureOf(work)).code, 'engineNotFound');
  });

  it('reads many in one stream, each with its own layers, and those that are known not at all', async () => {
    const engine = new LyingEngine([app, other]);
    await openEngineImage({ engine, cache: cacheOf() }, 'app:1', unattended());
    const third = sampleImage([...other.layers, tarOf([['etc/.wh.motd', '']])], ['third:1']);
    engine.hold(third);
    engine.calls.length = 0;
    const ids = [app, other, third].map(({ configDigest }) => configDigest);
    const opened = await openEngineImages({ engine, cache: cacheOf() }, ids, unattended());
    assert.deepEqual(
      opened.map((one) => 'image' in one && [one.image.name, one.image.layers.map(({ diffId }) => diffId)]),
      [
        ['app:1', app.diffIds],
        ['other:1', other.diffIds],
        ['third:1', third.diffIds],
      ],
    );
    assert.deepEqual(
      engine.calls.flatMap(({ name, args }) => (name === 'save' ? [args[0]] : [])),
      [[other.configDigest, third.configDigest]],
    );
    const known = await cachedEngineImage({ engine, cache: cacheOf() }, third.configDigest);
    assert.ok(known);
    // Of the layer that came with another image.
    const tree = await layerRangeTree(known, { from: 0, to: 0 }, signal);
    const file = fileAt(tree.root, ['etc', 'motd']);
    assert.ok(file);
    assert.equal((await buffer(tree.read('etc/motd', file, unattended()))).toString(), 'low');
  });

  it('reads those that it can of many, and says what is wrong with the others', async () => {
    const engine = new LyingEngine([app, other]);
    engine.lies.save = (truth, [refs]) =>
      (refs as readonly string[]).includes(app.configDigest)
        ? Promise.reject(failure('engineRefused', { call: 'image save', reason: 'broken' }))
        : truth();
    const nowhere = digestOf('nowhere');
    const ids = [app.configDigest, nowhere, other.configDigest];
    const opened = await openEngineImages({ engine, cache: cacheOf() }, ids, unattended());
    assert.deepEqual(
      opened.map((one) => ('image' in one ? one.image.name : (one.error as { code: string }).code)),
      ['engineRefused', 'engineNotFound', 'other:1'],
    );
    const cancelled = openEngineImages(
      { engine: new LyingEngine([app, other]) },
      ids,
      cancelledWhen(() => true),
    );
    await assert.rejects(cancelled, { name: 'AbortError' });
  });
});
