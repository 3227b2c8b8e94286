import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { connect } from '../../../src/docker/connect.ts';
import { parseAddress } from '../../../src/docker/parseAddress.ts';
import type { Endpoint, TlsMaterial } from '../../../src/docker/endpoint.ts';
import { failureOf } from '../../support/failureOf.ts';

const answer: RequestListener = (request, response) => {
  response.setHeader('Api-Version', '1.41');
  response.end(request.url?.startsWith('/_ping') === true ? 'OK' : '[]');
};

describe('an engine behind tcp', () => {
  let server: Server;
  let key: string;
  let cert: string;
  before(async () => {
    const folder = join(import.meta.dirname, '../../fixtures/tls');
    [key, cert] = await Promise.all([
      readFile(join(folder, 'key.pem'), 'utf8'),
      readFile(join(folder, 'cert.pem'), 'utf8'),
    ]);
  });
  afterEach(() => {
    server.close();
  });

  async function listening(made: Server, host = '127.0.0.1'): Promise<number> {
    server = made;
    server.listen(0, host);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }
  const endpointOf = (address: string, tls?: TlsMaterial): Endpoint => {
    const endpoint = parseAddress(address, tls);
    assert.ok(endpoint);
    return endpoint;
  };

  it('answers without TLS, by name, by IPv4 and by IPv6', async () => {
    const port = await listening(createHttpServer(answer));
    for (const host of ['127.0.0.1', 'localhost']) {
      assert.deepEqual(await connect(endpointOf(`tcp://${host}:${port}`)).images.list(), []);
    }
    server.close();
    const other = await listening(createHttpServer(answer), '::1');
    assert.deepEqual(await connect(endpointOf(`tcp://[::1]:${other}`)).images.list(), []);
  });

  it('is told apart by the certificate of its authority, and knows us by ours', async () => {
    const port = await listening(
      createHttpsServer({ key, cert, ca: cert, requestCert: true, rejectUnauthorized: true }, answer),
    );
    const tls = { ca: cert, cert, key, skipVerify: false };
    assert.deepEqual(await connect(endpointOf(`tcp://localhost:${port}`, tls)).images.list(), []);
  });

  it('is not trusted when its certificate is nobody’s we know', async () => {
    const port = await listening(createHttpsServer({ key, cert }, answer));
    const failed = await failureOf(connect(endpointOf(`https://localhost:${port}`)).images.list());
    assert.equal(failed.code, 'engineUntrusted');
  });

  it('is taken as it is when the user said so', async () => {
    const port = await listening(createHttpsServer({ key, cert }, answer));
    const tls = { skipVerify: true };
    assert.deepEqual(await connect(endpointOf(`tcp://localhost:${port}`, tls)).images.list(), []);
  });

  it('is not asked with TLS where it speaks none', async () => {
    const port = await listening(createHttpServer(answer));
    const failed = await failureOf(connect(endpointOf(`https://localhost:${port}`)).images.list());
    assert.equal(failed.code, 'engineUntrusted');
  });

  it('is not there when nothing listens, or the name is unknown', async () => {
    const port = await listening(createHttpServer(answer));
    server.close();
    await once(server, 'close');
    for (const address of [`tcp://localhost:${port}`, 'tcp://no-such-host.invalid:2375']) {
      assert.equal((await failureOf(connect(endpointOf(address)).images.list())).code, 'engineUnreachable');
    }
  });

  it('is found to be something else when it does not speak HTTP', async () => {
    const port = await listening(createServer((socket) => socket.end('220 mail ready\r\n')));
    const failed = await failureOf(connect(endpointOf(`tcp://127.0.0.1:${port}`)).images.list());
    assert.equal(failed.code, 'engineGarbled');
  });

  it('is not taken from the environment behind our back', async () => {
    const port = await listening(createHttpServer(answer));
    const kept = { ...process.env };
    try {
      Object.assign(process.env, {
        DOCKER_HOST: 'ssh://elsewhere',
        DOCKER_CLIENT_TIMEOUT: '1',
        DOCKER_PATH_PREFIX: '/x',
      });
      assert.deepEqual(await connect(endpointOf(`tcp://127.0.0.1:${port}`)).images.list(), []);
      process.env['DOCKER_HOST'] = 'not an address';
      assert.deepEqual(await connect(endpointOf(`tcp://127.0.0.1:${port}`)).images.list(), []);
      Object.assign(process.env, { DOCKER_HOST: 'tcp://elsewhere:2376', DOCKER_CERT_PATH: '/nowhere' });
      assert.deepEqual(await connect(endpointOf(`tcp://127.0.0.1:${port}`)).images.list(), []);
    } finally {
      process.env = kept;
    }
  });
});
