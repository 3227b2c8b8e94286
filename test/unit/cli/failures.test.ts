import assert from 'node:assert/strict';
import { tellFailure } from '../../../src/cli/failures.ts';
import { failure } from '../../../src/core/errors.ts';

const cancel = new DOMException('This operation was aborted', 'AbortError');

describe('telling a failure', () => {
  it('does not take a failed clean-up after a cancel for a mere cancel', () => {
    const both = new AggregateError([cancel, failure('engineConflict', { name: 'x', reason: 'in use' })]);
    const { code, exitCode } = tellFailure(both);
    assert.deepEqual({ code, exitCode }, { code: 'engineConflict', exitCode: 1 });
    assert.equal(tellFailure(new AggregateError([cancel])).exitCode, 130);
  });

  it('keeps the sentence of an engine on one line', () => {
    const told = tellFailure(failure('engineRefused', { call: 'x', reason: 'one\ntwo' }));
    assert.equal(told.message, 'The engine refused "x": one two');
  });

  it('words what nobody expected', () => {
    const { code, exitCode, message } = tellFailure(new TypeError('x is not a function'));
    assert.deepEqual({ code, exitCode }, { code: 'unexpected', exitCode: 1 });
    assert.match(message, /x is not a function/);
  });
});
