import assert from 'node:assert/strict';
import { anything, resolved, resolvedWords, type Lookup } from '../../../src/core/dockerfile/substitute.ts';

const values: Readonly<Record<string, string>> = { A: 'one', B: 'two words', EMPTY: '' };
const lookup: Lookup = (name) => {
  const value = values[name];
  if (value !== undefined) return { kind: 'set', value };
  return { kind: name === 'BASE' ? 'unknown' : 'unset' };
};

describe('variables of a Dockerfile', () => {
  const rows: readonly (readonly [text: string, expected: string])[] = [
    ['$A', 'one'],
    ['${A}s', 'ones'],
    ['$As', ''],
    ['a$A/b', 'aone/b'],
    ['\\$A', '$A'],
    ["'$A'", '$A'],
    ['"$A"', 'one'],
    ['"\\$A \\"q\\" \\x"', '$A "q" \\x'],
    ['${NONE:-other}', 'other'],
    ['${NONE-other}', 'other'],
    ['${EMPTY:-other}', 'other'],
    ['${EMPTY-other}', ''],
    ['${A:-other}', 'one'],
    ['${A:+given}', 'given'],
    ['${A+given}', 'given'],
    ['${NONE:+given}', ''],
    ['${EMPTY+given}', 'given'],
    ['${EMPTY:+given}', ''],
    ['${NONE:-${A:-x}}', 'one'],
    ['${NONE:-"a b"}', 'a b'],
    ['${A:?needed}', 'one'],
    ['${A%e}', anything],
    ['$BASE/x', `${anything}/x`],
    ['${BASE:-x}', anything],
    ['$', '$'],
    ['a$', 'a$'],
    ['${', '${'],
    ['$(date)', '$(date)'],
    ['\\', '\\'],
    ['a\\ b', 'a b'],
    ['"open', 'open'],
  ];
  for (const [text, expected] of rows) {
    it(`makes ${JSON.stringify(expected)} of ${text}`, () => {
      assert.equal(resolved(text, lookup, '\\'), expected);
    });
  }

  it('splits words before it replaces what is in them', () => {
    assert.deepEqual(resolvedWords(' A=1 "B C"=$B  \'x y\'\tlast ', lookup, '\\'), [
      'A=1',
      'B C=two words',
      'x y',
      'last',
    ]);
  });

  it('leaves the usual escape sign alone where another one is set', () => {
    assert.equal(resolved('c:\\dir\\$A `$A', lookup, '`'), 'c:\\dir\\one $A');
  });

  it('comes to an end with what nobody writes', () => {
    for (const text of [
      '${A:-'.repeat(50_000),
      '"'.repeat(100_001),
      '$'.repeat(100_000),
      '${NONE:-'.repeat(19),
    ])
      assert.equal(typeof resolved(text, lookup, '\\'), 'string');
  });
});
