import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { askCredentialHelper } from '../../../src/registry/credentialHelper.ts';
import { findLogIn, type LogIn } from '../../../src/registry/logIns.ts';
import { failureOf } from '../../support/failureOf.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const encoded = Buffer.from('dock:pass:word').toString('base64');
const known: LogIn = { kind: 'password', user: 'dock', password: 'pass:word' };

describe('log-ins of the Docker CLI', () => {
  const folder = temporaryFolder();
  const around = (env: Record<string, string> = {}) => ({
    env: { PATH: `${join(folder.path(), 'bin')}${delimiter}${process.env['PATH'] ?? ''}`, ...env },
    home: folder.path(),
    platform: process.platform,
  });
  const config = async (content: object): Promise<void> => {
    await mkdir(join(folder.path(), '.docker'), { recursive: true });
    await writeFile(join(folder.path(), '.docker', 'config.json'), JSON.stringify(content));
  };
  /** A helper that answers by the server it is asked for. */
  const helper = async (name: string, script: string): Promise<void> => {
    const path = join(folder.path(), 'bin', `docker-credential-${name}`);
    await mkdir(join(folder.path(), 'bin'), { recursive: true });
    await writeFile(path, `#!/bin/sh\nserver=$(cat)\n${script}\n`);
    await chmod(path, 0o755);
  };

  it('are none where there is no file, an empty one, or nothing for that host', async () => {
    assert.equal(await findLogIn(around(), 'r.test'), undefined);
    await mkdir(join(folder.path(), '.docker'));
    await writeFile(join(folder.path(), '.docker', 'config.json'), '');
    assert.equal(await findLogIn(around(), 'r.test'), undefined);
    await config({ auths: { 'other.test': { auth: encoded }, 'r.test:5000': { auth: encoded } } });
    assert.equal(await findLogIn(around(), 'r.test'), undefined);
  });

  for (const [host, key] of [
    ['r.test', 'r.test'],
    ['r.test', 'https://r.test'],
    ['r.test', 'https://r.test/v1/'],
    ['r.test', 'http://r.test/v2/'],
    ['r.test:5000', 'r.test:5000'],
    ['r.test:5000', 'https://r.test:5000/'],
    ['docker.io', 'https://index.docker.io/v1/'],
    ['docker.io', 'index.docker.io'],
    ['docker.io', 'docker.io'],
  ] as const)
    it(`are found for ${host} under ${key}`, async () => {
      await config({ auths: { [key]: { auth: encoded } } });
      assert.deepEqual(await findLogIn(around(), host), known);
    });

  it('take the exact key before one with a path', async () => {
    const other = Buffer.from('other:x').toString('base64');
    await config({ auths: { 'https://r.test/v1/': { auth: other }, 'r.test': { auth: encoded } } });
    assert.deepEqual(await findLogIn(around(), 'r.test'), known);
  });

  it('may be an identity token, a bearer token or plain fields', async () => {
    await config({
      auths: {
        'a.test': { auth: encoded, identitytoken: 'long-lived' },
        'b.test': { registrytoken: 'given' },
        'c.test': { username: 'dock', password: 'pass:word' },
        'd.test': {},
      },
    });
    assert.deepEqual(await findLogIn(around(), 'a.test'), { kind: 'identity', token: 'long-lived' });
    assert.deepEqual(await findLogIn(around(), 'b.test'), { kind: 'bearer', token: 'given' });
    assert.deepEqual(await findLogIn(around(), 'c.test'), known);
    assert.equal(await findLogIn(around(), 'd.test'), undefined);
  });

  it('come from DOCKER_AUTH_CONFIG before any file, and from the file where it has none', async () => {
    await config({ auths: { 'a.test': { auth: Buffer.from('file:x').toString('base64') } } });
    const env = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { 'a.test': { auth: encoded } } }) };
    assert.deepEqual(await findLogIn(around(env), 'a.test'), known);
    const elsewhere = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: {} }) };
    assert.deepEqual(await findLogIn(around(elsewhere), 'a.test'), {
      kind: 'password',
      user: 'file',
      password: 'x',
    });
  });

  it('lie where DOCKER_CONFIG says', async () => {
    const other = join(folder.path(), 'elsewhere');
    await mkdir(other);
    await writeFile(join(other, 'config.json'), JSON.stringify({ auths: { 'r.test': { auth: encoded } } }));
    assert.deepEqual(await findLogIn(around({ DOCKER_CONFIG: other }), 'r.test'), known);
  });

  it('come from the helper of the host before the store, and from the file where both have none', async () => {
    await helper('own', 'echo \'{"Username":"own","Secret":"1"}\'');
    await helper(
      'store',
      'case $server in b.test) echo \'{"Username":"<token>","Secret":"long"}\';; *) echo "credentials not found in native keychain"; exit 1;; esac',
    );
    await config({
      credHelpers: { 'a.test': 'own' },
      credsStore: 'store',
      auths: { 'c.test': { auth: encoded } },
    });
    assert.deepEqual(await findLogIn(around(), 'a.test'), { kind: 'password', user: 'own', password: '1' });
    assert.deepEqual(await findLogIn(around(), 'b.test'), { kind: 'identity', token: 'long' });
    assert.deepEqual(await findLogIn(around(), 'c.test'), known);
  });

  it('are asked of a helper by the key that the Docker CLI uses', async () => {
    await helper('store', 'printf \'{"ServerURL":"","Username":"%s","Secret":"1"}\' "$server"');
    await config({ credsStore: 'store' });
    const userAt = async (host: string) => {
      const logIn = await findLogIn(around(), host);
      return logIn?.kind === 'password' ? logIn.user : undefined;
    };
    assert.equal(await userAt('docker.io'), 'https://index.docker.io/v1/');
    assert.equal(await userAt('r.test:5000'), 'r.test:5000');
  });

  it('that can’t be read are told without a piece of them', async () => {
    await mkdir(join(folder.path(), '.docker'));
    await writeFile(
      join(folder.path(), '.docker', 'config.json'),
      '{"auths":{"r.test":{"auth":"c2VjcmV0 oops',
    );
    const broken = await failureOf(findLogIn(around(), 'r.test'));
    assert.equal(broken.code, 'logInUnreadable');
    await config({ auths: { 'r.test': { auth: Buffer.from('topsecret').toString('base64') } } });
    const noColon = await failureOf(findLogIn(around(), 'r.test'));
    await config({ credsStore: 'odd' });
    await helper('odd', 'echo \'{"Username":"u","Secret":topsecret}\'');
    const odd = await failureOf(findLogIn(around(), 'r.test'));
    for (const { message } of [broken, noColon, odd]) assert.doesNotMatch(message, /c2Vj|secret/);
    assert.match(odd.message, /docker-credential-odd answered with something else/);
  });

  it('tell what a helper says when it fails, and that it is not there', async () => {
    await config({ credsStore: 'locked' });
    await helper('locked', 'echo "the keychain is locked"; exit 1');
    assert.match((await failureOf(findLogIn(around(), 'r.test'))).message, /the keychain is locked/);
    await config({ credsStore: 'missing' });
    assert.match(
      (await failureOf(findLogIn(around(), 'r.test'))).message,
      /docker-credential-missing can’t be run/,
    );
    await config({ credsStore: '../evil' });
    assert.match((await failureOf(findLogIn(around(), 'r.test'))).message, /no name of a credential helper/);
  });

  it('don’t wait for a helper that hangs, nor after a cancel', async () => {
    await helper('hangs', 'exec sleep 600');
    const { env } = around();
    const asked = { name: 'hangs', server: 'r.test', env };
    await assert.rejects(askCredentialHelper({ ...asked, limitMs: 50 }), /gave no answer/);
    const cancel = new AbortController();
    const asking = askCredentialHelper(asked, { signal: cancel.signal });
    cancel.abort();
    await assert.rejects(asking, { name: 'AbortError' });
  });
});
