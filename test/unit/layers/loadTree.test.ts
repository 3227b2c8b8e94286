import assert from 'node:assert/strict';
import { tarEnd, tarFile } from '../../../src/core/archive/tarWriter.ts';
import { exactPath, pathBytes } from '../../../src/core/layers/entryNames.ts';
import { loadTree, type Scope, type Stratum } from '../../../src/core/layers/loadTree.ts';
import { isThere, type TreeNode } from '../../../src/core/layers/treeNode.ts';
import { memoryStore } from '../../../src/core/vault/memoryStore.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';
import { layerOf, type Given } from '../../support/layerTars.ts';

const seed = 20_261_121;
const all: Scope = { kind: 'all' };

async function strataOf(
  store: ReturnType<typeof memoryStore>,
  layers: readonly (readonly Given[])[],
): Promise<readonly Stratum[]> {
  const strata: Stratum[] = [];
  for (const given of layers)
    strata.push({ layers: [await layerOf(store, given)], root: '', hasWhiteouts: true });
  return strata;
}

/** Every name in a tree, with its type and when it was changed. */
function told(root: TreeNode): Record<string, string> {
  const names: Record<string, string> = {};
  const visit = (node: TreeNode, path: string): void => {
    if (!isThere(node)) return;
    if (path !== '') names[path] = `${node.file?.type ?? 'implied'} ${node.file?.mtime ?? ''}`.trim();
    for (const [name, child] of node.children ?? []) visit(child, path === '' ? name : `${path}/${name}`);
  };
  visit(root, '');
  return names;
}

function nodeAt(root: TreeNode, path: string): TreeNode | undefined {
  let node: TreeNode | undefined = root;
  for (const part of path.split('/').filter((each) => each !== '')) node = node?.children?.get(part);
  return node !== undefined && isThere(node) ? node : undefined;
}

async function namesOf(layers: readonly (readonly Given[])[], scope = all): Promise<readonly string[]> {
  const store = memoryStore();
  const root = await loadTree(store, { strata: await strataOf(store, layers), scope, name: 'x' });
  return Object.entries(told(root))
    .map(([path, what]) => `${path} ${what.split(' ')[0] ?? ''}`)
    .sort();
}

describe('the files of layers laid over one another', () => {
  it('are those of all layers, the upper one’s where both have a name', async () => {
    const store = memoryStore();
    const strata = await strataOf(store, [
      [['etc/'], ['etc/a', 'old'], ['etc/b', 'b']],
      [['etc/a', 'newer']],
    ]);
    const root = await loadTree(store, { strata, scope: all, name: 'x' });
    assert.equal(nodeAt(root, 'etc/a')?.file?.sizeBytes, 5);
    assert.equal(nodeAt(root, 'etc/b')?.file?.sizeBytes, 1);
    assert.equal(nodeAt(root, 'etc')?.file?.type, 'directory');
  });

  it('lack what a whiteout names, and all that was in it', async () => {
    assert.deepEqual(
      await namesOf([
        [['a/'], ['a/x'], ['b'], ['c']],
        [
          ['.wh.a', ''],
          ['.wh.b', ''],
        ],
      ]),
      ['c file'],
    );
  });

  it('keep what the layer of a whiteout has itself, in whatever order', async () => {
    assert.deepEqual(
      await namesOf([
        [['a/'], ['a/x']],
        [['a/'], ['a/y'], ['.wh.a', '']],
      ]),
      ['a directory', 'a/y file'],
    );
  });

  it('lack what lies below an opaque folder', async () => {
    assert.deepEqual(
      await namesOf([
        [['a/'], ['a/x'], ['b']],
        [['a/'], ['a/.wh..wh..opq', ''], ['a/y']],
      ]),
      ['a directory', 'a/y file', 'b file'],
    );
  });

  it('do not come back through a whiteout from a layer further below', async () => {
    assert.deepEqual(await namesOf([[['a/'], ['a/x']], [['.wh.a', '']], [['a/'], ['a/y']]]), [
      'a directory',
      'a/y file',
    ]);
    assert.deepEqual(await namesOf([[['a/'], ['a/x']], [['a', 'a file']], [['a/'], ['a/y']]]), [
      'a directory',
      'a/y file',
    ]);
  });

  it('have the type that the upper layer gives them', async () => {
    assert.deepEqual(
      await namesOf([
        [['a/'], ['a/x'], ['b', 'b']],
        [['a', 'now a file'], ['b/'], ['b/y']],
      ]),
      ['a file', 'b directory', 'b/y file'],
    );
  });

  it('are what the last entry of a name in a tar says', async () => {
    const store = memoryStore();
    const strata = await strataOf(store, [
      [['a', '1'], ['a', '22'], ['./a', '333'], ['/b/', { type: 'directory' }], ['b//c']],
    ]);
    const root = await loadTree(store, { strata, scope: all, name: 'x' });
    assert.equal(nodeAt(root, 'a')?.file?.sizeBytes, 3);
    assert.equal(nodeAt(root, 'b/c')?.file?.type, 'file');
  });

  it('leave out what leads out of the root, and notes of AUFS', async () => {
    assert.deepEqual(
      await namesOf([
        [
          ['../up'],
          ['a/../../b'],
          ['..'],
          ['.wh..wh.plnk/', { type: 'directory' }],
          ['.wh..wh.plnk/1'],
          ['c'],
        ],
      ]),
      ['c file'],
    );
  });

  it('take a name of a whiteout for a name where layers have none', async () => {
    const store = memoryStore();
    const part = await layerOf(store, [['v/'], ['v/.wh.x', 'data'], ['v/x'], ['other']]);
    const root = await loadTree(store, {
      strata: [{ layers: [part], root: 'v', hasWhiteouts: false }],
      scope: all,
      name: 'x',
    });
    assert.deepEqual(Object.keys(told(root)).sort(), ['.wh.x', 'x']);
    assert.equal(root.file?.type, 'directory');
  });

  it('share the file of their hard links, also across the parts of a volume', async () => {
    const store = memoryStore();
    const parts = [
      await layerOf(store, [['v/'], ['v/a', 'data']]),
      await layerOf(store, [
        ['v/b', { type: 'hardlink', linkPath: 'v/a' }],
        ['v/c', { type: 'hardlink', linkPath: 'v/b' }],
      ]),
    ];
    const strata = [{ layers: parts, root: 'v/', hasWhiteouts: false }];
    const root = await loadTree(store, { strata, scope: all, name: 'x' });
    assert.ok(nodeAt(root, 'a')?.file);
    assert.equal(nodeAt(root, 'b')?.file, nodeAt(root, 'a')?.file);
    assert.equal(nodeAt(root, 'c')?.file, nodeAt(root, 'a')?.file);
    const only = await loadTree(store, { strata, scope: { kind: 'name', parts: ['c'] }, name: 'x' });
    assert.deepEqual(nodeAt(only, 'c')?.file, nodeAt(root, 'a')?.file);
  });

  it('keep a hard link to what was before a later file of that name', async () => {
    const store = memoryStore();
    const strata = await strataOf(store, [
      [
        ['a', 'first'],
        ['b', { type: 'hardlink', linkPath: 'a' }],
        ['a', 'second!'],
      ],
    ]);
    for (const scope of [all, { kind: 'name', parts: ['b'] } as const]) {
      const root = await loadTree(store, { strata, scope, name: 'x' });
      assert.equal(nodeAt(root, 'b')?.file?.sizeBytes, 5);
    }
  });

  it('show a hard link to nothing, and one to itself, as what they are', async () => {
    assert.deepEqual(
      await namesOf([
        [
          ['a', { type: 'hardlink', linkPath: 'gone' }],
          ['b', { type: 'hardlink', linkPath: 'b' }],
        ],
      ]),
      ['a hardlink', 'b hardlink'],
    );
  });

  it('tell names apart that are not UTF-8', async () => {
    const store = memoryStore();
    const raw = (last: number): Buffer => {
      const tar = Buffer.from(tarFile('caf?', `${last}`));
      tar[3] = last;
      let sum = 0;
      tar.fill(0x20, 148, 156);
      for (const byte of tar.subarray(0, 512)) sum += byte;
      tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
      return tar;
    };
    const layer = await layerOf(store, Buffer.concat([raw(0xe9), raw(0xe8), tarEnd]));
    const strata = [{ layers: [layer], root: '', hasWhiteouts: true }];
    const root = await loadTree(store, { strata, scope: all, name: 'x' });
    const names = [...(root.children?.keys() ?? [])];
    assert.deepEqual(
      names.map((name) => pathBytes(name).toString('latin1')),
      ['caf\xe9', 'caf\xe8'],
    );
    const [first = ''] = names;
    const only = await loadTree(store, { strata, scope: { kind: 'name', parts: [first] }, name: 'x' });
    assert.deepEqual(only.children?.get(first)?.file, root.children?.get(first)?.file);
  });

  it('refuse to be more than can be held', async () => {
    const store = memoryStore();
    const strata = await strataOf(store, [[['a/b/c/d/e']]]);
    await assert.rejects(loadTree(store, { strata, scope: all, name: 'x', maxNodes: 4 }), {
      code: 'treeTooLarge',
    });
  });

  it('are read no further than needed', async () => {
    const store = memoryStore();
    const strata = await strataOf(store, [
      [['a', 'lower']],
      [
        ['a', 'upper'],
        ['.wh.gone', ''],
      ],
    ]);
    const lower = strata[0]?.layers[0]?.index.entries.digest;
    assert.ok(lower);
    await store.delete(lower);
    for (const name of ['a', 'gone'])
      await loadTree(store, { strata, scope: { kind: 'name', parts: [name] }, name: 'x' });
    await assert.rejects(loadTree(store, { strata, scope: all, name: 'x' }), { code: 'blobMissing' });
  });
});

describe('a path that is no UTF-8', () => {
  it('comes back as its bytes, whatever they are', () => {
    const random = seededRandom(seed);
    for (let round = 0; round < 300; round++) {
      const bytes = Buffer.concat([
        random.bytes(1 + (round % 9)),
        Buffer.from('ä/漢😀'),
        random.bytes(round % 5),
      ]);
      const path = exactPath({ path: bytes.toString(), rawPath: bytes.toString('base64') });
      assert.deepEqual(pathBytes(path), bytes);
    }
  });
});

/** What a layer says, found without a tree. */
interface Said {
  readonly names: Map<string, string>;
  readonly gone: Set<string>;
  readonly opaque: Set<string>;
}

function upTo(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'));
}

function saidBy(given: readonly Given[]): Said {
  const said: Said = { names: new Map(), gone: new Set(), opaque: new Set() };
  const place = (path: string, what: string): void => {
    for (const folder of upTo(path).slice(0, -1))
      if (said.names.get(folder)?.startsWith('file') ?? true) said.names.set(folder, 'implied');
    const isFolder = !what.startsWith('file');
    if (!isFolder)
      for (const name of said.names.keys()) if (name.startsWith(`${path}/`)) said.names.delete(name);
    said.names.set(path, what);
  };
  for (const [raw, more] of given) {
    const path = raw.replace(/\/$/, '');
    const slash = path.lastIndexOf('/');
    const [folder, name] = [path.slice(0, Math.max(slash, 0)), path.slice(slash + 1)];
    const mtime = typeof more === 'object' ? (more.mtime ?? 0) : 0;
    if (name === '.wh..wh..opq') {
      if (folder !== '' && (said.names.get(folder)?.startsWith('file') ?? true)) place(folder, 'implied');
      said.opaque.add(folder);
    } else if (name.startsWith('.wh.')) {
      if (folder !== '' && (said.names.get(folder)?.startsWith('file') ?? true)) place(folder, 'implied');
      said.gone.add(folder === '' ? name.slice(4) : `${folder}/${name.slice(4)}`);
    } else place(path, `${raw.endsWith('/') ? 'directory' : 'file'} ${mtime}`);
  }
  return said;
}

function isHidden(path: string, { names, gone, opaque }: Said): boolean {
  if (opaque.has('')) return true;
  return upTo(path).some(
    (at) => gone.has(at) || (names.get(at)?.startsWith('file') ?? false) || (at !== path && opaque.has(at)),
  );
}

function laidOver(layers: readonly (readonly Given[])[]): Record<string, string> {
  let below = new Map<string, string>();
  for (const given of layers) {
    const said = saidBy(given);
    const next = new Map(said.names);
    for (const [path, what] of below) {
      if (isHidden(path, said)) continue;
      const over = said.names.get(path);
      if (over === undefined || (over === 'implied' && !what.startsWith('file') && !said.opaque.has(path)))
        next.set(path, what);
    }
    below = new Map(
      [...next].filter(
        ([path]) =>
          !upTo(path)
            .slice(0, -1)
            .some((at) => next.get(at)?.startsWith('file')),
      ),
    );
  }
  return Object.fromEntries(below);
}

describe(`random layers (seed ${seed})`, function () {
  this.timeout(60_000);
  it('give the files that their rules give, all at once, by folder and by name', async () => {
    for (let round = 0; round < 60; round++) {
      const random = seededRandom(seed + round);
      const pick = (count: number): number => random.below(count);
      const path = (): string => Array.from({ length: 1 + pick(3) }, () => 'abc'[pick(3)] ?? '').join('/');
      let mtime = 0;
      const layers = Array.from({ length: 1 + pick(4) }, () =>
        Array.from({ length: pick(7) }, (): Given => {
          const at = path();
          const folder = at.includes('/') ? `${at.slice(0, at.lastIndexOf('/'))}/` : '';
          mtime += 1;
          switch (pick(6)) {
            case 0:
              return [`${folder}.wh.${at.slice(-1)}`, { type: 'file', mtime }];
            case 1:
              return [`${folder}.wh..wh..opq`, { type: 'file', mtime }];
            case 2:
            case 3:
              return [`${at}/`, { type: 'directory', mtime }];
            default:
              return [at, { type: 'file', mtime }];
          }
        }),
      );
      const store = memoryStore();
      const strata = await strataOf(store, layers);
      const expected = laidOver(layers);
      const shown = JSON.stringify(layers);
      const root = await loadTree(store, { strata, scope: all, name: 'x' });
      assert.deepEqual(told(root), expected, `round ${round}: ${shown}`);
      for (const name of ['a', 'a/b', 'b/c', 'c/a/b']) {
        const parts = name.split('/');
        const one = await loadTree(store, { strata, scope: { kind: 'name', parts }, name: 'x' });
        assert.equal(
          told(one)[name]?.split(' ')[0],
          expected[name]?.split(' ')[0],
          `round ${round}, ${name}: ${shown}`,
        );
        const below = await loadTree(store, { strata, scope: { kind: 'below', parts }, name: 'x' });
        const within = ([at]: readonly [string, string]): boolean => at === name || at.startsWith(`${name}/`);
        assert.deepEqual(
          Object.fromEntries(Object.entries(told(below)).filter(within)),
          Object.fromEntries(Object.entries(expected).filter(within)),
          `round ${round}, below ${name}: ${shown}`,
        );
      }
    }
  });
});
