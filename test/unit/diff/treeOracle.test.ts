import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compareTrees } from '../../../src/core/diff/compareTrees.ts';
import type { FileChange, Strictness } from '../../../src/core/diff/diffReport.ts';
import { partsOf } from '../../../src/core/layers/entryNames.ts';
import { mergeLayers } from '../../../src/core/layers/mergeLayers.ts';
import type { TreeNode } from '../../../src/core/layers/treeNode.ts';
import { layerEntries } from '../../../src/core/vault/layerIndex.ts';
import { memoryStore } from '../../../src/core/vault/memoryStore.ts';
import { layerOf } from '../../support/layerTars.ts';
import { layerTar, unpackForReal, type Given } from '../../support/overlayReference.ts';
import { randomStack } from '../../support/randomLayers.ts';
import { differencesOf, namesBelow } from '../../support/treeReference.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const seed = 20_261_121;
const pairs = 24;

describe(`pairs of random stacks of layers, unpacked for real (seed ${seed})`, function () {
  this.timeout(120_000);
  const folder = temporaryFolder();

  async function rootOf(layers: readonly (readonly Given[])[]): Promise<TreeNode<unknown>> {
    const store = memoryStore();
    const indexes = [];
    for (const given of layers) indexes.push((await layerOf(store, layerTar(given))).index);
    return mergeLayers({ name: 'x', layers: indexes.map((index) => layerEntries(store, index)) });
  }

  for (let round = 0; round < pairs; round++)
    it(`pair ${round} differs in what find and sha256sum tell of them`, async () => {
      const first = randomStack(seed + 2 * round);
      const second = withContents(randomStack(seed + 2 * round + 1), first);
      // An image and one built upon it, another one, its own lower layers, itself with copies in the place of links.
      const kinds = [[...first, ...second.slice(0, 1)], second, first.slice(0, -1), first.map(withCopies)];
      const right = kinds[round % kinds.length] ?? [];
      const stacks = { left: first, right };
      const real = [];
      for (const [side, layers] of Object.entries(stacks)) {
        await mkdir(join(folder.path(), side));
        real.push(await namesBelow(await unpackForReal(join(folder.path(), side), layers)));
      }
      const [one, other] = [await rootOf(stacks.left), await rootOf(stacks.right)];
      const strict = await told(one, other, 'strict');
      const expected = differencesOf(real[0] ?? new Map(), real[1] ?? new Map());
      // A folder that no layer names has whatever mode tar gives it.
      const isUnnamed = (path: string): boolean =>
        [one, other].some((root) => at(root, path)?.file === undefined);
      assert.deepEqual(
        strict,
        expected.filter((line) => !/^metadata .* mode$/.test(line) || !isUnnamed(line.split(' ')[1] ?? '')),
      );
      const semantic = await told(one, other, 'semantic');
      assert.deepEqual(
        semantic,
        strict.map((line) => line.replace(/ time\b/, '')).filter((line) => !/^metadata \S+$/.test(line)),
      );
    });
});

/** The same stack with the contents of another one, by their lengths. */
function withContents(
  layers: readonly (readonly Given[])[],
  others: readonly (readonly Given[])[],
): readonly (readonly Given[])[] {
  const contents = new Map(others.flat().flatMap(({ data }) => (data ? [[data.length, data] as const] : [])));
  return layers.map((layer) =>
    layer.map((entry) => {
      const data = entry.data && contents.get(entry.data.length);
      return data ? { ...entry, data } : entry;
    }),
  );
}

/** The same layer, in which hard links are files of their own. */
function withCopies(layer: readonly Given[]): readonly Given[] {
  const known = new Map<string, Given>();
  return layer.map((entry) => {
    const source = entry.type === 'hardlink' ? known.get(entry.linkPath ?? '') : undefined;
    const own = source ? { ...source, path: entry.path } : entry;
    known.set(entry.path, own);
    return own;
  });
}

async function told(
  left: TreeNode<unknown>,
  right: TreeNode<unknown>,
  strictness: Strictness,
): Promise<readonly string[]> {
  const { files } = await compareTrees({
    left: { kind: 'image', root: left },
    right: { kind: 'image', root: right },
    strictness,
  });
  return files.map(lineOf).filter((line) => !/^metadata \S+$/.test(line));
}

function lineOf({ kind, path, from, fields, right }: FileChange): string {
  const counted = right?.type === 'directory' ? fields.filter((field) => field !== 'time') : fields;
  return [kind, ...(from === undefined ? [] : [from, '>']), path, ...counted].join(' ');
}

function at(root: TreeNode<unknown>, path: string): TreeNode<unknown> | undefined {
  let node: TreeNode<unknown> | undefined = root;
  for (const part of partsOf(path) ?? []) node = node?.children?.get(part);
  return node;
}
