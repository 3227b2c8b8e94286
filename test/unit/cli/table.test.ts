import assert from 'node:assert/strict';
import { table } from '../../../src/cli/table.ts';

describe('a table', () => {
  it('is as wide as its widest cell, however many rows it has', () => {
    const rows = Array.from({ length: 200_000 }, (_, at) => [String(at), 'x']);
    const lines = table(['#', 'NAME'], rows);
    assert.equal(lines.length, 200_001);
    assert.equal(lines[0], '#       NAME');
    assert.equal(lines[200_000], '199999  x');
  });
});
