import assert from 'node:assert/strict';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Digest } from '../../../src/core/digest.ts';
import { cachedEngineImage, openEngineImage } from '../../../src/core/fileTrees/engineImage.ts';
import type { FileTree } from '../../../src/core/fileTrees/fileTree.ts';
import { imageTree } from '../../../src/core/fileTrees/imageTree.ts';
import { layerRangeTree } from '../../../src/core/fileTrees/layerRangeTree.ts';
import { LayerIndexCache } from '../../../src/core/fileTrees/layerIndexCache.ts';
import { snapshotTrees } from '../../../src/core/fileTrees/snapshotTrees.ts';
import { vaultImages } from '../../../src/core/fileTrees/vaultImages.ts';
import { partsOf } from '../../../src/core/layers/entryNames.ts';
import { fileAt } from '../../../src/core/layers/treeNode.ts';
import { unattended } from '../../../src/core/progress.ts';
import type { SnapshotDraft } from '../../../src/core/snapshot/snapshotDraft.ts';
import { openSnapshot } from '../../../src/core/snapshot/snapshots.ts';
import type { BlobStore } from '../../../src/core/vault/blobStore.ts';
import { createVault, type Vault } from '../../../src/core/vault/layout.ts';
import { sampleImage } from '../../support/archives/sampleImages.ts';
import { sourceOf, storeImage } from '../../support/capturedThings.ts';
import { tarOf } from '../../support/layerTars.ts';
import { LyingEngine } from '../../support/lyingEngine.ts';
import { toldTree } from '../../support/randomLayers.ts';
import { land, snapshotMs, storeTar, vaultWithContainer } from '../../support/snapshotVault.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const { signal } = new AbortController();
const layers = [
  tarOf([['etc/'], ['etc/conf', 'low'], ['old']]),
  tarOf([
    ['etc/conf', 'high'],
    ['.wh.old', ''],
  ]),
];

async function read(tree: FileTree, path: string): Promise<string> {
  const file = fileAt(tree.root, partsOf(path) ?? []);
  assert.ok(file, `no ${path}`);
  return (await buffer(tree.read(path, file, unattended()))).toString();
}

describe('images that a vault holds', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  let vault: Vault;
  let id: Digest;

  beforeEach(async () => {
    vault = await createVault({ path: join(folder.path(), 'vault'), compression: 'zstd' });
    await land(vault, sourceOf('image', 'app:1'), async (draft, store) => {
      const stored = [];
      for (const layer of layers) stored.push(await storeTar(store, layer));
      const image = await storeImage(store, stored);
      await draft.addImage(image);
      ({ id } = image);
    });
  });

  /** An engine that has the same image, as far as anybody asks it. */
  function engineWithIt(): LyingEngine {
    const image = sampleImage(layers, ['app:1']);
    const engine = new LyingEngine([image]);
    engine.lies.inspect = async (truth) => ({ ...(await truth()), id });
    return engine;
  }

  it('are looked into without a transfer, and their files read from there', async () => {
    const engine = engineWithIt();
    const vaults = vaultImages([vault]);
    const image = await openEngineImage({ engine, vaults }, 'app:1', unattended());
    assert.ok(!engine.calls.some(({ name }) => name === 'save'));
    assert.equal(image.name, 'app:1');
    const merged = await imageTree(image, signal);
    assert.deepEqual([...toldTree(merged.root).keys()], ['etc', 'etc/conf']);
    assert.equal(await read(merged, 'etc/conf'), 'high');
    const low = await layerRangeTree(image, { from: 0, to: 0 }, signal);
    assert.deepEqual([await read(low, 'etc/conf'), await read(low, 'old')], ['low', 'old']);
    assert.ok(await cachedEngineImage({ engine, vaults }, id));
  });

  it('are not taken for another platform’s of the same ID', async () => {
    const diffIds = sampleImage(layers.slice(0, 1), []).diffIds;
    assert.equal(await vaultImages([vault]).image(id, diffIds, signal), undefined);
    assert.equal(await vaultImages([]).image(id, undefined, signal), undefined);
  });

  it('are found also when another one is looked for meanwhile', async () => {
    const newer = { createdMs: snapshotMs + 1000 };
    const addNewer = async (draft: SnapshotDraft, store: BlobStore): Promise<void> => {
      const image = await storeImage(store, [await storeTar(store, [['newer']])]);
      await draft.addImage(image);
      newerId = image.id;
    };
    let newerId = id;
    await land(vault, sourceOf('image', 'newer:1'), addNewer, newer);
    const known = vaultImages([vault]);
    const isKnown = async (one: Digest): Promise<boolean> =>
      (await known.image(one, undefined, signal)) !== undefined;
    assert.ok(await isKnown(newerId), 'the older snapshot was not looked into for this');
    const unknown = sampleImage([], []).configDigest;
    assert.deepEqual(await Promise.all([unknown, id].map(isKnown)), [false, true]);
  });

  it('give the list of a layer that the cache has lost', async () => {
    const app = sampleImage(layers, ['app:1']);
    const engine = new LyingEngine([app]);
    const cache = new LayerIndexCache({ folder: join(folder.path(), 'layers') });
    const record = {
      id: app.configDigest,
      configDigest: app.configDigest,
      configBytes: app.config,
      platform: app.platform,
      layers: app.diffIds.map((diffId) => ({ diffId, archivePath: '' })),
    };
    await cache.addImage(record, signal);
    assert.equal(await cachedEngineImage({ engine, cache }, app.configDigest), undefined);
    const vaults = vaultImages([vault]);
    const image = await cachedEngineImage({ engine, cache, vaults }, app.configDigest);
    assert.ok(image);
    assert.deepEqual([...toldTree((await imageTree(image, signal)).root).keys()], ['etc', 'etc/conf']);
  });
});

describe('the trees of a snapshot', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();

  it('are those of its containers, images and volumes, each with its files', async () => {
    const { vault, snapshot } = await vaultWithContainer(join(folder.path(), 'vault'), {
      base: [['etc/'], ['etc/conf', 'old']],
      writable: [['etc/conf', 'new'], ['own']],
      data: [['v/'], ['v/rows', 'data']],
    });
    const trees = await snapshotTrees(vault.blobs, await openSnapshot(vault, snapshot));
    assert.deepEqual(
      trees.map(({ name, kind }) => `${kind} ${name}`),
      ['container web', 'image app:1', 'volume data'],
    );
    const [container, image, volume] = await Promise.all(trees.map((tree) => tree.open(signal)));
    assert.ok(container && image && volume);
    assert.deepEqual(
      [container, image, volume].map(({ root }) =>
        [...toldTree(root).keys()].filter((path) => path !== 'etc'),
      ),
      [['etc/conf', 'own'], ['etc/conf'], ['rows']],
    );
    assert.deepEqual([container.kind, container.image?.diffIds.length], ['container', 2]);
    assert.equal(await read(container, 'etc/conf'), 'new');
    assert.equal(await read(image, 'etc/conf'), 'old');
    assert.equal(await read(volume, 'rows'), 'data');
  });
});
