import assert from 'node:assert/strict';
import { layerEntries } from '../../../src/core/vault/layerIndex.ts';
import type { LayerEntry } from '../../../src/core/vault/layerEntry.ts';
import { memoryStore } from '../../../src/core/vault/memoryStore.ts';
import { analyzeWaste, type WasteAnalysis } from '../../../src/core/waste/analyzeWaste.ts';
import { baseLayerCount, baseShare } from '../../../src/core/waste/baseShare.ts';
import { topWastedPaths } from '../../../src/core/waste/wastedPaths.ts';
import { digestOf } from '../../../src/core/digest.ts';
import { failureOf } from '../../support/failureOf.ts';
import { layerOf } from '../../support/layerTars.ts';
import { layerTar, type Given } from '../../support/overlayReference.ts';

const file = (path: string, bytes: number, more: Partial<Given> = {}): Given => ({
  path,
  data: Buffer.alloc(bytes, path.at(-1)),
  ...more,
});
const folder = (path: string): Given => ({ path: `${path}/`, type: 'directory', mode: 0o755 });
const gone = (path: string): Given => file(path, 0);
const link = (path: string, linkPath: string): Given => ({ path, type: 'hardlink', linkPath });

async function analyzed(...layers: readonly (readonly Given[])[]): Promise<WasteAnalysis> {
  const store = memoryStore();
  const entries: AsyncIterable<LayerEntry>[] = [];
  for (const given of layers)
    entries.push(layerEntries(store, (await layerOf(store, layerTar(given))).index));
  return analyzeWaste({ name: 'app', layers: entries });
}

/** `path bytes from>by kind`, as it came about. */
function told({ wasted }: WasteAnalysis): readonly string[] {
  return wasted
    .map(({ path, sizeBytes, from, by, kind }) => `${path} ${sizeBytes} ${from}>${by} ${kind}`)
    .sort();
}

describe('the waste of an image', () => {
  it('is the lower copy of a file that a later layer replaces, once', async () => {
    const waste = await analyzed([file('a', 100)], [file('a', 30)], [file('a', 7)]);
    assert.deepEqual(told(waste), ['a 100 0>1 replaced', 'a 30 1>2 replaced']);
    assert.deepEqual(waste.layers, [
      { sizeBytes: 100, entryCount: 1, wastedBytes: 100, spoiledBytes: 0 },
      { sizeBytes: 30, entryCount: 1, wastedBytes: 30, spoiledBytes: 100 },
      { sizeBytes: 7, entryCount: 1, wastedBytes: 0, spoiledBytes: 30 },
    ]);
    assert.equal(waste.wastedBytes, 130);
  });

  it('is all that was in a folder which a later layer deletes', async () => {
    const waste = await analyzed(
      [folder('a'), file('a/x', 10), folder('a/b'), file('a/b/y', 5)],
      [file('a/z', 3)],
      [gone('.wh.a')],
    );
    assert.deepEqual(told(waste), ['a/b/y 5 0>2 deleted', 'a/x 10 0>2 deleted', 'a/z 3 1>2 deleted']);
  });

  it('is what an opaque folder hides, and nothing of its own', async () => {
    const waste = await analyzed(
      [folder('a'), file('a/x', 10), file('a/y', 5)],
      [folder('a'), gone('a/.wh..wh..opq'), file('a/y', 6)],
    );
    assert.deepEqual(told(waste), ['a/x 10 0>1 deleted', 'a/y 5 0>1 replaced']);
  });

  it('is nothing where a whiteout deletes what is not there', async () => {
    const waste = await analyzed([file('a', 10)], [gone('.wh.b'), gone('c/.wh.d')], [gone('.wh.b')]);
    assert.deepEqual([told(waste), waste.wastedBytes], [[], 0]);
  });

  it('counts a file once when the last of its names goes, and not before', async () => {
    const names = [file('a', 10), link('b', 'a'), link('c', 'b')];
    assert.deepEqual(told(await analyzed(names, [gone('.wh.a')], [file('b', 1)])), []);
    assert.deepEqual(told(await analyzed(names, [gone('.wh.a')], [file('b', 1)], [gone('.wh.c')])), [
      'a 10 0>3 deleted',
    ]);
  });

  it('is told as a copy where only the mode was changed', async () => {
    const waste = await analyzed([file('tool', 50, { mode: 0o644 })], [file('tool', 50, { mode: 0o755 })]);
    assert.deepEqual(told(waste), ['tool 50 0>1 copied']);
  });

  it('is no link’s that points elsewhere now, but the file’s that lost its last name with it', async () => {
    const symlink = (linkPath: string): Given => ({ path: 'now', type: 'symlink', linkPath });
    assert.deepEqual(told(await analyzed([file('a', 10), symlink('a')], [symlink('b')])), []);
    const retargeted = [file('c', 4), link('b', 'c')];
    assert.deepEqual(told(await analyzed([file('a', 10), link('b', 'a')], retargeted)), []);
    assert.deepEqual(told(await analyzed([file('a', 10), link('b', 'a')], [gone('.wh.a'), ...retargeted])), [
      'a 10 0>1 replaced',
    ]);
  });

  it('is what has another type now', async () => {
    const waste = await analyzed(
      [folder('a'), file('a/x', 10), file('b', 5)],
      [file('a', 1), folder('b'), file('b/y', 2)],
    );
    assert.deepEqual(told(waste), ['a/x 10 0>1 deleted', 'b 5 0>1 replaced']);
  });

  it('is what one tar has twice under a path', async () => {
    assert.deepEqual(told(await analyzed([file('a', 10), file('a', 4)])), ['a 10 0>0 replaced']);
    assert.deepEqual(told(await analyzed([file('a', 10), link('b', 'a'), file('a', 4)])), []);
  });

  it('is nothing of a file below that a link of an upper layer names', async () => {
    const layers = [[file('a', 10)], [link('b', 'a')], [gone('.wh.a')]];
    assert.deepEqual(told(await analyzed(...layers)), []);
    assert.deepEqual(told(await analyzed(...layers, [gone('.wh.b')])), ['a 10 0>3 deleted']);
  });

  it('tells names that are no UTF-8 apart', async () => {
    const entry = (raw: Buffer, more: Partial<LayerEntry>): LayerEntry => ({
      ...{ path: 'n\ufffd', rawPath: raw.toString('base64'), type: 'file', mode: 0o644, uid: 0, gid: 0 },
      ...{ size: 5, mtime: 0, header: 0, offset: 512 },
      ...more,
    });
    const [one, other] = [Buffer.from([0x6e, 0xff]), Buffer.from([0x6e, 0xfe])];
    const waste = await analyzeWaste({ name: 'x', layers: [[entry(one, {})], [entry(other, {})]] });
    assert.equal(waste.wastedBytes, 0);
    const again = await analyzeWaste({ name: 'x', layers: [[entry(one, {})], [entry(one, {})]] });
    assert.equal(again.wastedBytes, 5);
  });

  it('is told apart by the layers that the base image itself has', async () => {
    const waste = await analyzed(
      [file('a', 100), file('b', 20)],
      [file('a', 90)],
      [gone('.wh.b'), file('c', 8)],
      [gone('.wh.c')],
    );
    const ids = ['1', '2', '3', '4'].map(digestOf);
    assert.equal(baseLayerCount(ids, ids.slice(0, 2)), 2);
    assert.equal(baseLayerCount(ids, ids.slice(1, 3)), undefined);
    assert.equal(baseLayerCount(ids.slice(0, 1), ids), undefined);
    assert.deepEqual(baseShare(waste, 2), {
      layerCount: 2,
      baseBytes: 210,
      ownBytes: 8,
      wastedInBase: 100,
      hiddenOfBase: 20,
      wastedInOwn: 8,
    });
  });

  it('is summed by path, the largest first', async () => {
    const waste = await analyzed(
      [file('a', 10), file('b', 15), file('c', 9)],
      [file('a', 10), gone('.wh.b'), gone('.wh.c')],
      [gone('.wh.a')],
    );
    assert.deepEqual(
      topWastedPaths(waste.wasted, 2).map(({ path, sizeBytes, files }) => [path, sizeBytes, files.length]),
      [
        ['a', 20, 2],
        ['b', 15, 1],
      ],
    );
  });

  it('is not looked for in an image of more names than fit', async () => {
    const store = memoryStore();
    const { index } = await layerOf(store, [['a'], ['b'], ['c']]);
    const error = await failureOf(
      analyzeWaste({ name: 'app', layers: [layerEntries(store, index)], maxNodes: 2 }),
    );
    assert.deepEqual([error.code, error.details], ['treeTooLarge', { name: 'app', limit: 2 }]);
  });

  it('stops being looked for when that is cancelled', async () => {
    const { signal } = new AbortController();
    const aborted = AbortSignal.abort();
    await assert.rejects(analyzeWaste({ name: 'x', layers: [[]] }, { signal: aborted }), {
      name: 'AbortError',
    });
    assert.equal((await analyzeWaste({ name: 'x', layers: [[]] }, { signal })).sizeBytes, 0);
  });

  it('lets others have the thread while it goes through 100,000 entries', async function () {
    this.timeout(20_000);
    const entries = (size: number): LayerEntry[] =>
      Array.from({ length: 100_000 }, (_, at) => ({
        ...{ path: `d${at % 300}/e${at % 7}/f${at}`, type: 'file', mode: 0o644, uid: 0, gid: 0 },
        ...{ size, mtime: 0, header: 0, offset: 512 },
      }));
    const layers = [entries(3), entries(2)];
    let turns = 0;
    const ticking = setInterval(() => (turns += 1), 1);
    const waste = await analyzeWaste({ name: 'x', layers });
    clearInterval(ticking);
    assert.equal(waste.wastedBytes, 300_000);
    assert.ok(turns >= 5, `${turns} turns`);
  });
});
