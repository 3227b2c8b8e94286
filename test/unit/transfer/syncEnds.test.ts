import assert from 'node:assert/strict';
import { DrydockError } from '../../../src/core/errors.ts';
import { misfitOf, parseSyncEnd } from '../../../src/core/transfer/syncEnds.ts';

describe('the two ends of a copy between registries', () => {
  for (const [source, target, misfit] of [
    ['a.example/dev/*', 'b.example/prod/*', undefined],
    ['a.example/dev/*', 'b.example/prod', 'stars'],
    ['a.example/dev/app', 'b.example/prod/app:1', 'manyIntoOne'],
    ['a.example/dev/app:1', 'b.example/prod/app', undefined],
    ['a.example/dev/app:1', 'a.example/dev/app:2', undefined],
    ['a.example/dev/app:1', 'a.example/dev/app', 'same'],
    ['a.example/dev/app', 'a.example/dev/app', 'same'],
    ['a.example/dev/*:1', 'b.example/prod/*', 'tagAndStar'],
    ['a.example/dev/app:1', `b.example/app@sha256:${'a'.repeat(64)}`, 'digest'],
  ] as const)
    it(`${source} and ${target.slice(0, 30)} ${misfit === undefined ? 'go together' : `don’t: ${misfit}`}`, () => {
      assert.equal(misfitOf(parseSyncEnd(source), parseSyncEnd(target)), misfit);
    });

  for (const text of ['a.example/app:v*', '*.example/app', 'a.example/App', ''])
    it(`can’t be "${text}"`, () => {
      assert.throws(
        () => parseSyncEnd(text),
        (error) => error instanceof DrydockError && error.code === 'badRemoteName',
      );
    });
});
