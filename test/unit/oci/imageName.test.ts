import assert from 'node:assert/strict';
import { familiarName, fullName, isSameName, parseImageName } from '../../../src/core/oci/imageName.ts';

describe('parseImageName', () => {
  const names: readonly [string, string, string][] = [
    ['x', 'docker.io/library/x:latest', 'x:latest'],
    ['x:1', 'docker.io/library/x:1', 'x:1'],
    ['team/x:1', 'docker.io/team/x:1', 'team/x:1'],
    ['docker.io/x:1', 'docker.io/library/x:1', 'x:1'],
    ['index.docker.io/library/x:1', 'docker.io/library/x:1', 'x:1'],
    ['localhost/x:1', 'localhost/x:1', 'localhost/x:1'],
    ['localhost:5000/a/b', 'localhost:5000/a/b:latest', 'localhost:5000/a/b:latest'],
    [
      'registry.example/a_b/c--d.e:V1.0_x',
      'registry.example/a_b/c--d.e:V1.0_x',
      'registry.example/a_b/c--d.e:V1.0_x',
    ],
    ['[::1]:5000/x:1', '[::1]:5000/x:1', '[::1]:5000/x:1'],
  ];
  for (const [text, full, familiar] of names)
    it(`reads ${text}`, () => {
      assert.equal(fullName(parseImageName(text)), full);
      assert.equal(familiarName(parseImageName(text)), familiar);
      assert.ok(isSameName(text, full));
    });

  for (const text of [
    '',
    'X',
    'a//b',
    'a/',
    '/a',
    'a:',
    'a:b:c',
    'a b',
    'a@sha256:0',
    `a:${'t'.repeat(129)}`,
    '-a',
    'a..b',
    '0'.repeat(64),
  ])
    it(`refuses ${JSON.stringify(text.slice(0, 20))}`, () => {
      assert.throws(() => parseImageName(text), { code: 'badReference' });
    });

  it('compares what is no name as text', () => {
    assert.ok(isSameName('No Name', 'No Name'));
    assert.ok(!isSameName('x:1', 'x:2'));
  });
});
