import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { digestOf } from '../../../src/core/digest.ts';
import type { RemoteRegistry, RemoteRepository } from '../../../src/core/registry/remoteRepository.ts';
import { collect } from '../../support/archives/byteStreams.ts';
import { failureOf } from '../../support/failureOf.ts';
import { FakeRegistry, type Fault } from '../../support/fakeRegistry.ts';
import { pseudoRandom, registryHere } from '../../support/registryHere.ts';

const bytes = pseudoRandom(1_000_000);
const blob = { digest: digestOf(bytes), sizeBytes: bytes.length };

describe('reading a blob from a registry', () => {
  let server: FakeRegistry;
  let registry: RemoteRegistry;
  let app: RemoteRepository;
  let waits: number[];
  beforeEach(async () => {
    server = new FakeRegistry();
    await server.start();
    waits = [];
    registry = registryHere(server.host, { waits });
    app = registry.repository('app');
    server.addBlob('app', bytes);
  });
  afterEach(async () => {
    registry.close();
    await server.stop();
  });

  const read = (): Promise<Buffer> => collect(app.openBlob(blob));
  /** The ranges that were asked for. */
  const ranges = () =>
    server.seen.filter(({ method }) => method === 'GET').map(({ headers }) => headers.range);
  /** Sends `keptBytes` of what was asked for, and breaks off, `times` times over. */
  const cuts = (keptBytes: number, times: number): Fault => {
    let left = times;
    return (request, response) => {
      if (request.method !== 'GET' || left === 0) return 'passes';
      left -= 1;
      const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(start > 0 ? 206 : 200, {
        'content-length': bytes.length - start,
        ...(start > 0 && { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
      });
      response.write(bytes.subarray(start, start + keptBytes), () => response.destroy());
      return 'handled';
    };
  };

  it('gives its bytes', async () => {
    assert.ok((await read()).equals(bytes));
    assert.deepEqual(waits, []);
  });

  it('gives those from a byte on', async () => {
    const found = await collect(app.openBlob(blob, { start: 999_000 }));
    assert.ok(found.equals(bytes.subarray(999_000)));
  });

  it('goes on where the connection broke, as often as some more came', async () => {
    server.faults.push(cuts(100_000, 8));
    assert.ok((await read()).equals(bytes));
    assert.equal(ranges().length, 9);
    assert.equal(ranges()[0], undefined);
    assert.match(ranges()[1] ?? '', /^bytes=\d+-$/);
  });

  it('passes over what it has where the registry knows no ranges', async () => {
    server.knowsRanges = false;
    server.faults.push(cuts(100_000, 1));
    assert.ok((await read()).equals(bytes));
  });

  it('gives up when nothing more comes', async () => {
    server.faults.push(cuts(0, 100));
    const { code, details } = await failureOf(read());
    assert.equal(code, 'registryBusy');
    assert.equal(details['tries'], 5);
    assert.equal(waits.length, 4);
  });

  it('is refused at its end when it is something else of the same size', async () => {
    server.blobs.set(`app ${blob.digest}`, Buffer.alloc(bytes.length));
    const { code, details } = await failureOf(read());
    assert.deepEqual([code, details['expected']], ['registryContentWrong', blob.digest]);
  });

  for (const length of [bytes.length - 1, bytes.length + 1, 0])
    it(`is refused when the registry states ${length} bytes of ${bytes.length}`, async () => {
      server.faults.push((_, response) => {
        response.writeHead(200, { 'content-length': length }).end(Buffer.alloc(length));
        return 'handled';
      });
      assert.equal((await failureOf(read())).code, 'registryContentWrong');
    });

  it('is refused when more comes than the descriptor states', async () => {
    server.faults.push((_, response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' });
      response.end(Buffer.alloc(bytes.length + 1));
      return 'handled';
    });
    assert.equal((await failureOf(read())).code, 'registryContentWrong');
  });

  it('says that there is none', async () => {
    const none = { digest: digestOf('none'), sizeBytes: 4 };
    assert.equal((await failureOf(collect(app.openBlob(none)))).code, 'registryMissing');
    assert.equal(await app.headBlob(none.digest), undefined);
    assert.deepEqual(await app.headBlob(blob.digest), { sizeBytes: bytes.length });
  });

  it('waits as long as a busy registry asks, and tries again', async () => {
    const answers = [429, 503, 500];
    server.faults.push((_, response) => {
      const status = answers.shift();
      if (status === undefined) return 'passes';
      response.writeHead(status, { 'retry-after': '30' }).end();
      return 'handled';
    });
    assert.ok((await read()).equals(bytes));
    assert.deepEqual(waits, [30_000, 30_000, 30_000]);
  });

  it('does not wait for hours, and says what the registry said', async () => {
    server.faults.push((_, response) => {
      response.writeHead(429, { 'retry-after': '7200', 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message: 'over\u001b[31m the limit' }] }),
      );
      return 'handled';
    });
    const { code, details } = await failureOf(read());
    assert.deepEqual([code, details['reason']], ['registryBusy', 'over [31m the limit (status 429)']);
    assert.deepEqual(waits, []);
  });

  it('ends at once when it is cancelled, while it waits too', async () => {
    const cancel = new AbortController();
    server.faults.push((_, response) => {
      cancel.abort();
      response.writeHead(503).end();
      return 'handled';
    });
    await assert.rejects(collect(app.openBlob(blob, { signal: cancel.signal })), { name: 'AbortError' });
  });

  it('takes no more than the reader asks for', async () => {
    const large = { digest: digestOf('x'), sizeBytes: 1 << 30 };
    let sentBytes = 0;
    server.faults.push((_, response) => {
      response.writeHead(200, { 'content-length': large.sizeBytes });
      const piece = Buffer.alloc(1 << 16);
      const send = (): void => {
        while (response.write(piece)) sentBytes += piece.length;
        response.once('drain', send);
      };
      send();
      return 'handled';
    });
    const reading = app.openBlob(large)[Symbol.asyncIterator]();
    await reading.next();
    // As many turns as a reader without brakes would need for all of it, and far more than buffers need to fill.
    for (let turn = 0; turn < 5_000; turn += 1) await new Promise(setImmediate);
    assert.ok(sentBytes < 64 << 20, `${sentBytes} bytes were sent to one who read one piece`);
    await reading.return?.();
  });

  describe('that sends on to another server', () => {
    let seen: (readonly [string | undefined, string | undefined])[];
    let isAsking: boolean;
    const cdn = createServer((request, response) => {
      seen.push([request.headers.authorization, request.headers.cookie]);
      if (isAsking) response.writeHead(401, { 'www-authenticate': 'Basic realm="c"' }).end();
      else response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    });
    before((done) => void cdn.listen(0, '127.0.0.1', done));
    after((done) => {
      cdn.closeAllConnections();
      cdn.close(done);
    });
    const cdnUrl = () => `http://127.0.0.1:${String((cdn.address() as { port: number }).port)}/blob`;
    const wantsBasic: Fault = (request, response) => {
      if (request.headers.authorization !== undefined) return 'passes';
      response.writeHead(401, { 'www-authenticate': 'Basic realm="r"', 'set-cookie': 'a=b' }).end();
      return 'handled';
    };
    const auths = () => ({
      DOCKER_AUTH_CONFIG: JSON.stringify({
        auths: { [server.host]: { username: 'dock', password: 'secret' } },
      }),
    });
    beforeEach(() => {
      [seen, isAsking] = [[], false];
      registry = registryHere(server.host, { waits, env: auths() });
      app = registry.repository('app');
      server.faults.push(wantsBasic);
    });

    it('does not tell that one who we are', async () => {
      server.faults.push((_, response) => {
        response.writeHead(307, { location: cdnUrl() }).end();
        return 'handled';
      });
      assert.ok((await read()).equals(bytes));
      assert.deepEqual(seen, [[undefined, undefined]]);
      assert.match(server.seen.at(-1)?.headers.authorization ?? '', /^Basic /);
    });

    it('still tells itself on another path', async () => {
      server.faults.push((_, response, { path }) => {
        if (path.startsWith('/moved')) {
          response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
          return 'handled';
        }
        response.writeHead(302, { location: '/moved/blob' }).end();
        return 'handled';
      });
      assert.ok((await read()).equals(bytes));
      assert.match(server.seen.at(-1)?.headers.authorization ?? '', /^Basic /);
    });

    for (const to of ['file:///etc/passwd', 'ftp://127.0.0.1/x', 'http://user:pw@127.0.0.1/'])
      it(`is not followed to ${to}`, async () => {
        server.faults.push((_, response) => {
          response.writeHead(307, { location: to }).end();
          return 'handled';
        });
        assert.equal((await failureOf(read())).code, 'registryUnsafe');
      });

    it('is not followed in a circle', async () => {
      server.faults.push((request, response) => {
        response.writeHead(307, { location: request.url ?? '' }).end();
        return 'handled';
      });
      assert.equal((await failureOf(read())).code, 'registryUnsafe');
      assert.equal(server.seen.length, 1 + 6);
    });

    it('is not told who we are when it asks for that', async () => {
      isAsking = true;
      server.faults.push((_, response) => {
        response.writeHead(307, { location: cdnUrl() }).end();
        return 'handled';
      });
      assert.equal((await failureOf(read())).code, 'registryDenied');
      assert.deepEqual(seen, [[undefined, undefined]]);
    });
  });
});
