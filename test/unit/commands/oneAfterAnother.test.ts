import assert from 'node:assert/strict';
import { oneAfterAnother } from '../../../src/commands/oneAfterAnother.ts';
import { unattended } from '../../../src/core/progress.ts';

describe('work on several things, one after another', () => {
  it('goes on after one that failed', async () => {
    const work = (thing: number): Promise<string | undefined> =>
      Promise.resolve(thing === 2 ? undefined : `${thing} done`);
    assert.deepEqual(await oneAfterAnother([1, 2, 3], work), ['1 done', '3 done']);
  });

  it('ends with the one that was cancelled', async () => {
    const begun: number[] = [];
    const done = await oneAfterAnother([1, 2, 3], async (thing, started) => {
      begun.push(thing);
      const controller = new AbortController();
      started({ ...unattended(), signal: controller.signal });
      if (thing === 2) controller.abort();
      return Promise.resolve(thing === 2 ? undefined : thing);
    });
    assert.deepEqual([done, begun], [[1], [1, 2]]);
  });
});
