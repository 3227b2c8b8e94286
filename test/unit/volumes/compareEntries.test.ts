import assert from 'node:assert/strict';
import type { LayerEntry } from '../../../src/core/vault/layerEntry.ts';
import { entryDifferences } from '../../../src/core/volumes/compareEntries.ts';

const entry = (path: string, more: Partial<LayerEntry> = {}): LayerEntry => ({
  path,
  type: 'file',
  mode: 0o644,
  uid: 1,
  gid: 2,
  size: 3,
  mtime: 1_700_000_000.25,
  sha256: 'a'.repeat(64),
  header: 0,
  offset: 512,
  ...more,
});

async function* listed(entries: readonly LayerEntry[]) {
  for (const one of entries) yield await Promise.resolve(one);
}

async function differences(
  expected: readonly LayerEntry[],
  found: readonly LayerEntry[],
  roots: readonly [string, string] = ['v/', 'v/'],
): Promise<readonly string[]> {
  const told: string[] = [];
  const sides = [expected, found].map((entries, index) => ({
    root: roots[index] ?? '',
    entries: listed(entries),
  }));
  const [one, other] = sides;
  assert.ok(one && other);
  for await (const { path, kind, fields } of entryDifferences(one, other))
    told.push([path, kind, ...fields].join(' '));
  return told.sort();
}

describe('comparing two trees', () => {
  it('finds none between the same entries in another order and under another root', async () => {
    const one = [
      entry('v/', { type: 'directory' }),
      entry('v/a'),
      entry('v/b', { type: 'hardlink', link: 'v/a' }),
    ];
    const other = [
      entry('./b', { type: 'hardlink', link: './a' }),
      entry('./a'),
      entry('./', { type: 'directory' }),
    ];
    assert.deepEqual(await differences(one, other, ['v/', './']), []);
  });

  it('passes over parts of a second, and over where in its tar an entry lies', async () => {
    assert.deepEqual(
      await differences([entry('v/a')], [entry('v/a', { mtime: 1_700_000_000, offset: 9 })]),
      [],
    );
  });

  const changes: readonly (readonly [string, Partial<LayerEntry>])[] = [
    ['type', { type: 'fifo' }],
    ['mode', { mode: 0o4644 }],
    ['owner', { gid: 9 }],
    ['modification time', { mtime: 1_700_000_001 }],
    ['size', { size: 4 }],
    ['link', { link: 'x' }],
    ['device', { device: [1, 3] }],
    ['extended attributes', { xattrs: { 'security.capability': 'AAA=' } }],
    ['content', { sha256: 'b'.repeat(64) }],
  ];
  for (const [field, change] of changes)
    it(`tells of another ${field}`, async () => {
      assert.deepEqual(await differences([entry('v/a')], [entry('v/a', change)]), [`a changed ${field}`]);
    });

  it('tells what is missing and what came, the root folder among it', async () => {
    const one = [entry('v/', { type: 'directory' }), entry('v/a'), entry('v/b')];
    assert.deepEqual(await differences(one, [entry('v/b'), entry('v/c')]), [
      ' missing',
      'a missing',
      'c added',
    ]);
  });

  it('tells targets of links apart whose bytes are not UTF-8', async () => {
    const raw = (type: 'symlink' | 'hardlink', byte: number): LayerEntry => {
      const rawLink = Buffer.from([0x76, 0x2f, byte]).toString('base64');
      return entry('v/a', { type, link: 'v/\uFFFD', rawLink });
    };
    for (const type of ['symlink', 'hardlink'] as const) {
      assert.deepEqual(await differences([raw(type, 0xff)], [raw(type, 0xfe)]), ['a changed link']);
      assert.deepEqual(await differences([raw(type, 0xff)], [raw(type, 0xff)]), []);
      const text = entry('v/a', { type, link: 'v/\uFFFD' });
      assert.deepEqual(await differences([raw(type, 0xff)], [text]), ['a changed link']);
    }
  });

  it('takes no name for another one that reads like its bytes', async () => {
    const rawPath = Buffer.from([0x76, 0x2f, 0xff]).toString('base64');
    const one = entry('v/\uFFFD', { rawPath });
    assert.deepEqual(await differences([one], [entry('v/raw ÿ')]), ['raw ÿ added', '\uFFFD missing']);
  });

  it('tells names apart whose bytes are not UTF-8', async () => {
    const raw = (byte: number): LayerEntry =>
      entry('v/\uFFFD', { rawPath: Buffer.from([0x76, 0x2f, byte]).toString('base64') });
    assert.deepEqual(await differences([raw(0xff), raw(0xfe)], [raw(0xfe), raw(0xff)]), []);
    assert.deepEqual(await differences([raw(0xff)], [raw(0xfe)]), ['\uFFFD added', '\uFFFD missing']);
  });
});
