import assert from 'node:assert/strict';
import { json } from 'node:stream/consumers';
import { connect } from '../../../src/docker/connect.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { fakeEngine, sendJson, type FakeEngine } from './fakeEngine.ts';

describe('making things on an engine', () => {
  let fake: FakeEngine;
  let engine: Engine;
  let bodies: unknown[];
  beforeEach(async () => {
    fake = await fakeEngine();
    engine = connect(fake.endpoint);
    bodies = [];
  });
  afterEach(async () => {
    await fake.remove();
  });
  /** Answers each call by its method and path; what is not named is missing. */
  const answers = (all: Readonly<Record<string, readonly [number, unknown]>>): void => {
    fake.answer = (request, response, { path }) => {
      const [status, body] = all[`${request.method ?? ''} ${path}`] ?? [404, { message: 'no such thing' }];
      if (request.method === 'GET') {
        sendJson(response, body, status);
        return;
      }
      void json(request).then((sent) => {
        bodies.push(sent);
        sendJson(response, body, status);
      });
    };
  };
  const network = {
    name: 'back',
    driver: 'bridge',
    isInternal: true,
    isAttachable: false,
    isIpv6Enabled: false,
    options: { a: 'b' },
    labels: { x: 'y' },
    ipam: { Driver: 'default', Config: [{ Subnet: '10.9.0.0/24' }] },
  };

  it('sends the body of a container as it is, with the name and platform beside it', async () => {
    answers({ 'POST /containers/create': [201, { Id: 'c1', Warnings: ['no swap'] }] });
    const body = { Image: 'a:b', Env: ['A=ü', ''], HostConfig: { Memory: 0, Binds: null }, Labels: {} };
    const made = await engine.containers.create({ name: 'web', body, platform: 'linux/arm64' });
    assert.deepEqual(made, { id: 'c1', warnings: ['no swap'] });
    assert.deepEqual(bodies, [body]);
    assert.equal(fake.requests[0], 'POST /v1.41/containers/create?name=web&platform=linux%2Farm64');
  });

  it('tells the image that is missing, and any other reason in the engine’s words', async () => {
    answers({});
    const missing = await failureOf(engine.containers.create({ name: 'web', body: { Image: 'a:b' } }));
    assert.deepEqual(
      [missing.code, missing.details['kind'], missing.details['name']],
      ['engineNotFound', 'image', 'a:b'],
    );
    answers({ 'GET /images/a:b/json': [200, { Id: `sha256:${'a'.repeat(64)}` }] });
    const other = await failureOf(engine.containers.create({ name: 'web', body: { Image: 'a:b' } }));
    assert.equal(other.code, 'engineRefused');
    assert.match(other.message, /no such thing/);
  });

  it('tells a taken name as a conflict, also where Podman does not', async () => {
    answers({ 'POST /containers/create': [409, { message: 'in use' }] });
    const docker = await failureOf(engine.containers.create({ name: 'web', body: {} }));
    assert.deepEqual([docker.code, docker.details['name']], ['engineConflict', 'web']);

    fake.isPodman = true;
    answers({
      'POST /containers/create': [500, { message: 'that name is already in use' }],
      'POST /containers/old/rename': [500, { message: 'UNIQUE constraint failed' }],
      'GET /containers/web/json': [200, { Id: 'c' }],
    });
    const podman = connect(fake.endpoint);
    assert.equal(
      (await failureOf(podman.containers.create({ name: 'web', body: {} }))).code,
      'engineConflict',
    );
    assert.equal(
      (await failureOf(podman.containers.create({ name: 'other', body: {} }))).code,
      'engineRefused',
    );
  });

  it('refuses a second network of one name before the engine makes it', async () => {
    answers({ 'GET /networks': [200, [{ Id: 'n1', Name: 'back' }]] });
    assert.equal((await failureOf(engine.networks.create(network))).code, 'engineConflict');
    assert.deepEqual(bodies, []);
  });

  it('makes a network with all that belongs to it', async () => {
    answers({ 'GET /networks': [200, []], 'POST /networks/create': [201, { Id: 'n1' }] });
    assert.equal(await engine.networks.create(network), 'n1');
    assert.deepEqual(bodies, [
      {
        Name: 'back',
        CheckDuplicate: true,
        Driver: 'bridge',
        Internal: true,
        Attachable: false,
        EnableIPv6: false,
        Options: { a: 'b' },
        Labels: { x: 'y' },
        IPAM: network.ipam,
      },
    ]);
  });

  it('reads a network back, and nothing of what nests without end', async () => {
    const wire = { Id: 'n1', Name: 'back', Driver: 'bridge', Internal: true, IPAM: network.ipam };
    answers({ 'GET /networks/back': [200, wire] });
    const { isInternal, ipam } = await engine.networks.inspect('back');
    assert.deepEqual([isInternal, ipam], [true, network.ipam]);

    let deep: object = {};
    for (let level = 0; level < 100; level++) deep = { deep };
    answers({ 'GET /networks/back': [200, { ...wire, IPAM: deep }] });
    assert.deepEqual((await engine.networks.inspect('back')).ipam, {});
  });

  it('tells which of network and container is missing', async () => {
    answers({ 'GET /networks/back': [200, { Id: 'n1', Name: 'back' }] });
    const container = await failureOf(engine.networks.connect('back', 'web', {}));
    assert.deepEqual([container.details['kind'], container.details['name']], ['container', 'web']);
    const net = await failureOf(engine.networks.disconnect('front', 'web'));
    assert.deepEqual([net.details['kind'], net.details['name']], ['network', 'front']);
  });

  it('leaves the name of an anonymous volume to the engine', async () => {
    answers({ 'POST /volumes/create': [201, { Name: 'f00', Driver: 'local', Labels: { a: 'b' } }] });
    const made = await engine.volumes.create({ driver: 'local', options: {}, labels: { a: 'b' } });
    assert.equal(made.name, 'f00');
    assert.deepEqual(bodies, [{ Driver: 'local', DriverOpts: {}, Labels: { a: 'b' } }]);
  });

  it('refuses names that would be another place of the API', async () => {
    for (const name of ['', '..', 'a/b']) {
      for (const ask of [
        () => engine.networks.inspect(name),
        () => engine.networks.remove(name),
        () => engine.volumes.create({ name, driver: 'local', options: {}, labels: {} }),
        () => engine.containers.rename(name, 'x'),
        () => engine.containers.changes(name),
        () => engine.containers.statPath(name, '/'),
        () => engine.containers.exec(name, { command: ['x'] }),
      ]) {
        const failed = await failureOf((async () => ask())());
        assert.equal(failed.code, 'engineNotFound');
      }
    }
    assert.deepEqual(fake.requests, []);
  });

  it('has volume archives on a Podman that gives them, under its own version', async () => {
    assert.equal(await engine.volumes.archives(), undefined);
    fake.isPodman = true;
    assert.equal((await failureOf(connect(fake.endpoint).volumes.archives())).code, 'podmanTooOld');
    fake.libpodVersion = '5.10.1';
    fake.answer = (request, response) => {
      request.resume();
      request.once('end', () => response.writeHead(204).end());
    };
    const archives = await connect(fake.endpoint).volumes.archives();
    assert.ok(archives);
    async function* zeros(): AsyncGenerator<Uint8Array, void, undefined> {
      await Promise.resolve();
      yield Buffer.alloc(1024);
    }
    await archives.write('data', zeros());
    assert.equal(fake.requests[0], 'POST /v5.10.1/libpod/volumes/data/import');
  });
});
