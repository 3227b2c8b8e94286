import assert from 'node:assert/strict';
import { digestOf } from '../../../src/core/digest.ts';
import { layerPlace } from '../../../src/core/inspect/layerPlace.ts';
import { parseImageConfig } from '../../../src/core/oci/manifest.ts';

const [base, top] = [digestOf('base'), digestOf('top')];

function configOf(diffIds: readonly string[], history: readonly object[] | undefined) {
  const document = {
    os: 'linux',
    architecture: 'amd64',
    rootfs: { type: 'layers', diff_ids: diffIds },
    history,
  };
  return parseImageConfig(Buffer.from(JSON.stringify(document)), 'the test');
}

const steps = [{}, { empty_layer: true }, {}, { empty_layer: true }];

describe('the layer that a step of the history made', () => {
  it('is counted among the steps that made one', () => {
    const config = configOf([base, top], steps);
    const places = steps.map((_, height) => layerPlace(config, { height, count: steps.length }));
    assert.deepEqual(places, [0, 'empty', 1, 'empty']);
  });

  it('is told from the config also where two layers are the same', () => {
    const config = configOf([base, base], steps);
    assert.equal(layerPlace(config, { height: 2, count: 4, diffId: base }), 1);
  });

  it('goes by its diffID where the engine tells of other steps than the config', () => {
    const config = configOf([base, top], steps);
    assert.equal(layerPlace(config, { height: 0, count: 3, diffId: top }), 1);
    assert.equal(
      layerPlace(configOf([base, top], undefined), { height: undefined, count: 0, diffId: base }),
      0,
    );
  });

  it('is not guessed', () => {
    assert.equal(layerPlace(configOf([base, top], steps), { height: 0, count: 3 }), 'unknown');
    assert.equal(layerPlace(configOf([base, base], []), { height: 0, count: 1, diffId: base }), 'unknown');
    assert.equal(layerPlace(configOf([base], steps), { height: 0, count: 4 }), 'unknown');
    assert.equal(layerPlace(configOf([base], [{}]), { height: 0, count: 3, diffId: top }), 'unknown');
  });
});
