import assert from 'node:assert/strict';
import { loadTree } from '../../../src/core/layers/loadTree.ts';
import { mergeLayers } from '../../../src/core/layers/mergeLayers.ts';
import type { LayerEntry } from '../../../src/core/vault/layerEntry.ts';
import { layerEntries, type LayerIndex } from '../../../src/core/vault/layerIndex.ts';
import type { BlobStore } from '../../../src/core/vault/blobStore.ts';
import { memoryStore } from '../../../src/core/vault/memoryStore.ts';
import { analyzeWaste } from '../../../src/core/waste/analyzeWaste.ts';
import { layerOf } from '../../support/layerTars.ts';
import { layerTar, mergeForReal, type Given, type Told } from '../../support/overlayReference.ts';
import { randomStack, toldTree } from '../../support/randomLayers.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const seed = 20_261_121;
const stacks = 40;

describe(`random stacks of layers, unpacked for real (seed ${seed})`, function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  let store: BlobStore;
  let indexes: readonly LayerIndex[];

  async function keep(layers: readonly (readonly Given[])[]): Promise<void> {
    store = memoryStore();
    const kept: LayerIndex[] = [];
    for (const given of layers) kept.push((await layerOf(store, layerTar(given))).index);
    indexes = kept;
  }

  for (let round = 0; round < stacks; round++) {
    it(`stack ${round} has the same names, files and links, and wastes what can’t be seen`, async () => {
      const layers = randomStack(seed + round);
      await keep(layers);
      const real = await mergeForReal(folder.path(), layers);
      const entries = (): AsyncIterable<LayerEntry>[] => indexes.map((index) => layerEntries(store, index));
      assertSame(toldTree(await mergeLayers({ name: 'x', layers: entries() })), real.names);

      const strata = indexes.map((index) => ({ layers: [{ index }], root: '', hasWhiteouts: true }));
      const fromTop = await loadTree(store, { strata, scope: { kind: 'all' }, name: 'x' });
      assertSame(toldTree(fromTop), real.names);

      const waste = await analyzeWaste({ name: 'x', layers: entries() });
      const brought = layers.map((given) => given.reduce((sum, { data }) => sum + (data?.length ?? 0), 0));
      const broughtBytes = brought.reduce((sum, bytes) => sum + bytes, 0);
      assert.deepEqual(
        waste.layers.map(({ sizeBytes }) => sizeBytes),
        brought,
      );
      assert.equal(waste.sizeBytes, broughtBytes);
      assert.equal(waste.wastedBytes, broughtBytes - (real.visibleBytes.at(-1) ?? 0));

      // With each layer, what can be seen grows by what it brings and shrinks by what it makes useless.
      assert.deepEqual(
        waste.layers.map(({ spoiledBytes }) => spoiledBytes),
        brought.map((bytes, place) => {
          const before = real.visibleBytes[place - 1] ?? 0;
          return before + bytes - (real.visibleBytes[place] ?? 0);
        }),
      );
      for (const [place, cost] of waste.layers.entries()) {
        const bytesOf = (key: 'from' | 'by'): number =>
          waste.wasted
            .filter((file) => file[key] === place)
            .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
        assert.deepEqual([bytesOf('from'), bytesOf('by')], [cost.wastedBytes, cost.spoiledBytes]);
      }
    });
  }
});

function assertSame(found: Told, real: Told): void {
  // A folder that no layer names has whatever mode tar gives it.
  const asFound = [...real].map(([path, what]) => [
    path,
    found.get(path) === 'directory' ? what.replace(/^directory.*/, 'directory') : what,
  ]);
  assert.deepEqual([...found].toSorted(byPath), asFound.toSorted(byPath));
}

function byPath([one = '']: readonly string[], [other = '']: readonly string[]): number {
  return one < other ? -1 : 1;
}
