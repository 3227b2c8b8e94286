import assert from 'node:assert/strict';
import { pageKinds } from '../../../src/core/diff/diffPageData.ts';
import { diffPageRows } from '../../../src/core/diff/diffPageOf.ts';
import { fitting } from '../../../src/report/app/changeFilter.ts';
import { rowsOf, type ChangeRow } from '../../../src/report/app/changeRows.ts';
import {
  allFolders,
  firstOpen,
  linesOf,
  sortedRows,
  treeOf,
  type ChangeNode,
} from '../../../src/report/app/changeTree.ts';
import { largest } from '../../../src/report/app/largest.ts';
import { drawnRows, rowForKey, scrollFor } from '../../../src/report/app/listWindow.ts';
import { cellTowards, mapCells } from '../../../src/report/app/treemapCells.ts';
import { sorted, Turns } from '../../../src/report/app/turns.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';
import { sampleDiff } from '../../support/sampleDiff.ts';

const byPath = { column: 'path', isDescending: false } as const;

function row(path: string, kind: (typeof pageKinds)[number], left: number, right: number): ChangeRow {
  const facts = (sizeBytes: number) => [0, 0o644, 0, 0, sizeBytes, 0, '', ''] as const;
  return {
    index: 0,
    path,
    kind: pageKinds.indexOf(kind),
    fields: 0,
    left: left === 0 ? 0 : facts(left),
    right: right === 0 ? 0 : facts(right),
    from: '',
  };
}

function sampleRows(): readonly ChangeRow[] {
  return rowsOf(diffPageRows(sampleDiff({ fileCount: 1_000 }), 0), 0);
}

const view = { count: 100_000, rowHeight: 24, scrollTop: 0, height: 480 };

describe('the window of a long list', () => {
  it('draws what is seen and a little more, whatever the length', () => {
    assert.deepEqual(drawnRows(view), { start: 0, end: 32 });
    assert.deepEqual(drawnRows({ ...view, scrollTop: 24_000 }), { start: 988, end: 1_032 });
    assert.deepEqual(drawnRows({ ...view, scrollTop: 99_980 * 24 }), { start: 99_968, end: 100_000 });
    assert.deepEqual(drawnRows({ ...view, count: 0 }), { start: 0, end: 0 });
    assert.deepEqual(drawnRows({ ...view, count: 3, scrollTop: 24_000 }), { start: 3, end: 3 });
  });

  it('scrolls no further than it takes to see a row whole', () => {
    const scrolled = { ...view, scrollTop: 2_400 };
    assert.equal(scrollFor(110, scrolled), 2_400);
    assert.equal(scrollFor(50, scrolled), 1_200);
    assert.equal(scrollFor(120, scrolled), 121 * 24 - 480);
  });

  it('goes by key, and stops at both ends', () => {
    assert.equal(rowForKey('ArrowDown', 5, view), 6);
    assert.equal(rowForKey('ArrowUp', 0, view), 0);
    assert.equal(rowForKey('PageDown', 5, view), 24);
    assert.equal(rowForKey('PageUp', 5, view), 0);
    assert.equal(rowForKey('End', 5, view), 99_999);
    assert.equal(rowForKey('Home', 5, view), 0);
    assert.equal(rowForKey('x', 5, view), undefined);
  });
});

describe('the tree of changes', () => {
  const rows = [
    row('a-b', 'added', 0, 5),
    row('a/c', 'removed', 7, 0),
    row('usr/share/doc/x', 'content', 10, 30),
    row('usr/share/doc/y', 'metadata', 4, 4),
  ];

  it('sums up what is below a folder, and joins folders that hold one other alone', async () => {
    const root = await treeOf(rows, new Turns());
    const lines = await linesOf(root, { open: new Set(['a', 'usr/share/doc']), sort: byPath }, new Turns());
    assert.deepEqual(
      lines.map(({ node, level, position, siblings }) => [node.label, level, position, siblings, node.count]),
      [
        ['a', 1, 1, 3, 1],
        ['c', 2, 1, 1, 1],
        ['usr/share/doc', 1, 2, 3, 2],
        ['x', 2, 1, 2, 1],
        ['y', 2, 2, 2, 1],
        ['a-b', 1, 3, 3, 1],
      ],
    );
    const { leftBytes, rightBytes, grown, shrunk, weight } = root;
    assert.deepEqual([leftBytes, rightBytes, grown, shrunk, weight], [21, 39, 25, 7, 46]);
  });

  it('keeps a folder that changed itself apart from what it is in', async () => {
    const root = await treeOf(
      [row('usr/share', 'metadata', 1, 1), row('usr/share/doc/x', 'added', 0, 1)],
      new Turns(),
    );
    const lines = await linesOf(
      root,
      { open: await allFolders(root, new Turns()), sort: byPath },
      new Turns(),
    );
    assert.deepEqual(
      lines.map(({ node }) => node.path),
      ['usr/share', 'usr/share/doc', 'usr/share/doc/x'],
    );
  });

  it('puts what changed most first when it is sorted so', async () => {
    const root = await treeOf(rows, new Turns());
    const sort = { column: 'delta', isDescending: true } as const;
    const lines = await linesOf(root, { open: new Set(['usr/share/doc']), sort }, new Turns());
    assert.deepEqual(
      lines.map(({ node }) => node.label),
      ['usr/share/doc', 'x', 'y', 'a', 'a-b'],
    );
  });

  it('opens folders at first only as far as they fit', async () => {
    const root = await treeOf(sampleRows(), new Turns());
    const lines = await linesOf(root, { open: firstOpen(root, 40), sort: byPath }, new Turns());
    assert.ok(lines.length > 6 && lines.length <= 40, String(lines.length));
  });

  it('has every file once when all folders are open', async () => {
    const all = sampleRows();
    const root = await treeOf(all, new Turns());
    const lines = await linesOf(
      root,
      { open: await allFolders(root, new Turns()), sort: byPath },
      new Turns(),
    );
    assert.deepEqual(
      lines.flatMap(({ node }) => (node.row === undefined ? [] : [node.path])).sort(),
      all.map(({ path }) => path).sort(),
    );
  });
});

describe('the list of changes', () => {
  it('finds paths by words in whatever case, and moved files under both paths', async () => {
    const moved = { ...row('new/Name.txt', 'moved', 1, 1), from: 'old/name.txt' };
    const all = [row('a/b.js', 'added', 0, 1), row('a/c+d.js', 'removed', 1, 0), moved];
    const find = async (query: string, kinds: readonly number[] = []) =>
      (await fitting(all, { query, kinds: new Set(kinds) }, new Turns())).map(({ path }) => path);
    assert.deepEqual(await find('A/ .JS'), ['a/b.js', 'a/c+d.js']);
    assert.deepEqual(await find('c+d'), ['a/c+d.js']);
    assert.deepEqual(await find('old'), ['new/Name.txt']);
    assert.deepEqual(await find('', [0, 1]), ['a/b.js', 'a/c+d.js']);
    assert.deepEqual(await find('.*'), []);
  });

  it('sorts by each column', async () => {
    const all = [row('a', 'added', 0, 5), row('b', 'removed', 9, 0), row('c', 'content', 3, 4)];
    const order = async (column: 'path' | 'left' | 'right' | 'delta', isDescending: boolean) =>
      (await sortedRows(all, { column, isDescending }, new Turns())).map(({ path }) => path).join('');
    assert.equal(await order('path', true), 'cba');
    assert.equal(await order('left', false), 'acb');
    assert.equal(await order('right', true), 'acb');
    assert.equal(await order('delta', true), 'bac');
  });

  for (const seed of [1, 2, 3])
    it(`sorts as any sort does and keeps equals in order (seed ${seed})`, async () => {
      const random = seededRandom(seed);
      const items = Array.from({ length: 5_000 + random.below(3_000) }, (_, at) => ({
        key: random.below(50),
        at,
      }));
      const compare = (a: { key: number }, b: { key: number }) => a.key - b.key;
      assert.deepEqual(await sorted(items, compare, new Turns()), items.toSorted(compare));
    });
});

describe('the largest of many', () => {
  for (const seed of [4, 5])
    it(`are those that sorting finds (seed ${seed})`, () => {
      const random = seededRandom(seed);
      const items = Array.from({ length: 500 }, (_, at) => ({ at, size: random.below(100) }));
      const sizes = largest(items, 20, ({ size }) => size).map(({ size }) => size);
      assert.deepEqual(
        sizes,
        items
          .map(({ size }) => size)
          .sort((a, b) => b - a)
          .slice(0, 20),
      );
      assert.deepEqual(
        largest(items.slice(0, 3), 20, ({ at }) => at).map(({ at }) => at),
        [2, 1, 0],
      );
      assert.deepEqual(
        largest(items, 0, ({ at }) => at),
        [],
      );
    });
});

describe('the map of changes', () => {
  const size = { width: 800, height: 300 };

  async function sampleRoot(): Promise<ChangeNode> {
    return treeOf(sampleRows(), new Turns());
  }

  it('stays within its frame, and nothing but a group lies over another rectangle', async () => {
    const cells = mapCells(await sampleRoot(), size);
    const leaves = cells.filter(({ isGroup }) => !isGroup);
    for (const { x, y, width, height } of cells)
      assert.ok(x >= 0 && y >= 0 && x + width <= size.width && y + height <= size.height);
    leaves.forEach((a, at) => {
      for (const b of leaves.slice(at + 1))
        assert.ok(
          a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y,
          `${a.node?.path ?? '-'} and ${b.node?.path ?? '-'}`,
        );
    });
  });

  it('stands for all bytes with some hundred rectangles', async () => {
    const root = await sampleRoot();
    const cells = mapCells(root, size);
    const leaves = cells.filter(({ isGroup }) => !isGroup);
    assert.ok(cells.length < 400, String(cells.length));
    // Some are too narrow to be drawn.
    const drawn = leaves.reduce((sum, { weight }) => sum + weight, 0);
    assert.ok(drawn <= root.weight && drawn > 0.9 * root.weight, `${drawn} of ${root.weight}`);
  });

  it('shows nothing where nothing has bytes', async () => {
    assert.deepEqual(mapCells(await treeOf([row('a', 'added', 0, 0)], new Turns()), size), []);
  });

  it('goes to the rectangle that lies in the direction of the arrow', async () => {
    const root = await treeOf(
      [row('left', 'added', 0, 100), row('right', 'added', 0, 100), row('third', 'added', 0, 100)],
      new Turns(),
    );
    const cells = mapCells(root, { width: 900, height: 100 });
    const order = cells.map(({ x }, at) => [x, at] as const).sort(([a], [b]) => a - b);
    const [first, second] = order.map(([, at]) => at);
    assert.equal(cellTowards(cells, first ?? -1, 'ArrowRight'), second);
    assert.equal(cellTowards(cells, first ?? -1, 'ArrowLeft'), undefined);
    assert.equal(cellTowards(cells, first ?? -1, 'x'), undefined);
  });
});
