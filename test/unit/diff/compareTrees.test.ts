import assert from 'node:assert/strict';
import { compareTrees } from '../../../src/core/diff/compareTrees.ts';
import type { Strictness } from '../../../src/core/diff/diffReport.ts';
import type { FileTree } from '../../../src/core/fileTrees/fileTree.ts';
import { plainTree, type PlainFile } from '../../support/plainTrees.ts';

type Given = Readonly<Record<string, PlainFile | string>>;

/** `kind path fields`, and `from > path` of what moved. */
async function differences(
  left: Given | FileTree,
  right: Given | FileTree,
  strictness: Strictness = 'semantic',
): Promise<readonly string[]> {
  const [one, other] = [left, right].map((side) => ('root' in side ? (side as FileTree) : plainTree(side)));
  assert.ok(one && other);
  const { files } = await compareTrees({ left: one, right: other, strictness });
  return files.map(({ kind, path, from, fields }) =>
    [kind, ...(from === undefined ? [] : [from, '>']), path, ...fields].join(' '),
  );
}

describe('comparing two trees of files', () => {
  it('finds nothing between a tree and itself', async () => {
    const given: Given = { 'etc/': {}, 'etc/passwd': 'root', 'bin/sh': { mode: 0o755 } };
    assert.deepEqual(await differences(given, given, 'strict'), []);
  });

  it('lists what was added with the folders it came in, and what was removed likewise, in the order of a tree', async () => {
    assert.deepEqual(
      await differences(
        { 'a/': {}, 'a/x': '1', 'a.b': 'same', c: 'same' },
        { 'a.b': 'same', 'b/': {}, 'b/y/': {}, 'b/y/z': '2', c: 'same' },
      ),
      ['removed a', 'removed a/x', 'added b', 'added b/y', 'added b/y/z'],
    );
  });

  it('does not take sparse files for the same by the bytes of their pieces', async () => {
    const sparse = (data: string, mtime: number): Given => ({ f: { data, mtime, isSparse: true } });
    assert.deepEqual(await differences(sparse('ab', 1), sparse('ab', 2)), ['content f']);
    assert.deepEqual(await differences(sparse('ab', 1), sparse('cd', 1)), ['content f']);
    const alike = await compareTrees({
      left: plainTree(sparse('ab', 1)),
      right: plainTree(sparse('ab', 1)),
      strictness: 'semantic',
    });
    assert.deepEqual([alike.files, alike.guessedCount], [[], 1]);
  });

  it('tells targets of links apart that are no UTF-8', async () => {
    const link = (byte: number): Given => ({
      l: { type: 'symlink', target: '\ufffd', rawLink: Buffer.of(byte).toString('base64') },
    });
    assert.deepEqual(await differences(link(0xe9), link(0xe8)), ['metadata l link']);
    assert.deepEqual(await differences(link(0xe9), link(0xe9)), []);
  });

  it('tells other bytes from other metadata', async () => {
    assert.deepEqual(
      await differences(
        {
          bytes: 'one',
          size: 'one',
          both: { data: 'one', mode: 0o644 },
          mode: { mode: 0o644 },
          owner: { uid: 1, gid: 2 },
          group: { uid: 1, gid: 2 },
        },
        {
          bytes: 'two',
          size: 'three',
          both: { data: 'two', mode: 0o600 },
          mode: { mode: 0o4755 },
          owner: { uid: 3, gid: 2 },
          group: { uid: 1, gid: 4 },
        },
      ),
      [
        'content both mode',
        'content bytes',
        'metadata group owner',
        'metadata mode mode',
        'metadata owner owner',
        'content size',
      ],
    );
  });

  it('leaves out times unless it is strict', async () => {
    const [left, right] = [
      { a: { mtime: 1 }, 'b/': { mtime: 1 } },
      { a: { mtime: 1.5 }, 'b/': { mtime: 2 } },
    ];
    assert.deepEqual(await differences(left, right), []);
    assert.deepEqual(await differences(left, right, 'strict'), ['metadata a time', 'metadata b time']);
  });

  it('compares targets of links, numbers of devices and extended attributes', async () => {
    assert.deepEqual(
      await differences(
        {
          link: { type: 'symlink', target: 'a', mode: 0o777 },
          loose: { type: 'symlink', target: 'a', mode: 0o777 },
          null: { type: 'char-device', device: [1, 3] },
          ping: { xattrs: { 'security.capability': 'AQ==' } },
          plain: {},
        },
        {
          link: { type: 'symlink', target: 'b', mode: 0o777 },
          loose: { type: 'symlink', target: 'a', mode: 0o644 },
          null: { type: 'char-device', device: [1, 5] },
          ping: { xattrs: { 'security.capability': 'Ag==' } },
          plain: { xattrs: {} },
        },
      ),
      ['metadata link link', 'metadata null device', 'metadata ping xattrs'],
    );
  });

  it('tells a name that is something else now, and what was in a folder that is none any more', async () => {
    assert.deepEqual(
      await differences(
        { 'lib/': {}, 'lib/x': 'x', run: 'file', sock: { type: 'fifo' } },
        { lib: { type: 'symlink', target: 'usr/lib' }, 'run/': {}, 'run/y': 'y', sock: { type: 'fifo' } },
      ),
      ['type lib', 'removed lib/x', 'type run', 'added run/y'],
    );
  });

  it('names what moved once, with what else is different about it', async () => {
    assert.deepEqual(
      await differences(
        { 'old/': {}, 'old/app': { data: 'program', mode: 0o644 }, gone: 'text' },
        { 'new/': {}, 'new/app': { data: 'program', mode: 0o755 }, come: 'other' },
      ),
      ['added come', 'removed gone', 'added new', 'moved old/app > new/app mode', 'removed old'],
    );
  });

  for (const [why, left, right] of [
    ['two were removed', { a: 'same', b: 'same' }, { c: 'same' }],
    ['two were added', { a: 'same' }, { b: 'same', c: 'same' }],
    ['they are empty', { a: '' }, { b: '' }],
    ['their bytes are not known', { a: { sha256: undefined } }, { b: { sha256: undefined } }],
  ] as const)
    it(`says of no file that it moved where ${why}`, async () => {
      const found = await differences(left as unknown as Given, right as unknown as Given);
      assert.deepEqual(
        found.filter((line) => line.startsWith('moved')),
        [],
      );
      assert.equal(found.length, Object.keys(left).length + Object.keys(right).length);
    });

  it('sees names that are one file on one side only', async () => {
    const linked: Given = { a: 'x', b: { same: 'a' }, c: { same: 'a' } };
    assert.deepEqual(await differences(linked, linked), []);
    assert.deepEqual(await differences(linked, { a: 'x', b: { same: 'a' }, c: 'x' }), [
      'metadata c hardlinks',
    ]);
    assert.deepEqual(await differences({ a: 'x', b: 'x' }, { a: 'x', b: { same: 'a' } }), [
      'metadata b hardlinks',
    ]);
  });

  it('takes a link that was added for a name, and leaves the others alone', async () => {
    assert.deepEqual(await differences({ b: 'x' }, { a: 'x', b: { same: 'a' } }), ['added a']);
  });

  it('counts files, and the bytes of each once however many names it has', async () => {
    const { left, right } = await compareTrees({
      left: plainTree({ 'd/': {}, 'd/a': '1234', b: { same: 'd/a' }, l: { type: 'symlink', target: 'b' } }),
      right: plainTree({}),
      strictness: 'semantic',
    });
    const sums = [left, right].map(({ fileCount, sizeBytes }) => [fileCount, sizeBytes]);
    assert.deepEqual(sums, [
      [3, 4],
      [0, 0],
    ]);
  });

  it('goes by size and time where bytes are not known, and says of how many', async () => {
    const unknown = { sha256: undefined } as unknown as PlainFile;
    const { files, guessedCount } = await compareTrees({
      left: plainTree({ same: { ...unknown, mtime: 1 }, later: { ...unknown, mtime: 1 }, longer: unknown }),
      right: plainTree({
        same: { mtime: 1 },
        later: { mtime: 2 },
        longer: { data: 'longer than before' },
      }),
      strictness: 'semantic',
    });
    assert.deepEqual(
      files.map(({ kind, path }) => `${kind} ${path}`),
      ['content later', 'content longer'],
    );
    assert.equal(guessedCount, 2);
  });

  it('takes a folder that no entry names for a folder without known metadata', async () => {
    assert.deepEqual(await differences({ 'a/b': 'x' }, { 'a/': { mode: 0o700, uid: 7 }, 'a/b': 'x' }), []);
    assert.deepEqual(await differences({}, { 'a/b': 'x' }), ['added a', 'added a/b']);
  });

  it('leaves out folders of single layers that only lead to others, and names that are gone', async () => {
    const layer = plainTree({ 'usr/bin/x': 'x' }, { kind: 'layers' });
    layer.root.children?.set('gone', { hidesLower: true });
    assert.deepEqual(await differences(plainTree({}, { kind: 'layers' }), layer), ['added usr/bin/x']);
  });

  it('gives the order of a tree in a folder of many names too', async () => {
    const names = Array.from({ length: 9001 }, (_, at) => `f${(at * 7919) % 9001}`);
    const found = await differences({}, Object.fromEntries(names.map((name) => [name, ''])));
    assert.deepEqual(
      found,
      names.toSorted().map((name) => `added ${name}`),
    );
  });

  it('ends when it is cancelled', async () => {
    const tree = plainTree({ a: 'x' });
    await assert.rejects(
      compareTrees({ left: tree, right: tree, strictness: 'strict' }, { signal: AbortSignal.abort() }),
      { name: 'AbortError' },
    );
  });
});
