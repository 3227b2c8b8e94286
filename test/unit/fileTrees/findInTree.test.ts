import assert from 'node:assert/strict';
import { findInImages, findInTree } from '../../../src/core/fileTrees/findInTree.ts';
import { imageTree } from '../../../src/core/fileTrees/imageTree.ts';
import { layerRangeTree } from '../../../src/core/fileTrees/layerRangeTree.ts';
import type { LayeredImage, ListedLayer } from '../../../src/core/layers/layeredImage.ts';
import type { LayerEntry } from '../../../src/core/vault/layerEntry.ts';
import { unattended } from '../../../src/core/progress.ts';
import { globPattern } from '../../../src/core/snapshotFiles/globPattern.ts';
import { failureOf } from '../../support/failureOf.ts';
import { file, folder, gone, listedImage } from '../../support/listedStack.ts';
import { randomStack, toldTree } from '../../support/randomLayers.ts';

const { signal } = new AbortController();
const base = [folder('etc'), file('etc/nginx.conf', '1'), file('etc/old.conf', '2')];
const top = [file('etc/nginx.conf', '12'), gone('etc/old.conf'), file('srv/etc/x', '')];

async function found(images: readonly LayeredImage[], pattern: string): Promise<readonly string[]> {
  const result = await findInImages(images, pattern, unattended());
  assert.deepEqual(result.failed, []);
  return result.found.map(
    ({ image, place, path, isVisible }) => `${image.name} ${place} ${path}${isVisible ? '' : ' hidden'}`,
  );
}

describe('finding names', function () {
  this.timeout(20_000);
  it('passes over paths that are deeper than any folder can be', async () => {
    const image = await listedImage([[file('etc/a', '')]]);
    const [layer] = image.layers;
    assert.ok(layer);
    const [entry] = layer.entries(signal) as Iterable<LayerEntry>;
    assert.ok(entry);
    // With the folders of 30,000 levels the match would take many minutes.
    const deep = { ...entry, path: 'a/'.repeat(30_000).concat('b') };
    const hostile = { ...image, layers: [{ ...layer, entries: () => [deep, entry] }] };
    assert.deepEqual(await found([hostile], 'a/?/[b-c]/c'), []);
  });

  it('gives what the pattern means of all that is in a tree', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const tree = await imageTree(await listedImage(randomStack(seed)), signal);
      for (const pattern of ['a', '*', '/a/**', 'b/c', '[!a]', '/a', '+x/*']) {
        const { matches } = globPattern(pattern);
        const names = (await findInTree(tree, pattern, signal)).map(({ path }) => path);
        assert.deepEqual(
          names,
          [...toldTree(tree.root).keys()].filter(matches).toSorted(),
          `${seed} ${pattern}`,
        );
      }
    }
  });

  it('passes over names that a layer takes away', async () => {
    const layer = await layerRangeTree(await listedImage([base, top]), { from: 1, to: 1 }, signal);
    const names = (await findInTree(layer, '*.conf', signal)).map(({ path }) => path);
    assert.deepEqual(names, ['etc/nginx.conf']);
  });

  it('tells of each layer of an image that has one, and which of them is seen', async () => {
    const image = await listedImage([base, top]);
    assert.deepEqual(await found([image], '*.conf'), [
      'app:1 0 etc/nginx.conf hidden',
      'app:1 0 etc/old.conf hidden',
      'app:1 1 etc/nginx.conf',
    ]);
    assert.deepEqual(
      await found([image], 'etc'),
      ['app:1 0 etc', 'app:1 1 srv/etc'],
      'folders as they are seen',
    );
  });

  it('goes through a layer that images share once, and puts no image together without need', async () => {
    let readings = 0;
    const counted = (layer: ListedLayer): ListedLayer => ({
      ...layer,
      entries: (during) => {
        readings += 1;
        return layer.entries(during);
      },
    });
    const images = await Promise.all(
      ['one', 'two', 'three'].map(async (name) => {
        const image = await listedImage([base, [file(name, name)]], `${name}:1`);
        return { ...image, layers: image.layers.map(counted) };
      }),
    );
    assert.deepEqual(await found(images, 'two'), ['two:1 1 two']);
    assert.equal(readings, 4 + 2);
  });

  it('goes on past an image that can’t be read, and says which', async () => {
    const whole = await listedImage([base]);
    const broken = {
      ...whole,
      name: 'broken',
      layers: whole.layers.map((layer) => ({
        ...layer,
        diffId: whole.configDigest,
        entries: () => {
          throw new Error('gone');
        },
      })),
    };
    const result = await findInImages([broken, whole], 'nginx.conf', unattended());
    assert.deepEqual(
      [result.failed.map(({ image }) => image.name), result.found.map(({ image }) => image.name)],
      [['broken'], ['app:1']],
    );
  });

  it('refuses what is no pattern', async () => {
    const image = await listedImage([base]);
    assert.equal((await failureOf(findInImages([image], '[a', unattended()))).code, 'badPattern');
  });
});
