import assert from 'node:assert/strict';
import { globPattern } from '../../../src/core/snapshotFiles/globPattern.ts';

const cases: readonly (readonly [pattern: string, yes: readonly string[], no: readonly string[]])[] = [
  ['conf', ['conf', 'etc/conf', 'a/b/conf'], ['conf/x', 'config', 'aconf']],
  ['*.conf', ['a.conf', 'etc/x.conf', '.conf'], ['a.conf/b', 'a.confx']],
  ['/etc/conf', ['etc/conf'], ['x/etc/conf', 'etc/conf/x']],
  ['/etc/*', ['etc/a'], ['etc', 'etc/a/b']],
  ['/etc/**', ['etc/a', 'etc/a/b'], ['etc', 'x/etc/a']],
  ['/a/**/b', ['a/b', 'a/x/b', 'a/x/y/b'], ['a/xb', 'ab', 'a/b/c']],
  ['**/b', ['b', 'a/b', 'x/y/b'], ['ab', 'a/bb']],
  ['a/b', ['a/b', 'x/a/b', 'x/y/a/b'], ['xa/b', 'a/b/c']],
  ['?', ['a', 'x/é', '漢', 'x/😀'], ['ab', '']],
  ['[a-c]x', ['ax', 'd/cx'], ['dx', 'x', '/x']],
  ['[!a-c]x', ['dx'], ['ax', 'x']],
  ['[]]', [']'], ['x']],
  ['\\*', ['*'], ['a']],
  ['a*b*c', ['abc', 'axxbxxc'], ['ab', 'acb']],
];

describe('a pattern of paths', () => {
  for (const [pattern, yes, no] of cases)
    it(`${pattern} means ${yes.join(', ')} and not ${no.join(', ')}`, () => {
      const { matches } = globPattern(pattern);
      assert.deepEqual(
        [...yes, ...no].filter((path) => matches(path)),
        yes,
      );
    });

  it('tells the one path that it can mean', () => {
    assert.equal(globPattern('/etc/conf').only, 'etc/conf');
    assert.equal(globPattern('/etc/*').only, undefined);
    assert.equal(globPattern('etc/conf').only, undefined);
  });

  it('takes no longer for a pattern that was made to take long', () => {
    const { matches } = globPattern(`/${'a*'.repeat(400)}b`);
    assert.equal(matches('ab'.repeat(1000) + 'c'), false);
  });

  it('is refused when empty, too long or not closed', () => {
    for (const text of ['', 'x'.repeat(1001), 'a[b'])
      assert.throws(() => globPattern(text), { code: 'badPattern' });
  });
});
