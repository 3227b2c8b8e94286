import assert from 'node:assert/strict';
import { composeServices } from '../../../src/core/compose/composeServices.ts';
import { composeDockerfile, type ComposePlace } from '../../../src/lens/composeDockerfile.ts';

const here: ComposePlace = { folder: '/work/shop/deploy', home: '/home/me', isWindows: false };
const onWindows: ComposePlace = { folder: '/c:/shop', home: '/c:/Users/me', isWindows: true };

function pathOf(build: string, place: ComposePlace = here): string | undefined {
  const [service] = composeServices(`services:\n  a:\n    build: ${build}\n`).services;
  return composeDockerfile(place, service?.build ?? assert.fail());
}

describe('the Dockerfile of a service in a Compose file', () => {
  for (const [build, path] of [
    ['.', '/work/shop/deploy/Dockerfile'],
    ['./api', '/work/shop/deploy/api/Dockerfile'],
    ['../api', '/work/shop/api/Dockerfile'],
    ['../..', '/work/Dockerfile'],
    ['/srv/app', '/srv/app/Dockerfile'],
    ['~/app', '/home/me/app/Dockerfile'],
    ['{context: .., dockerfile: deploy/api.Dockerfile}', '/work/shop/deploy/api.Dockerfile'],
    ['{context: api, dockerfile: ../../Dockerfile.api}', '/work/shop/Dockerfile.api'],
    ['{context: api, dockerfile: /srv/Dockerfile}', '/srv/Dockerfile'],
    ['{dockerfile: x.Dockerfile}', '/work/shop/deploy/x.Dockerfile'],
    ["'a\\b'", '/work/shop/deploy/a\\b/Dockerfile'],
  ] as const)
    it(`of ${build} is ${path}`, () => {
      assert.equal(pathOf(build), path);
    });

  it('is found by drive and backslash on Windows', () => {
    assert.equal(pathOf("'..\\api'", onWindows), '/c:/api/Dockerfile');
    assert.equal(pathOf("'D:\\src'", onWindows), '/D:/src/Dockerfile');
  });

  for (const build of [
    'https://host/repo.git#main:api',
    'git@host:team/repo.git',
    'ssh://git@host/repo',
    'docker-image://alpine',
    '{context: ., dockerfile_inline: "FROM scratch"}',
    '{context: ., dockerfile: "", dockerfile_inline: ""}',
  ])
    it(`is none that could be opened for ${build}`, () => {
      assert.equal(pathOf(build), undefined);
    });
});
