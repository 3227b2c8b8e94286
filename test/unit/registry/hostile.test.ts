import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createPlain, type Server, type Socket } from 'node:net';
import { Agent } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { digestOf } from '../../../src/core/digest.ts';
import type { RemoteRegistry, RemoteRepository } from '../../../src/core/registry/remoteRepository.ts';
import { exchange, IdleConnection } from '../../../src/registry/exchange.ts';
import { readUpTo } from '../../../src/registry/readUpTo.ts';
import { nextUrl } from '../../../src/registry/redirects.ts';
import { collect } from '../../support/archives/byteStreams.ts';
import { failureOf } from '../../support/failureOf.ts';
import { FakeRegistry } from '../../support/fakeRegistry.ts';
import { listed, pseudoRandom, registryHere, sourceOf } from '../../support/registryHere.ts';

const bytes = pseudoRandom(3 << 20);
const blob = { digest: digestOf(bytes), sizeBytes: bytes.length };

describe('a registry that means harm, or is broken', function () {
  this.timeout(20_000);
  let server: FakeRegistry;
  let registry: RemoteRegistry;
  let app: RemoteRepository;
  beforeEach(async () => {
    server = new FakeRegistry();
    await server.start();
    registry = registryHere(server.host);
    app = registry.repository('app');
    server.addBlob('app', bytes);
  });
  afterEach(async () => {
    registry.close();
    await server.stop();
  });

  for (const [what, contentRange] of [
    ['from further on than was asked', `bytes 2000-2099/${bytes.length}`],
    ['without saying from where', undefined],
    ['of something of another size', 'bytes 1000-1099/5000'],
  ] as const)
    it(`gives nobody bytes ${what} for those of a part`, async () => {
      server.faults.push((request, response) => {
        if (request.headers.range === undefined) return 'passes';
        response.writeHead(206, {
          'content-length': 100,
          ...(contentRange !== undefined && { 'content-range': contentRange }),
        });
        response.end(bytes.subarray(2000, 2100));
        return 'handled';
      });
      const part = collect(app.openBlob(blob, { start: 1000, end: 1100 }));
      assert.equal((await failureOf(part)).code, 'registryContentWrong');
    });

  it('does not keep a download for ever that gets a byte at a time', async () => {
    server.faults.push((request, response) => {
      const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(from === 0 ? 200 : 206, {
        'content-length': bytes.length - from,
        ...(from > 0 && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
      });
      response.write(bytes.subarray(from, from + 1), () => response.destroy());
      return 'handled';
    });
    assert.equal((await failureOf(collect(app.openBlob(blob)))).code, 'registryBusy');
    assert.ok(server.seen.length < 20, String(server.seen.length));
  });

  for (const [what, stands] of [
    ['goes to and fro', (count: number) => (count % 2 === 0 ? 10 : 20)],
    ['grows by a byte', (count: number) => count + 2],
  ] as const)
    it(`does not keep an upload for ever that ${what}`, async () => {
      let count = 0;
      server.faults.push((request, response, { path }) => {
        const isUpload = /\/uploads\/.+/.test(path);
        if (!isUpload || (request.method !== 'PATCH' && request.method !== 'GET')) return 'passes';
        request.resume();
        if (request.method === 'GET') count += 1;
        const head = { location: path, range: `0-${stands(count)}` };
        request.on('end', () => response.writeHead(request.method === 'GET' ? 204 : 416, head).end());
        return 'handled';
      });
      const source = sourceOf(pseudoRandom(2 << 20, 9));
      assert.equal((await failureOf(app.putBlob(source))).code, 'registryBusy');
      assert.ok(server.seen.length < 100, String(server.seen.length));
    });

  it('is sent a blob for which it has a page of somebody else', async () => {
    const other = sourceOf(pseudoRandom(5000, 3));
    server.blobs.set(`app ${other.digest}`, Buffer.from('<html>Log in to the guest network</html>'));
    assert.equal(await app.putBlob(other), 'sent');
    assert.ok((await collect(app.openBlob(other))).equals(pseudoRandom(5000, 3)));
  });

  it('is not listed for ever when its pages go in a circle', async () => {
    server.faults.push((_, response, { path, query }) => {
      if (!path.endsWith('/tags/list')) return 'passes';
      const next = query.get('last') === 'a' ? 'b' : 'a';
      response.setHeader('link', `</v2/app/tags/list?last=${next}>; rel="next"`);
      response.end(JSON.stringify({ tags: [next] }));
      return 'handled';
    });
    assert.equal((await failureOf(listed(app.tags()))).code, 'registryGarbled');
    assert.ok(server.seen.length < 6);
  });

  it('sends nobody on to what listens on this machine only', () => {
    const from = new URL('https://registry.test/v2/app/blobs/x');
    for (const to of ['https://localhost/', 'https://127.0.0.1:8443/', 'https://[::1]/'])
      assert.throws(() => nextUrl('registry.test', from, to), { code: 'registryUnsafe' }, to);
    assert.equal(nextUrl('r', new URL('http://127.0.0.1:1/'), 'http://127.0.0.1:2/').port, '2');
  });

  it('can’t have one thing taken for another by packing it, or by a page that is no manifest', async () => {
    server.faults.push((request, response, { path }) => {
      if (path.includes('/blobs/')) {
        const packed = gzipSync(bytes);
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length }).end(packed);
      } else response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>');
      request.resume();
      return 'handled';
    });
    assert.equal((await failureOf(collect(app.openBlob(blob)))).code, 'registryContentWrong');
    assert.equal((await failureOf(app.getManifest('1'))).code, 'badJson');
    assert.equal((await failureOf(app.headManifest('1'))).code, 'badJson');
    assert.equal((await failureOf(listed(app.tags()))).code, 'badJson');
  });
});

describe('a server that speaks little, or nonsense', () => {
  let server: Server;
  let says: (socket: Socket) => void;
  const timers: NodeJS.Timeout[] = [];
  beforeEach(async () => {
    server = createPlain((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => {
        says(socket);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    for (const timer of timers.splice(0)) clearInterval(timer);
    server.close();
    await once(server, 'close');
  });
  const url = (): URL => new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/`);
  const asked = () => ({ method: 'GET', url: url(), headers: {}, route: { agent: new Agent() } }) as const;
  const drips = (first: string) => (socket: Socket) => {
    socket.write(first);
    timers.push(setInterval(() => socket.write('a'), 5));
    socket.once('close', () => {
      for (const timer of timers) clearInterval(timer);
    });
  };

  it('is not waited for longer than a registry may think, although something comes all the time', async () => {
    says = drips('HTTP/1.1 200 OK\r\nX-Long: ');
    const request = { ...asked(), idleMs: 200 };
    await assert.rejects(exchange(request, new AbortController().signal), IdleConnection);
  });

  it('is not listened to for ever, although something comes all the time', async () => {
    says = drips('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
    const request = { ...asked(), idleMs: 60_000 };
    const response = await exchange(request, new AbortController().signal);
    await assert.rejects(readUpTo(response, 1 << 20, 200), { name: 'ConnectionCut' });
  });

  it('is said to talk nonsense where it does', async () => {
    says = (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab');
    const registry = registryHere(`127.0.0.1:${url().port}`, { isPlainHttp: true });
    assert.equal((await failureOf(registry.repository('app').getManifest('1'))).code, 'registryGarbled');
  });
});
