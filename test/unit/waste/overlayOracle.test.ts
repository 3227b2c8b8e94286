import assert from 'node:assert/strict';
import { loadTree } from '../../../src/core/layers/loadTree.ts';
import { mergeLayers } from '../../../src/core/layers/mergeLayers.ts';
import { isThere, type TreeFile, type TreeNode } from '../../../src/core/layers/treeNode.ts';
import type { LayerEntry } from '../../../src/core/vault/layerEntry.ts';
import { layerEntries, type LayerIndex } from '../../../src/core/vault/layerIndex.ts';
import type { BlobStore } from '../../../src/core/vault/blobStore.ts';
import { memoryStore } from '../../../src/core/vault/memoryStore.ts';
import { analyzeWaste } from '../../../src/core/waste/analyzeWaste.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';
import { layerOf } from '../../support/layerTars.ts';
import { layerTar, mergeForReal, type Given, type Told } from '../../support/overlayReference.ts';
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
      assertSame(told(await mergeLayers({ name: 'x', layers: entries() })), real.names);

      const strata = indexes.map((index) => ({ layers: [{ index }], root: '', hasWhiteouts: true }));
      const fromTop = await loadTree(store, { strata, scope: { kind: 'all' }, name: 'x' });
      assertSame(told(fromTop), real.names);

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

/** Every name of a tree, in the words of the reference. */
function told(root: TreeNode<unknown>): Told {
  const found: [string, TreeNode<unknown>][] = [];
  const visit = (node: TreeNode<unknown>, path: string): void => {
    if (!isThere(node)) return;
    if (path !== '') found.push([path, node]);
    for (const [name, child] of node.children ?? []) visit(child, path === '' ? name : `${path}/${name}`);
  };
  visit(root, '');
  const first = new Map<TreeFile<unknown>, string>();
  const names = new Map<string, string>();
  for (const [path, { file, children }] of found.toSorted(byName)) {
    if (children !== undefined || file === undefined)
      names.set(path, file ? `directory ${file.mode.toString(8)}` : 'directory');
    else {
      first.set(file, first.get(file) ?? path);
      const one = first.get(file) ?? '';
      if (file.type === 'symlink') names.set(path, `symlink ${file.link ?? ''} ${one}`);
      else
        names.set(
          path,
          `${file.type} ${file.mode.toString(8)} ${file.sizeBytes} ${file.sha256 ?? ''} ${one}`,
        );
    }
  }
  return names;
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}

/** Names of few letters, so that layers meet: files, folders, links of both kinds, whiteouts, types that change. */
function randomStack(from: number): readonly (readonly Given[])[] {
  const random = seededRandom(from);
  const pick = <T>(some: readonly T[]): T => some[random.below(some.length)] as T;
  const contents = [0, 1, 511, 512, 700, 3000].map((length) => random.bytes(length));
  const somePath = (): string =>
    Array.from({ length: 1 + random.below(3) }, () => pick(['a', 'b', 'c', '+x'])).join('/');
  return Array.from({ length: 2 + random.below(4) }, () => {
    const given: Given[] = [];
    /** What this layer has by now, whiteouts left out. */
    const own = new Map<string, 'directory' | 'file' | 'symlink'>();
    const parentsOf = (path: string): readonly string[] =>
      path.split('/').flatMap((_, at, parts) => (at === 0 ? [] : [parts.slice(0, at).join('/')]));
    const enter = (path: string): boolean => {
      const parents = parentsOf(path);
      if (parents.some((parent) => (own.get(parent) ?? 'directory') !== 'directory')) return false;
      for (const parent of parents) {
        if (own.has(parent)) continue;
        own.set(parent, 'directory');
        if (random.below(4) > 0) given.push({ path: `${parent}/`, type: 'directory', mode: 0o755 });
      }
      return true;
    };
    for (let count = 4 + random.below(10); count > 0; count--) {
      const path = somePath();
      if (!enter(path)) continue;
      const [parent, name] = [path.slice(0, path.lastIndexOf('/') + 1), path.split('/').at(-1) ?? ''];
      const kind = pick([
        'file',
        'file',
        'file',
        'directory',
        'symlink',
        'hardlink',
        'whiteout',
        'whiteout',
        'opaque',
      ]);
      const isFolder = own.get(path) === 'directory';
      const mode = pick([0o644, 0o600, 0o4755]);
      if (kind === 'whiteout') given.push({ path: `${parent}.wh.${name}`, data: Buffer.alloc(0) });
      else if (kind === 'directory' || kind === 'opaque') {
        if (own.has(path) && !isFolder) continue;
        own.set(path, 'directory');
        given.push({ path: `${path}/`, type: 'directory', mode: pick([0o755, 0o700, 0o711]) });
        if (kind === 'opaque') given.push({ path: `${path}/.wh..wh..opq`, data: Buffer.alloc(0) });
      } else if (isFolder) continue;
      else if (kind === 'file') {
        own.set(path, 'file');
        given.push({ path, mode, mtime: random.below(1000), data: pick(contents) });
      } else if (kind === 'symlink') {
        own.set(path, 'symlink');
        given.push({ path, type: 'symlink', linkPath: pick(['a', '../b', 'c/a', 'nowhere']) });
      } else {
        const targets = [...own].filter(([other, type]) => type === 'file' && other !== path);
        if (targets.length === 0) continue;
        own.set(path, 'file');
        given.push({ path, type: 'hardlink', linkPath: pick(targets)[0] });
      }
    }
    return given;
  });
}
