import assert from 'node:assert/strict';
import {
  isRepositoryPath,
  parseRemoteName,
  remoteNameText,
  tagFor,
} from '../../../src/core/registry/remoteName.ts';
import { parseChallenges } from '../../../src/registry/challenge.ts';
import { nextUrl } from '../../../src/registry/redirects.ts';
import { isLoopback, registryAddress } from '../../../src/registry/registryAddress.ts';
import { retryAfterMs } from '../../../src/registry/retry.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

describe('places in registries', () => {
  for (const [text, expected] of [
    ['r.test/app', { host: 'r.test', path: 'app' }],
    ['r.test:5000/team/app:1', { host: 'r.test:5000', path: 'team/app', tag: '1' }],
    [`localhost/app@${digest}`, { host: 'localhost', path: 'app', digest }],
    [`localhost/app:1@${digest}`, { host: 'localhost', path: 'app', tag: '1', digest }],
    ['app', { host: 'docker.io', path: 'library/app' }],
    ['me/app:2', { host: 'docker.io', path: 'me/app', tag: '2' }],
  ] as const)
    it(`are read from ${text.slice(0, 30)}`, () => {
      assert.deepEqual(parseRemoteName(text), expected);
      assert.deepEqual(parseRemoteName(remoteNameText(parseRemoteName(text))), expected);
    });

  for (const text of [
    '',
    'r.test/App',
    'r.test/../x',
    'r.test/app@sha256:12',
    'https://r.test/app',
    'r.test/app:',
  ])
    it(`are not "${text}"`, () => {
      assert.throws(() => parseRemoteName(text), { code: 'badRemoteName' });
    });

  it('have paths that lead nowhere else', () => {
    assert.deepEqual(
      ['a', 'a/b', '../a', 'a/../b', 'a?b', 'a:1', '', 'A'].map((path) => isRepositoryPath(path)),
      [true, true, false, false, false, false, false, false],
    );
  });

  it('have tags that are near the name of a snapshot', () => {
    assert.equal(tagFor('app:1.4-20261121T081500Z'), 'app-1.4-20261121T081500Z');
    assert.equal(tagFor('volume/data:20261121T081500Z'), 'volume-data-20261121T081500Z');
    assert.equal(tagFor(`${'x'.repeat(300)}:1`).length, 128);
    assert.equal(tagFor('...'), 'unnamed');
  });

  it('are this machine’s own only by what needs no look-up', () => {
    assert.deepEqual(
      [
        'localhost',
        '127.0.0.1',
        '127.9.9.9',
        '[::1]',
        '127.evil.test',
        'localhost.evil.test',
        '10.0.0.1',
      ].map(isLoopback),
      [true, true, true, true, false, false, false],
    );
    assert.equal(registryAddress('docker.io').authority, 'registry-1.docker.io');
    assert.equal(registryAddress('[::1]:5000').isLoopback, true);
  });
});

describe('what a registry wants to be told', () => {
  it('is read with quotes, commas and several schemes', () => {
    assert.deepEqual(
      parseChallenges(
        'Bearer realm="https://a.test/token?x=1,2",service="r \\"q\\"",scope="repository:a:pull,push repository:b:pull", Basic realm=here',
      ),
      [
        {
          scheme: 'bearer',
          parameters: {
            realm: 'https://a.test/token?x=1,2',
            service: 'r "q"',
            scope: 'repository:a:pull,push repository:b:pull',
          },
        },
        { scheme: 'basic', parameters: { realm: 'here' } },
      ],
    );
  });

  it('is nothing where it can’t be read', () => {
    for (const header of [undefined, '', '"', '= x', ',,,'])
      assert.deepEqual(parseChallenges(header), [], header);
    assert.deepEqual(parseChallenges('Negotiate'), [{ scheme: 'negotiate', parameters: {} }]);
    assert.deepEqual(parseChallenges('Basic realm="never ends'), [{ scheme: 'basic', parameters: {} }]);
  });
});

describe('being sent on', () => {
  const from = new URL('https://r.test/v2/a/blobs/x?y=1');

  it('may be to a path, to another host and to another port', () => {
    assert.equal(nextUrl('r.test', from, '/else').href, 'https://r.test/else');
    assert.equal(
      nextUrl('r.test', from, 'https://cdn.test:444/z?s=%2F').href,
      'https://cdn.test:444/z?s=%2F',
    );
  });

  for (const to of [
    '',
    'file:///etc/passwd',
    'http://r.test/x',
    'https://user:pw@r.test/',
    'data:,x',
    'https://',
  ])
    it(`is refused to "${to}"`, () => {
      assert.throws(() => nextUrl('r.test', from, to), { code: 'registryUnsafe' });
    });
});

describe('how long a registry asks to wait', () => {
  it('is told in seconds or as a date', () => {
    const nowMs = Date.UTC(2026, 10, 21, 8, 0, 0);
    assert.equal(retryAfterMs('7', nowMs), 7000);
    assert.equal(retryAfterMs('Sat, 21 Nov 2026 08:00:30 GMT', nowMs), 30_000);
    assert.equal(retryAfterMs('Sat, 21 Nov 2026 07:00:00 GMT', nowMs), 0);
    for (const header of [undefined, 'soon', '-1'])
      assert.equal(retryAfterMs(header, nowMs), undefined, header);
  });
});
