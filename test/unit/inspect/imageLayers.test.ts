import assert from 'node:assert/strict';
import { digestOf, type Digest } from '../../../src/core/digest.ts';
import type { HistoryEntry } from '../../../src/core/engine/records.ts';
import { imageLayers } from '../../../src/core/inspect/imageLayers.ts';

const layer = (number: number): Digest => digestOf(`layer ${number}`);
const step = (createdBy: string, sizeBytes = 0): HistoryEntry => ({
  createdBy,
  sizeBytes,
  comment: '',
  tags: [],
});
const run = (sizeBytes = 0): HistoryEntry => step('RUN /bin/sh -c true # buildkit', sizeBytes);
const env = step('ENV A=1');

function fillsOf(history: readonly HistoryEntry[], diffIds: readonly Digest[]): string[] {
  return imageLayers(history, diffIds).map(({ fill }) => fill);
}

function diffIdsOf(history: readonly HistoryEntry[], diffIds: readonly Digest[]): (Digest | undefined)[] {
  return imageLayers(history, diffIds).map(({ diffId }) => diffId);
}

describe('imageLayers', () => {
  it('pairs filled steps with layers from the bottom up and leaves empty ones without', () => {
    const history = [env, run(20), env, run(10)];
    assert.deepEqual(fillsOf(history, [layer(0), layer(1)]), ['empty', 'filled', 'empty', 'filled']);
    assert.deepEqual(diffIdsOf(history, [layer(0), layer(1)]), [undefined, layer(1), undefined, layer(0)]);
  });

  it('takes a step of no size for empty when all layers have their step', () => {
    assert.deepEqual(fillsOf([run(), run(10)], [layer(0)]), ['empty', 'filled']);
  });

  it('takes steps of no size for filled when every one of them is needed', () => {
    const diffIds = [layer(0), layer(1), layer(2)];
    assert.deepEqual(fillsOf([run(), env, run(), run(10)], diffIds), ['filled', 'empty', 'filled', 'filled']);
    assert.deepEqual(diffIdsOf([run(), env, run(), run(10)], diffIds), [
      layer(2),
      undefined,
      layer(1),
      layer(0),
    ]);
  });

  it('leaves steps of no size open when only some of them are filled, and pairs what is certain all the same', () => {
    const history = [run(30), run(), run(20), run(), run(10)];
    const diffIds = [layer(0), layer(1), layer(2), layer(3)];
    assert.deepEqual(fillsOf(history, diffIds), ['filled', 'unknown', 'filled', 'unknown', 'filled']);
    assert.deepEqual(diffIdsOf(history, diffIds), [layer(3), undefined, undefined, undefined, layer(0)]);
  });

  it('believes a size over an instruction that makes no files', () => {
    assert.deepEqual(fillsOf([step('CMD ["sh"]', 5)], [layer(0)]), ['filled']);
  });

  it('lists the layers of an image without history, with their diffIDs', () => {
    const found = imageLayers([], [layer(0), layer(1)]);
    assert.deepEqual(
      found.map(({ entry, fill, diffId }) => ({ entry, fill, diffId })),
      [
        { entry: undefined, fill: 'filled', diffId: layer(1) },
        { entry: undefined, fill: 'filled', diffId: layer(0) },
      ],
    );
  });

  it('adds the layers that a shorter history lacks and pairs none', () => {
    const found = imageLayers([env, run(10)], [layer(0), layer(1), layer(2)]);
    assert.deepEqual(
      found.map(({ entry, fill, diffId }) => [entry?.createdBy, fill, diffId]),
      [
        ['ENV A=1', 'empty', undefined],
        ['RUN /bin/sh -c true # buildkit', 'filled', undefined],
        [undefined, 'filled', undefined],
        [undefined, 'filled', undefined],
      ],
    );
  });

  it('pairs none when more steps have a size than there are layers', () => {
    assert.deepEqual(diffIdsOf([run(1), run(), run(2)], [layer(0)]), [undefined, undefined, undefined]);
    assert.deepEqual(fillsOf([run(1), run(), run(2)], [layer(0)]), ['filled', 'unknown', 'filled']);
  });

  it('gives nothing for an image without steps and layers', () => {
    assert.deepEqual(imageLayers([], []), []);
  });

  it('says exactly what all possible readings of a random history have in common', () => {
    const seed = Number(process.env['DRYDOCK_TEST_SEED'] ?? Date.now() % 1_000_000);
    console.log(`      seed ${seed}`);
    const next = random(seed);
    for (let round = 0; round < 400; round += 1) {
      const steps = Array.from({ length: Math.floor(next() * 9) }, () => {
        const kind = next();
        return kind < 0.35 ? run(1 + Math.floor(next() * 9)) : kind < 0.65 ? env : run();
      });
      const diffIds = Array.from({ length: Math.floor(next() * 9) }, (_, index) => layer(index));
      const found = imageLayers(steps, diffIds);
      const readings = possibleReadings(steps, diffIds);
      const context = `seed ${seed}, round ${round}`;
      if (readings.length === 0) {
        assert.ok(
          found.every(({ entry, diffId }) => entry === undefined || diffId === undefined),
          context,
        );
        assert.ok(found.length >= steps.length, context);
        continue;
      }
      assert.equal(found.length, steps.length, context);
      found.forEach((given, index) => {
        const fills = new Set(readings.map((reading) => reading[index] !== undefined));
        const fill = fills.size > 1 ? 'unknown' : fills.has(true) ? 'filled' : 'empty';
        const choices = new Set(readings.map((reading) => reading[index]));
        assert.equal(given.fill, fill, context);
        assert.equal(given.diffId, choices.size === 1 ? [...choices][0] : undefined, context);
      });
    }
  });
});

/** Each way to share out the layers among the steps, newest first: the oracle, by trying all. */
function possibleReadings(
  steps: readonly HistoryEntry[],
  diffIds: readonly Digest[],
): (Digest | undefined)[][] {
  const readings: (Digest | undefined)[][] = [];
  for (let choice = 0; choice < 2 ** steps.length; choice += 1) {
    const filled = steps.map((_, index) => ((choice >> index) & 1) === 1);
    const isPossible = steps.every(
      (entry, index) => (entry.sizeBytes === 0 || filled[index]) && (entry !== env || !filled[index]),
    );
    if (!isPossible || filled.filter(Boolean).length !== diffIds.length) continue;
    let above = diffIds.length;
    readings.push(filled.map((isFilled) => (isFilled ? diffIds[(above -= 1)] : undefined)));
  }
  return readings;
}

function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
