import assert from 'node:assert/strict';
import { sortedNames } from '../../../src/core/fileTrees/sortedNames.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';

const seed = 20_261_123;

describe(`names in their order (seed ${seed})`, () => {
  for (const count of [0, 1, 4_095, 4_096, 4_097, 30_000])
    it(`are those that a plain sort gives, ${count} of them`, async () => {
      const random = seededRandom(seed);
      const names = Array.from({ length: count }, () => `é${random.below(20_000)}`);
      assert.deepEqual(await sortedNames(names), names.toSorted());
    });
});
