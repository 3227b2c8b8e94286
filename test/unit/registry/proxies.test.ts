import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type Server } from 'node:http';
import {
  Agent as HttpsAgent,
  createServer as createSecureServer,
  type Server as SecureServer,
} from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { exchange } from '../../../src/registry/exchange.ts';
import { proxiesOf, proxyFor } from '../../../src/registry/proxies.ts';
import { ProxyFailure } from '../../../src/registry/tunnel.ts';
import { FakeRegistry } from '../../support/fakeRegistry.ts';
import { failureOf } from '../../support/failureOf.ts';
import { listed, registryHere } from '../../support/registryHere.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/tls');
const through = 'http://proxy.test:3128';

describe('which proxy is asked', () => {
  const named = (url: string, env: Readonly<Record<string, string>>): string | undefined =>
    proxyFor(new URL(url), proxiesOf(env))?.name;

  it('is the one of the scheme, in large letters before small ones, and none for the other', () => {
    assert.equal(
      named('https://r.test/v2/', { HTTPS_PROXY: through, https_proxy: 'http://b' }),
      'proxy.test:3128',
    );
    assert.equal(named('https://r.test/v2/', { https_proxy: 'proxy.test:8080' }), 'proxy.test:8080');
    assert.equal(named('https://r.test/v2/', { HTTP_PROXY: through, HTTPS_PROXY: '' }), undefined);
    assert.equal(named('http://r.test/v2/', { HTTP_PROXY: through }), 'proxy.test:3128');
    assert.equal(named('https://r.test/v2/', { ALL_PROXY: through }), undefined);
  });

  it('is none for this machine, whatever is said', () => {
    for (const host of ['localhost:5000', '127.0.0.1', '127.8.9.1:1', '[::1]:5000'])
      assert.equal(named(`https://${host}/`, { HTTPS_PROXY: through }), undefined, host);
  });

  for (const [except, host, isDirect] of [
    ['*', 'r.test', true],
    ['r.test', 'r.test', true],
    ['r.test', 'a.r.test', true],
    ['r.test', 'other-r.test', false],
    ['.r.test', 'a.r.test', true],
    ['.r.test', 'r.test', false],
    ['*.r.test', 'a.r.test', true],
    [' x.test , R.Test ', 'r.test', true],
    ['r.test:5000', 'r.test:5000', true],
    ['r.test:5000', 'r.test', false],
    ['r.test:443', 'r.test', true],
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '11.1.2.3', false],
    ['10.0.0.0/8', 'r.test', false],
    ['10.1.2.3', '10.1.2.3:5000', true],
    ['10.1.2.3:80', '10.1.2.3:5000', false],
    ['fd00::/8', '[fd00::1]', true],
    ['[fd00::1]:443', '[fd00::1]', true],
    ['fd00::1', '[fd00::1]:5000', true],
    ['', 'r.test', false],
    [',/,10.0.0.0/99,:,a/b', 'r.test', false],
  ] as const)
    it(`is ${isDirect ? 'none' : 'asked'} for ${host} where NO_PROXY is "${except}"`, () => {
      assert.equal(
        named(`https://${host}/`, { HTTPS_PROXY: through, NO_PROXY: except }) === undefined,
        isDirect,
      );
    });

  it('is told what is wrong with it, and never what stands in it', () => {
    for (const address of ['socks5://u:secret@p.test', 'http://u:secret@', 'http://u:%zz-secret@p.test'])
      assert.throws(
        () => named('https://r.test/', { HTTPS_PROXY: address }),
        (error: Error) => error.message.includes('r.test') && !error.message.includes('secret'),
        address,
      );
  });
});

describe('a registry behind a proxy', () => {
  const folder = temporaryFolder();
  const logIn = 'Basic ' + Buffer.from('me:s3cret@').toString('base64');
  let registry: FakeRegistry;
  let secure: SecureServer;
  let proxy: Server;
  let asked: string[];
  const open = new Set<Duplex>();
  let answers: (number | 'silence')[];

  before(async () => {
    registry = new FakeRegistry();
    await registry.start();
    registry.addManifest('app', { schemaVersion: 2 }, 'application/vnd.oci.image.manifest.v1+json', '1');
    const [cert, key] = await Promise.all(
      ['cert.pem', 'key.pem'].map((name) => readFile(join(fixtures, name))),
    );
    secure = createSecureServer({ cert, key }, (request, response) => {
      const on = httpRequest(
        `${registry.origin}${request.url ?? ''}`,
        { method: request.method },
        (answer) => {
          response.writeHead(answer.statusCode ?? 0, answer.headers);
          answer.pipe(response);
        },
      );
      request.pipe(on);
    }).listen(0, '127.0.0.1');
    proxy = createServer((request, response) => {
      asked.push(
        `${request.method ?? ''} ${request.url ?? ''} ${request.headers['proxy-authorization'] ?? ''}`,
      );
      const url = new URL(request.url ?? '');
      if (request.headers['proxy-authorization'] !== logIn) response.writeHead(407).end('who are you?');
      else
        httpRequest(`${registry.origin}${url.pathname}`, { method: request.method }, (answer) => {
          response.writeHead(answer.statusCode ?? 0, answer.headers);
          answer.pipe(response);
        }).end();
    });
    // Every name leads to the one server behind it.
    proxy.on('connect', (request, socket) => {
      asked.push(`CONNECT ${request.url ?? ''} ${request.headers['proxy-authorization'] ?? ''}`);
      open.add(socket.on('error', () => socket.destroy()).resume());
      const answer = answers.shift() ?? (request.headers['proxy-authorization'] === logIn ? 200 : 407);
      if (answer === 'silence') return;
      if (answer !== 200) {
        socket.end(`HTTP/1.1 ${answer} Because\r\nContent-Length: 2\r\n\r\n{}`);
        return;
      }
      const on = connect((secure.address() as AddressInfo).port, '127.0.0.1');
      on.on('error', () => socket.destroy()).on('connect', () => socket.write('HTTP/1.1 200 Go\r\n\r\n'));
      socket.pipe(on).pipe(socket);
    });
    proxy.listen(0, '127.0.0.1');
    await Promise.all([once(secure, 'listening'), once(proxy, 'listening')]);
  });
  after(async () => {
    for (const socket of open) socket.destroy();
    for (const server of [secure, proxy]) {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
    await registry.stop();
  });
  beforeEach(() => {
    asked = [];
    answers = [];
  });

  // Its certificate holds for that name, which is not known to be this machine.
  const host = 'localhost.:5443';
  const proxyAt = (user = 'me:s3cret%40@'): string =>
    `http://${user}127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  async function trusting(env: Readonly<Record<string, string>>) {
    await mkdir(join(folder.path(), host), { recursive: true });
    await cp(join(fixtures, 'cert.pem'), join(folder.path(), host, 'ca.crt'));
    return registryHere(host, { env, certificateFolders: [folder.path()] });
  }

  it('is reached through a tunnel that is opened once, and learns nothing of the proxy', async () => {
    const remote = await trusting({ HTTPS_PROXY: proxyAt() });
    registry.seen.length = 0;
    for (let count = 0; count < 3; count += 1)
      assert.ok(await remote.repository('app').headManifest('1'), 'no manifest');
    assert.deepEqual(await listed(remote.repository('app').tags()), ['1']);
    assert.deepEqual(asked, [`CONNECT ${host} ${logIn}`]);
    assert.ok(registry.seen.every(({ headers }) => headers['proxy-authorization'] === undefined));
    remote.close();
  });

  it('speaks plain http by way of the proxy where http was allowed', async () => {
    const remote = registryHere('r.test', { env: { HTTP_PROXY: proxyAt() }, isPlainHttp: true });
    assert.ok(await remote.repository('app').headManifest('1'));
    assert.deepEqual(asked, [`HEAD http://r.test/v2/app/manifests/1 ${logIn}`]);
    const unknown = registryHere('r.test', { env: { HTTP_PROXY: proxyAt('me:wrong@') }, isPlainHttp: true });
    const { code, message } = await failureOf(unknown.repository('app').headManifest('1'));
    assert.equal(code, 'proxyUnusable');
    assert.doesNotMatch(message, /wrong|docker login/);
  });

  it('is not reached where the proxy refuses, which is said in one sentence without its log-in', async () => {
    for (const [env, status, words] of [
      [proxyAt('me:wr0ng@'), 407, /wants a log-in that it knows \(407 Because\)/],
      [proxyAt(), 403, /refuses \(403 Because\)/],
    ] as const) {
      answers = [status];
      const { code, message, cause } = await failureOf(
        (await trusting({ HTTPS_PROXY: env })).repository('app').headManifest('1'),
      );
      assert.equal(code, 'proxyUnusable');
      assert.match(message, words);
      assert.doesNotMatch(`${message} ${String(cause)}`, /wr0ng|s3cret/);
    }
    const gone = await failureOf(
      (await trusting({ HTTPS_PROXY: 'http://me:s3cret@127.0.0.1:1' })).repository('app').headManifest('1'),
    );
    assert.equal(gone.code, 'proxyUnusable');
    assert.match(gone.message, /127\.0\.0\.1:1 can’t be reached/);
    assert.doesNotMatch(gone.message, /s3cret/);
  });

  it('is asked again when the proxy could not reach it', async () => {
    answers = [503, 502];
    const remote = await trusting({ HTTPS_PROXY: proxyAt() });
    assert.ok(await remote.repository('app').headManifest('1'));
    assert.equal(asked.length, 3);
    answers = [503, 503, 503, 503, 503];
    const { code, message } = await failureOf(
      (await trusting({ HTTPS_PROXY: proxyAt() })).repository('app').headManifest('1'),
    );
    assert.deepEqual([code, /proxy 127\.0\.0\.1:\d+ refuses \(503/.test(message)], ['registryBusy', true]);
    remote.close();
  });

  it('is given up at once when it is cancelled before the proxy answers, and leaves no connection', async () => {
    answers = ['silence'];
    const controller = new AbortController();
    const remote = await trusting({ HTTPS_PROXY: proxyAt() });
    const asking = remote.repository('app').headManifest('1', { signal: controller.signal });
    const [, socket] = (await once(proxy, 'connect')) as [unknown, Duplex];
    controller.abort();
    await assert.rejects(asking, { name: 'AbortError' });
    const ended = once(socket, 'end');
    remote.close();
    await ended;
  });

  it('is not taken to have said what the agent of an editor hands on from the proxy', async () => {
    const agent = new HttpsAgent();
    const refusing = createServer((_, response) => response.writeHead(404).end()).listen(0, '127.0.0.1');
    await once(refusing, 'listening');
    const { port } = refusing.address() as AddressInfo;
    // Such an agent plays back what the proxy answered on a connection that is none.
    Object.assign(agent, { createConnection: () => connect(port, '127.0.0.1') });
    const url = new URL('https://r.test/v2/app/blobs/x');
    const request = { method: 'HEAD', url, headers: {}, route: { agent }, idleMs: 1000 } as const;
    await assert.rejects(exchange(request, new AbortController().signal), ProxyFailure);
    refusing.closeAllConnections();
    refusing.close();
    await once(refusing, 'close');
  });

  it('shows the certificates of its folder, and is refused without', async () => {
    const strange = registryHere(host, { env: { HTTPS_PROXY: proxyAt() }, certificateFolders: [] });
    assert.equal((await failureOf(strange.repository('app').headManifest('1'))).code, 'registryUntrusted');
  });
});
