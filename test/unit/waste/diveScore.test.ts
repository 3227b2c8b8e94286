import assert from 'node:assert/strict';
import type { LayerEntry } from '../../../src/core/vault/layerEntry.ts';
import { DiveScorer, type DiveScore } from '../../../src/core/waste/diveScore.ts';

/** `[path, bytes]` is a file, `[path/]` a folder. */
type Given = readonly [path: string, bytes?: number];

async function scoreOf(...layers: readonly (readonly Given[])[]): Promise<DiveScore> {
  const scorer = new DiveScorer();
  for (const given of layers) {
    for (const [path, size = 0] of given) scorer.take(entryOf(path, size));
    await scorer.endLayer();
  }
  return scorer.score();
}

function entryOf(path: string, size: number): LayerEntry {
  const type = path.endsWith('/') ? 'directory' : 'file';
  return { path, type, mode: 0o644, uid: 0, gid: 0, size, mtime: 0, header: 0, offset: 512 };
}

/** Worked out by hand from `Efficiency` and `Analyze` of dive 0.13. */
describe('the score of dive', () => {
  it('counts every copy of a path as waste, and the least of them as needed', async () => {
    // a: 100 + 100 + 40, least 40; b: 50.
    assert.deepEqual(
      await scoreOf(
        [
          ['a', 100],
          ['b', 50],
        ],
        [['a', 100]],
        [['a', 40]],
      ),
      {
        efficiency: 90 / 290,
        wastedBytes: 240,
        userWastedPercent: 240 / 140,
      },
    );
  });

  it('needs nothing of a file that a later layer deletes', async () => {
    // a: 100 + 0, least 0; b: 50; c: 25.
    assert.deepEqual(
      await scoreOf(
        [
          ['a', 100],
          ['b', 50],
        ],
        [['.wh.a'], ['c', 25]],
      ),
      {
        efficiency: 75 / 175,
        wastedBytes: 100,
        userWastedPercent: 4,
      },
    );
  });

  it('takes a deleted folder for one more path with all its bytes, and for no waste', async () => {
    // d/x: 30; d/y: 20; e: 50; d: 30 + 20, once; f: 10.
    const layers: Given[][] = [
      [['d/'], ['d/x', 30], ['d/y', 20], ['e', 50]],
      [['.wh.d'], ['f', 10]],
    ];
    assert.deepEqual(await scoreOf(...layers), { efficiency: 1, wastedBytes: 0, userWastedPercent: 0 });
    // Deleted twice, d is 50 + 70.
    const again: Given[][] = [[['d/'], ['d/z', 70]], [['.wh.d']]];
    const { efficiency, wastedBytes } = await scoreOf(...layers, ...again);
    assert.deepEqual(
      [efficiency, wastedBytes],
      [(30 + 20 + 50 + 50 + 10 + 70) / (30 + 20 + 50 + 120 + 10 + 70), 120],
    );
  });

  it('knows no folder that the last layer to have it does not name', async () => {
    const next: Given[][] = [[['.wh.d']], [['d/'], ['d/z', 70]], [['.wh.d']]];
    const below: Given[] = [['d/'], ['d/x', 30]];
    // d/x: 30; d/y: 5; d/z: 70; d: 0 + 70, least 0.
    assert.equal((await scoreOf(below, [['d/y', 5]], ...next)).efficiency, 105 / 175);
    // The same, but for d: 35 + 70, least 35.
    assert.equal((await scoreOf(below, [['d/'], ['d/y', 5]], ...next)).efficiency, 140 / 210);
  });

  it('ends with the first whiteout of a layer that deletes nothing', async () => {
    // a: 10; nothing: never counted, least -1; b not looked at, +x before it is.
    assert.equal((await scoreOf([['a', 10]], [['.wh.0'], ['b', 5]])).efficiency, 9 / 10);
    assert.equal((await scoreOf([['a', 10]], [['b', 5], ['.wh.0'], ['+x', 5]])).efficiency, 14 / 15);
    // Nothing was counted at all.
    assert.equal((await scoreOf([['a', 10], ['.wh.0']])).efficiency, 1);
  });

  it('does not see opaque folders', async () => {
    const layers: Given[][] = [
      [['d/'], ['d/x', 40]],
      [['d/'], ['d/.wh..wh..opq'], ['d/y', 10]],
    ];
    assert.deepEqual(await scoreOf(...layers), { efficiency: 1, wastedBytes: 0, userWastedPercent: 0 });
    // d/x: 40; d/y: 10; d/z: 20; d: 50 + 20, least 20.
    const more: Given[][] = [[['.wh.d']], [['d/'], ['d/z', 20]], [['.wh.d']]];
    assert.equal((await scoreOf(...layers, ...more)).efficiency, 90 / 140);
  });

  it('takes the first layer alone for the base', async () => {
    const score = await scoreOf(
      [['a', 100]],
      [
        ['b', 60],
        ['b', 40],
      ],
      [['b', 20]],
    );
    // b: 40 + 20, least 20; but the layers have 60 + 40 + 20.
    assert.deepEqual(score, { efficiency: 120 / 160, wastedBytes: 60, userWastedPercent: 60 / 120 });
  });

  it('is whole for an image of nothing', async () => {
    assert.deepEqual(await scoreOf(), { efficiency: 1, wastedBytes: 0, userWastedPercent: Number.NaN });
    assert.equal((await scoreOf([['a']], [['a']])).efficiency, 1);
    assert.equal((await scoreOf([['a', 5]], [['.wh.a']])).userWastedPercent, Number.POSITIVE_INFINITY);
  });
});
