import assert from 'node:assert/strict';
import { hostIn, parseRegistrySettings } from '../../../src/registries/registrySettings.ts';

describe('the setting for registries', () => {
  it('takes hosts as names of images have them, with what a person named there', () => {
    assert.deepEqual(
      parseRegistrySettings([
        {
          host: 'registry.example:5000',
          repositories: ['team/app', 'team/app', 'Not A Name', 7],
          plainHttp: true,
        },
        { host: 'https://index.docker.io/v1/' },
        { host: '[::1]:5000', plainHttp: 'yes' },
      ]),
      [
        { host: 'registry.example:5000', repositories: ['team/app'], isPlainHttp: true },
        { host: 'docker.io', repositories: [], isPlainHttp: false },
        { host: '[::1]:5000', repositories: [], isPlainHttp: false },
      ],
    );
  });

  it('passes over what names no registry, and a host that was named before', () => {
    const found = parseRegistrySettings([
      'registry.example',
      null,
      { host: 'nodots' },
      { host: 'a.example/b' },
      { host: 'a.example; rm -rf ~' },
      { host: '$(id).example' },
      { host: 'one.example', repositories: 'team/app' },
      { host: 'http://one.example/', repositories: ['other'] },
    ]);
    assert.deepEqual(found, [{ host: 'one.example', repositories: [], isPlainHttp: false }]);
    assert.deepEqual(parseRegistrySettings({ host: 'one.example' }), []);
  });

  for (const [text, host] of [
    [' registry.example ', 'registry.example'],
    ['HTTPS://registry.example/', 'registry.example'],
    ['docker.io', 'docker.io'],
    ['hub.docker.com', 'docker.io'],
    ['localhost', 'localhost'],
    ['team/app', undefined],
    ['', undefined],
  ] as const)
    it(`reads "${text}" as ${host ?? 'no host'}`, () => {
      assert.equal(hostIn(text), host);
    });
});
