import assert from 'node:assert/strict';
import { zstdCompressSync } from 'node:zlib';
import { readArchivedImages } from '../../../src/core/layers/archivedLayers.ts';
import { chooseImage, type LayeredImage } from '../../../src/core/layers/layeredImage.ts';
import { unattended } from '../../../src/core/progress.ts';
import { layerEntries } from '../../../src/core/vault/layerIndex.ts';
import type { LayerEntry } from '../../../src/core/vault/layerEntry.ts';
import { memoryStore } from '../../../src/core/vault/memoryStore.ts';
import { memorySource } from '../../support/archives/byteStreams.ts';
import {
  buildkitOci,
  classicEngine,
  containerdStore,
  legacyEngine,
  skopeoOci,
} from '../../support/archives/producers.ts';
import { sampleImage, sampleImages } from '../../support/archives/sampleImages.ts';
import { DrydockError } from '../../../src/core/errors.ts';
import { layerOf, tarOf } from '../../support/layerTars.ts';

async function imagesIn(bytes: Uint8Array, chunkBytes?: number): Promise<readonly LayeredImage[]> {
  return (await readArchivedImages(memorySource(bytes, chunkBytes), unattended())).images;
}

function listed(image: LayeredImage | undefined): readonly (readonly LayerEntry[])[] {
  assert.ok(image);
  return image.layers.map((layer) => {
    const entries = layer.entries(new AbortController().signal);
    assert.ok(Symbol.iterator in entries);
    return [...entries];
  });
}

describe('the layers of an archive', () => {
  const [app, base] = sampleImages();

  const producers = {
    'Docker 20.10': legacyEngine([app, base]),
    'Docker 25+ classic': classicEngine([app, base]),
    'a packed archive': zstdCompressSync(classicEngine([app, base])),
    'skopeo, layers in gzip': skopeoOci(app, 'app:1'),
    'a containerd store': containerdStore(app).bytes,
    BuildKit: buildkitOci(app).bytes,
  };
  for (const [name, bytes] of Object.entries(producers)) {
    it(`are listed as a vault lists them, from ${name}`, async () => {
      const expected: LayerEntry[][] = [];
      for (const layer of app.layers) {
        const store = memoryStore();
        const own: LayerEntry[] = [];
        for await (const entry of layerEntries(store, (await layerOf(store, layer)).index)) own.push(entry);
        expected.push(own);
      }
      for (const chunkBytes of [undefined, 1000]) {
        const images = await imagesIn(bytes, chunkBytes);
        const found = images.find(({ configDigest }) => configDigest === app.configDigest);
        assert.deepEqual(listed(found), expected);
        assert.deepEqual(
          found?.layers.map(({ diffId, tarBytes }) => [diffId, tarBytes]),
          app.layers.map((layer, at) => [app.diffIds[at], layer.length]),
        );
      }
    });
  }

  it('that are no tars are told of when they are asked for', async () => {
    for (const layer of [Buffer.from('no tar'.repeat(200)), tarOf([['a', 'a']]).subarray(0, 1024)]) {
      const [image] = await imagesIn(classicEngine([sampleImage([layer], ['x:1'])]));
      assert.throws(
        () => listed(image),
        (error) => error instanceof DrydockError && error.code.startsWith('archive'),
      );
    }
  });

  it('that hold more than fits are told of when they are asked for', async () => {
    for (const bytes of [classicEngine([app]), skopeoOci(app, 'app:1')]) {
      const { images } = await readArchivedImages(memorySource(bytes), unattended(), { maxEntries: 1 });
      assert.throws(
        () => listed(images[0]),
        (error) => error instanceof DrydockError && error.code === 'treeTooLarge',
      );
    }
  });

  it('belong to the image that is meant', async () => {
    const arm = sampleImage([tarOf([['arm']])], ['app:1'], 'arm64');
    const images = await imagesIn(classicEngine([app, base, arm]));
    const choose = (wanted?: string): string =>
      chooseImage(images, { where: 'x', ...(wanted !== undefined && { wanted }) }).name;
    assert.deepEqual(
      images.map(({ name }) => name),
      ['app:1@linux/amd64', 'base:latest', 'app:1@linux/arm64'],
    );
    assert.equal(choose('base'), 'base:latest');
    assert.equal(choose('registry.example:5000/team/app:2'), 'app:1@linux/amd64');
    assert.equal(choose(arm.configDigest.slice(0, 20)), 'app:1@linux/arm64');
    assert.throws(() => choose(), { code: 'rootUnclear' });
    assert.throws(() => choose('app:1'), { code: 'rootUnclear' });
    assert.throws(() => choose('other'), { code: 'rootMissing' });
  });
});
