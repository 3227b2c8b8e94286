import assert from 'node:assert/strict';
import { sampleImage } from '../../support/archives/sampleImages.ts';
import { LyingEngine } from '../../support/lyingEngine.ts';
import { openEngineImage } from '../../../src/core/fileTrees/engineImage.ts';
import type { LayeredImage } from '../../../src/core/layers/layeredImage.ts';
import { unattended } from '../../../src/core/progress.ts';
import { InsideFigures } from '../../../src/lens/insideFigures.ts';
import { tarOf } from '../../support/layerTars.ts';

describe('the figures of images that somebody looks into', () => {
  it('are asked for anew where one was read while its answer was on the way', async () => {
    const app = sampleImage([tarOf([['a', 'a']])], ['app:1']);
    const image = await openEngineImage({ engine: new LyingEngine([app]) }, 'app:1', unattended());
    const answers = [1, 2].map(() => Promise.withResolvers<LayeredImage | undefined>());
    let asked = 0;
    let changed = Promise.withResolvers<undefined>();
    const figures = new InsideFigures({
      peek: () => (answers[asked++] ?? assert.fail()).promise,
      changed: () => {
        changed.resolve(undefined);
      },
      failed: assert.ifError,
    });
    const id = app.configDigest;
    assert.deepEqual(figures.of(id, 1), {});
    figures.askAgain(); // it was read, and what comes now is from before
    answers[0]?.resolve(undefined);
    await changed.promise;
    assert.equal(figures.isUnread(id), false);
    changed = Promise.withResolvers();
    assert.deepEqual(figures.of(id, 1), {});
    answers[1]?.resolve(image);
    await changed.promise;
    assert.equal(figures.of(id, 1).figures?.length, 1);
    figures.dispose();
  });
});
