import assert from 'node:assert/strict';
import { DrydockError, failure, failureTemplates, fillTemplate } from '../../src/core/errors.ts';

describe('failures', () => {
  it('fill their sentence, keep their code and their cause', () => {
    const cause = new Error('connect ECONNREFUSED');
    const error = failure('engineUnreachable', { endpoint: 'unix:///x.sock' }, cause);
    assert.equal(error.message, 'No engine answers at unix:///x.sock. Start it, or choose another engine.');
    assert.equal(error.code, 'engineUnreachable');
    assert.equal(error.cause, cause);
    assert.ok(error instanceof DrydockError);
  });

  it('do not fill places from within a value', () => {
    assert.equal(fillTemplate('{a} {b}', { a: '{b}', b: 'x' }), '{b} x');
  });

  it('are whole sentences', () => {
    for (const template of failureTemplates()) assert.match(template, /([.?]|\{\w+\})$/, template);
  });
});
