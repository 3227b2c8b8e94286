import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listContexts } from '../../../src/docker/contextStore.ts';
import { chooseEndpoint, defaultSockets, type Surroundings } from '../../../src/docker/endpoint.ts';
import { parseAddress, withoutSecrets } from '../../../src/docker/parseAddress.ts';
import { failureOf } from '../../support/failureOf.ts';

describe('the address of an engine', () => {
  const good: readonly (readonly [string, object])[] = [
    ['unix:///run/d.sock', { kind: 'socket', socketPath: '/run/d.sock', address: 'unix:///run/d.sock' }],
    [
      'npipe:////./pipe/docker_engine',
      { kind: 'socket', socketPath: '//./pipe/docker_engine', address: 'npipe:////./pipe/docker_engine' },
    ],
    ['tcp://box', { kind: 'tcp', host: 'box', port: 2375, address: 'tcp://box:2375' }],
    ['box:99', { kind: 'tcp', host: 'box', port: 99, address: 'tcp://box:99' }],
    ['tcp://[::1]:2375', { kind: 'tcp', host: '::1', port: 2375, address: 'tcp://[::1]:2375' }],
    ['http://box', { kind: 'tcp', host: 'box', port: 80, address: 'tcp://box:80' }],
    [
      'https://box',
      { kind: 'tcp', host: 'box', port: 443, address: 'tcp://box:443', tls: { skipVerify: false } },
    ],
    ['ssh://box', { kind: 'ssh', host: 'box', address: 'ssh://box' }],
    [
      'ssh://me@box:22022/run/user/1000/docker.sock',
      {
        kind: 'ssh',
        host: 'box',
        user: 'me',
        port: 22022,
        remoteSocket: '/run/user/1000/docker.sock',
        address: 'ssh://me@box:22022/run/user/1000/docker.sock',
      },
    ],
  ];
  for (const [text, endpoint] of good) {
    it(`is read from ${text}`, () => {
      assert.deepEqual(parseAddress(text), endpoint);
    });
  }

  it('asks for port 2376 with TLS', () => {
    const endpoint = parseAddress('tcp://box', { skipVerify: true, ca: 'x' });
    assert.equal(endpoint?.address, 'tcp://box:2376');
  });

  for (const text of [
    '',
    'unix://',
    'ftp://box',
    'fd://',
    'tcp://',
    'tcp://box/prefix',
    'tcp://box:99999',
    'ssh://me:secret@box',
    'ssh://-oProxyCommand=x',
    'ssh://-l@box',
    'tcp://box?x=1',
    'C:\\pipe',
  ]) {
    it(`is not "${text}"`, () => {
      assert.equal(parseAddress(text), undefined);
    });
  }

  it('is shown without its password', () => {
    assert.equal(withoutSecrets('ssh://me:secret@box:22'), 'ssh://me:…@box:22');
    assert.equal(withoutSecrets('tcp://[::1]:2375'), 'tcp://[::1]:2375');
  });
});

describe('the choice of an engine', () => {
  let home: string;
  const around = (env: Surroundings['env'] = {}): Surroundings => ({ env, home, platform: 'linux' });
  const nothingExists = (): Promise<boolean> => Promise.resolve(false);
  const chosen = async (env: Surroundings['env'], setting = ''): Promise<string> =>
    (await chooseEndpoint(around(env), setting, nothingExists)).endpoint.address;

  async function addContext(name: string, endpoint: object, tls: Record<string, string> = {}): Promise<void> {
    const id = createHash('sha256').update(name).digest('hex');
    const meta = join(home, '.docker/contexts/meta', id);
    await mkdir(meta, { recursive: true });
    const json = { Name: name, Metadata: { Description: `about ${name}` }, Endpoints: { docker: endpoint } };
    await writeFile(join(meta, 'meta.json'), JSON.stringify(json));
    const folder = join(home, '.docker/contexts/tls', id, 'docker');
    for (const [file, text] of Object.entries(tls)) {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, file), text);
    }
  }
  const configure = (text: string): Promise<void> => writeFile(join(home, '.docker/config.json'), text);

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'drydock-home-'));
    await mkdir(join(home, '.docker'));
    await addContext('one', { Host: 'tcp://one:1' });
    await addContext('two', { Host: 'tcp://two:2' });
  });
  afterEach(async () => {
    await rm(home, { recursive: true, force: true });
  });

  const both = { DOCKER_HOST: 'tcp://host:3', DOCKER_CONTEXT: 'one' };
  const table: readonly (readonly [string, Surroundings['env'], string, string])[] = [
    ['an address in the setting', both, 'tcp://set:4', 'tcp://set:4'],
    ['a context in the setting', both, 'context:two', 'tcp://two:2'],
    ['the default context in the setting, which is DOCKER_HOST', both, 'context:default', 'tcp://host:3'],
    ['DOCKER_HOST before DOCKER_CONTEXT', both, '', 'tcp://host:3'],
    ['DOCKER_CONTEXT before the current context', { DOCKER_CONTEXT: 'one' }, '', 'tcp://one:1'],
    ['the default context by name', { DOCKER_CONTEXT: 'default' }, '', 'unix:///var/run/docker.sock'],
    ['the current context', {}, '', 'tcp://two:2'],
    [
      'the current context where variables are set to nothing',
      { DOCKER_HOST: '', DOCKER_CONTEXT: '' },
      ' ',
      'tcp://two:2',
    ],
  ];
  for (const [what, env, setting, address] of table) {
    it(`takes ${what}`, async () => {
      await configure('{"currentContext":"two"}');
      assert.equal(await chosen(env, setting), address);
    });
  }

  it('takes the default socket without any configuration', async () => {
    assert.equal(await chosen({}), 'unix:///var/run/docker.sock');
    await configure('{"auths":{}}');
    assert.equal(await chosen({}), 'unix:///var/run/docker.sock');
  });

  it('looks for other sockets in order where the default is missing', async () => {
    const env = { XDG_RUNTIME_DIR: '/run/user/1' };
    for (const socket of defaultSockets(around(env))) {
      const { endpoint } = await chooseEndpoint(around(env), '', (path) => Promise.resolve(path === socket));
      assert.equal(endpoint.address, `unix://${socket}`);
    }
    const all = await chooseEndpoint(around(env), '', () => Promise.resolve(true));
    assert.equal(all.endpoint.address, 'unix:///var/run/docker.sock');
    assert.deepEqual(all.origin, { kind: 'default' });
  });

  it('takes a named pipe on Windows', async () => {
    const windows = { ...around(), platform: 'win32' } as const;
    const { endpoint } = await chooseEndpoint(windows, '', nothingExists);
    assert.equal(endpoint.address, 'npipe:////./pipe/docker_engine');
  });

  it('reads the configuration from DOCKER_CONFIG', async () => {
    await configure('{"currentContext":"two"}');
    assert.equal(await chosen({ DOCKER_CONFIG: join(home, 'elsewhere') }), 'unix:///var/run/docker.sock');
    assert.equal(await chosen({ DOCKER_CONFIG: join(home, '.docker') }), 'tcp://two:2');
  });

  it('gives a context its TLS files', async () => {
    await addContext('tls', { Host: 'tcp://t:5', SkipTLSVerify: true }, { 'ca.pem': 'CA', 'key.pem': 'K' });
    const { endpoint, origin } = await chooseEndpoint(around(), 'context:tls');
    assert.deepEqual(endpoint.kind === 'tcp' && endpoint.tls, { skipVerify: true, ca: 'CA', key: 'K' });
    assert.deepEqual(origin, { kind: 'context', name: 'tls' });
  });

  it('gives DOCKER_HOST the TLS files of DOCKER_CERT_PATH', async () => {
    const certs = join(home, 'certs');
    await mkdir(certs);
    for (const name of ['ca', 'cert', 'key']) await writeFile(join(certs, `${name}.pem`), name);
    const tlsFor = async (env: Surroundings['env']): Promise<unknown> => {
      const { endpoint } = await chooseEndpoint(around({ DOCKER_HOST: 'tcp://h', ...env }));
      return endpoint.kind === 'tcp' ? endpoint.tls : 'no tcp';
    };
    const files = { ca: 'ca', cert: 'cert', key: 'key' };
    assert.deepEqual(await tlsFor({ DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: certs }), {
      ...files,
      skipVerify: false,
    });
    assert.deepEqual(await tlsFor({ DOCKER_TLS: '1', DOCKER_CERT_PATH: certs }), {
      ...files,
      skipVerify: true,
    });
    assert.equal(await tlsFor({ DOCKER_CERT_PATH: certs }), undefined);
    const failed = await failureOf(tlsFor({ DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: join(home, 'none') }));
    assert.equal(failed.code, 'fileUnusable');
  });

  it('names a context that does not exist, wherever its name came from', async () => {
    for (const [env, setting] of [
      [{}, 'context:three'],
      [{ DOCKER_CONTEXT: 'three' }, ''],
      [{}, 'context:../../one'],
    ] as const) {
      assert.equal((await failureOf(chosen(env, setting))).code, 'contextUnknown');
    }
  });

  it('refuses a broken context and a broken configuration with their names', async () => {
    await addContext('kube', {});
    assert.equal((await failureOf(chosen({}, 'context:kube'))).code, 'contextBroken');
    await addContext('ftp', { Host: 'ftp://me:secret@x' });
    const unsupported = await failureOf(chosen({}, 'context:ftp'));
    assert.equal(unsupported.code, 'endpointUnsupported');
    assert.doesNotMatch(unsupported.message, /secret/);
    await configure('{broken');
    assert.equal((await failureOf(chosen({}))).code, 'badJson');
    await configure('[]');
    assert.equal((await failureOf(chosen({}))).code, 'badJson');
    await configure(' '.repeat(5_000_000));
    assert.equal((await failureOf(chosen({}))).code, 'fileUnusable');
  });

  it('lists contexts for a picker, the current one marked and broken ones with their problem', async () => {
    await configure('{"currentContext":"two"}');
    await mkdir(join(home, '.docker/contexts/meta/0123456789abcdef'));
    await writeFile(join(home, '.docker/contexts/meta/0123456789abcdef/meta.json'), '{');
    const rows = await listContexts(around());
    assert.deepEqual(
      rows.map((row) => [row.name, row.host, row.isCurrent, row.problem === undefined]),
      [
        ['default', '', false, true],
        ['0123456789ab', '', false, false],
        ['one', 'tcp://one:1', false, true],
        ['two', 'tcp://two:2', true, true],
      ],
    );
    const byHost = await listContexts(around({ DOCKER_HOST: 'tcp://x' }));
    assert.equal(byHost[0]?.isCurrent, true);
  });
});
