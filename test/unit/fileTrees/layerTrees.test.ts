import assert from 'node:assert/strict';
import { imageTree } from '../../../src/core/fileTrees/imageTree.ts';
import { layerChanges, type ChangeNode } from '../../../src/core/fileTrees/layerChanges.ts';
import { layerRangeTree } from '../../../src/core/fileTrees/layerRangeTree.ts';
import { pathHistory } from '../../../src/core/fileTrees/pathHistory.ts';
import { kindOfChange } from '../../../src/core/fileTrees/changeKind.ts';
import { partsOf } from '../../../src/core/layers/entryNames.ts';
import type { LayeredImage } from '../../../src/core/layers/layeredImage.ts';
import type { Origin } from '../../../src/core/layers/mergeLayers.ts';
import { fileOf, isThere, mergeNode, nodeAt, type TreeNode } from '../../../src/core/layers/treeNode.ts';
import { failureOf } from '../../support/failureOf.ts';
import { file, folder, gone, listedImage, lowerPart } from '../../support/listedStack.ts';
import { randomStack, toldTree } from '../../support/randomLayers.ts';

const { signal } = new AbortController();
const seed = 20_261_122;
const stacks = 60;

async function rootOf(image: LayeredImage, count = image.layers.length): Promise<TreeNode<Origin>> {
  return (await imageTree(lowerPart(image, count), signal)).root;
}

/** Each name of a layer's changes; folders on the way to them are left out. */
function toldChanges(root: ChangeNode): ReadonlyMap<string, ChangeNode> {
  const told = new Map<string, ChangeNode>();
  const visit = (node: ChangeNode, path: string): void => {
    for (const [name, child] of node.children ?? []) {
      const own = path === '' ? name : `${path}/${name}`;
      if (child.kind !== 'within') told.set(own, child);
      visit(child, own);
    }
  };
  visit(root, '');
  return told;
}

/** All that can be told apart of a name, without the other names of its file. */
function factsAt(root: TreeNode<Origin>, path: string): string | undefined {
  const node = nodeAt(root, partsOf(path) ?? []);
  if (node === undefined || !isThere(node)) return undefined;
  const { type, mode, uid, gid, mtime, sizeBytes, sha256, link } = node.file ?? {};
  const content = node.children === undefined ? [type, sizeBytes, sha256, link] : ['directory'];
  return JSON.stringify([content, node.file && [mode, uid, gid, mtime]]);
}

describe(`what single layers of an image do (seed ${seed})`, function () {
  this.timeout(20_000);
  it('is what differs between the image with the layer and the one without it', async () => {
    for (let count = 0; count < stacks; count++) {
      const image = await listedImage(randomStack(seed + count));
      for (const place of image.layers.keys()) {
        const [before, after] = [await rootOf(image, place), await rootOf(image, place + 1)];
        const changes = toldChanges(await layerChanges(image, place, signal));
        const names = new Set([...toldTree(before).keys(), ...toldTree(after).keys(), ...changes.keys()]);
        for (const path of names) {
          const [was, is] = [factsAt(before, path), factsAt(after, path)];
          const kind = changes.get(path)?.kind;
          const label = `stack ${count}, layer ${place}, ${path}`;
          if (was === is) assert.ok(kind === undefined || kind === 'same', `${label}: ${kind ?? ''}`);
          else if (was === undefined) assert.equal(kind, 'added', label);
          else if (is === undefined) assert.equal(kind, 'removed', label);
          else assert.ok(kind === 'changed' || kind === 'metadata', `${label}: ${kind ?? ''}`);
        }
      }
    }
  });

  it('is told path by path the same way', async () => {
    for (let count = 0; count < stacks; count++) {
      const image = await listedImage(randomStack(seed + count));
      const names = new Set<string>();
      const byLayer: ReadonlyMap<string, ChangeNode>[] = [];
      for (const place of image.layers.keys()) {
        byLayer.push(toldChanges(await layerChanges(image, place, signal)));
        for (const path of toldTree(await rootOf(image, place + 1)).keys()) names.add(path);
      }
      for (const path of names) {
        const expected = byLayer.flatMap((changes, place) => {
          const change = changes.get(path);
          const isNoise = change?.kind === 'same' && change.children !== undefined;
          return change === undefined || isNoise ? [] : [`${place} ${change.kind}`];
        });
        const events = await pathHistory(image, path, signal);
        assert.deepEqual(
          events.map(({ place, kind }) => `${place} ${kind}`),
          expected,
          `stack ${count}, ${path}`,
        );
      }
    }
  });

  it('can be taken together, so that they over the layers below make the image', async () => {
    for (let count = 0; count < stacks; count++) {
      const image = await listedImage(randomStack(seed + count));
      const top = image.layers.length - 1;
      for (const from of image.layers.keys()) {
        const { root } = await layerRangeTree(image, { from, to: top }, signal);
        mergeNode(root, await rootOf(image, from), function below(above, lower) {
          mergeNode(above, lower, below);
        });
        const merged = toldTree(await rootOf(image));
        const names = (told: typeof merged): readonly string[] => [...told.keys()].toSorted();
        assert.deepEqual(names(toldTree(root)), names(merged), `stack ${count} from ${from}`);
      }
    }
  });
});

describe('the changes of a layer', () => {
  const changesOf = async (image: LayeredImage, place: number): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries(
      [...toldChanges(await layerChanges(image, place, signal))].map(([path, { kind }]) => [path, kind]),
    );

  it('tell other bytes, other metadata, another type and the same once more apart', async () => {
    const image = await listedImage([
      [folder('etc'), file('etc/a', 'one'), file('etc/b', 'two'), file('etc/c', 'three'), file('d', 'four')],
      [
        folder('etc'),
        file('etc/a', 'ONE'),
        file('etc/b', 'two', { mode: 0o600 }),
        file('etc/c', 'three'),
        { path: 'd', type: 'symlink', linkPath: 'etc' },
        file('etc/new', ''),
      ],
    ]);
    assert.deepEqual(await changesOf(image, 1), {
      etc: 'same',
      'etc/a': 'changed',
      'etc/b': 'metadata',
      'etc/c': 'same',
      d: 'changed',
      'etc/new': 'added',
    });
  });

  it('name all that went with a folder, and nothing for a whiteout of what is not there', async () => {
    const image = await listedImage([
      [file('srv/www/index', 'x'), file('srv/www/css/main', 'y'), file('opt/a', 'z'), file('opt/b', 'z')],
      [gone('srv'), gone('nowhere'), folder('opt', 0o700), file('opt/.wh..wh..opq', ''), file('opt/b', 'zz')],
    ]);
    assert.deepEqual(await changesOf(image, 1), {
      srv: 'removed',
      'srv/www': 'removed',
      'srv/www/index': 'removed',
      'srv/www/css': 'removed',
      'srv/www/css/main': 'removed',
      opt: 'metadata',
      'opt/a': 'removed',
      'opt/b': 'changed',
    });
  });

  it('count what the layer brings, a file with two names once, and what it hides', async () => {
    const image = await listedImage([
      [file('var/log', 'x'.repeat(100)), file('var/db', 'y'.repeat(50))],
      [
        file('usr/bin/a', 'z'.repeat(10)),
        { path: 'usr/bin/b', type: 'hardlink', linkPath: 'usr/bin/a' },
        { path: 'usr/db', type: 'hardlink', linkPath: 'var/db' },
        gone('var/log'),
      ],
    ]);
    const root = await layerChanges(image, 1, signal);
    const sums = [root, root.children?.get('usr'), root.children?.get('var')].map(
      (node) => node && [node.broughtBytes, node.hiddenBytes],
    );
    assert.deepEqual(sums, [
      [10, 100],
      [10, 0],
      [0, 100],
    ]);
  });

  it('are none of a layer that is not there', async () => {
    const image = await listedImage([[file('a', 'b')]]);
    assert.equal((await failureOf(layerChanges(image, 1, signal))).code, 'pathMissing');
    assert.equal((await failureOf(layerRangeTree(image, { from: 0, to: 1 }, signal))).code, 'pathMissing');
    assert.equal((await failureOf(layerRangeTree(image, { from: 1, to: 0 }, signal))).code, 'pathMissing');
  });
});

describe('layers without those below them', () => {
  it('show the names that they take away, those of an emptied folder too, and no others', async () => {
    const image = await listedImage([
      [file('a', '1'), file('opt/x', '1'), file('opt/y', '1')],
      [
        gone('a'),
        gone('void'),
        folder('opt'),
        file('opt/.wh..wh..opq', ''),
        file('opt/y', '2'),
        file('tmp', '3'),
      ],
      [gone('tmp')],
    ]);
    const { root, name, kind } = await layerRangeTree(image, { from: 1, to: 2 }, signal);
    assert.deepEqual([name, kind], ['app:1, layers 2 to 3', 'layers']);
    const taken: string[] = [];
    const visit = (node: TreeNode<Origin>, path: string): void => {
      for (const [part, child] of node.children ?? []) {
        if (!isThere(child)) taken.push(`${path}${part}`);
        visit(child, `${path}${part}/`);
      }
    };
    visit(root, '');
    assert.deepEqual(taken, ['a', 'opt/x']);
    assert.deepEqual([...toldTree(root).keys()], ['opt', 'opt/y']);
  });
});

describe('the history of a path', () => {
  it('says with which folder it went, and what was there before', async () => {
    const image = await listedImage([
      [file('srv/app/conf', 'one')],
      [file('srv/app/conf', 'two')],
      [gone('srv')],
      [file('srv/app/conf', 'two')],
    ]);
    const events = await pathHistory(image, '/srv/app/conf', signal);
    assert.deepEqual(
      events.map(({ place, kind, file: now, before, ...rest }) => [
        place,
        kind,
        now?.layer.place,
        before?.layer.place,
        rest,
      ]),
      [
        [0, 'added', 0, undefined, {}],
        [1, 'changed', 1, 0, {}],
        [2, 'removed', undefined, 1, { with: 'srv' }],
        [3, 'added', 3, undefined, {}],
      ],
    );
    assert.deepEqual(await pathHistory(image, 'srv/other', signal), []);
  });
});

describe('what a layer does to a name', () => {
  const entry = { path: 'x', mode: 0o644, uid: 0, gid: 0, size: 2, mtime: 1, header: 0, offset: 512 };
  const kindOf = (one: object, other: object): string | undefined => {
    const nodes = [one, other].map((more) => ({
      file: fileOf({ ...entry, type: 'file', ...more }, undefined),
      hidesLower: false,
    }));
    return kindOfChange(nodes[0], nodes[1], false);
  };

  it('is a change where a sparse file has the same pieces, perhaps at other places', () => {
    const sha256 = 'ab'.repeat(32);
    assert.equal(kindOf({ sha256 }, { sha256 }), 'same');
    assert.equal(kindOf({ sha256, sparse: true }, { sha256, sparse: true }), 'changed');
  });

  it('is a change where a link has another target that is no UTF-8 either', () => {
    const link = (rawLink: string): object => ({ type: 'symlink', size: 0, link: '\ufffd', rawLink });
    assert.equal(kindOf(link('6Q=='), link('6Q==')), 'same');
    assert.equal(kindOf(link('6Q=='), link('6A==')), 'changed');
  });
});
