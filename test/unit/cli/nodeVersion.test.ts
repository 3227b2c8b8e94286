import assert from 'node:assert/strict';
import { isOlder } from '../../../src/cli/nodeVersion.ts';

describe('the Node that is needed', () => {
  for (const [one, isTooOld] of [
    ['18.20.8', true],
    ['20.20.2', true],
    ['22.2.0', true],
    ['22.14.9', true],
    ['22.15.0', false],
    ['22.15.1', false],
    ['24.0.0', false],
    ['100.1.0', false],
  ] as const) {
    it(`is ${isTooOld ? 'newer than' : 'there with'} ${one}`, () => {
      assert.equal(isOlder(one, '22.15.0'), isTooOld);
    });
  }
});
