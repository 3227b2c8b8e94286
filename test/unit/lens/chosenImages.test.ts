import assert from 'node:assert/strict';
import { ChosenImages } from '../../../src/lens/chosenImages.ts';

describe('images that were chosen for files', () => {
  it('are not lost when what was kept is no choice', async () => {
    let kept: unknown = { 'file:///a': 1 };
    const chosen = new ChosenImages({
      get: () => kept,
      update: (_, value) => {
        kept = value;
        return Promise.resolve();
      },
    });
    assert.equal(chosen.of('file:///a'), undefined);
    await chosen.choose('file:///a', { id: 'sha256:1', tag: 'a:1' });
    assert.deepEqual(chosen.of('file:///a'), { id: 'sha256:1', tag: 'a:1' });
  });

  it('are kept for the last two hundred files', async () => {
    let kept: unknown;
    const chosen = new ChosenImages({
      get: () => kept,
      update: (_, value) => {
        kept = value;
        return Promise.resolve();
      },
    });
    for (let at = 0; at < 201; at++) await chosen.choose(`file:///${at}`, { id: `${at}` });
    assert.equal(chosen.of('file:///0'), undefined);
    assert.deepEqual(chosen.of('file:///200'), { id: '200' });
  });
});
