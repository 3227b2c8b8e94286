import assert from 'node:assert/strict';
import { failure } from '../../../src/core/errors.ts';
import type {
  BlobSource,
  RemoteRegistry,
  RemoteRepository,
} from '../../../src/core/registry/remoteRepository.ts';
import { failureOf } from '../../support/failureOf.ts';
import { FakeRegistry, type Fault } from '../../support/fakeRegistry.ts';
import { pseudoRandom, registryHere, sourceOf } from '../../support/registryHere.ts';

const bytes = pseudoRandom(3 << 20);
const small = pseudoRandom(1000);

describe('storing a blob in a registry', () => {
  let server: FakeRegistry;
  let registry: RemoteRegistry;
  let app: RemoteRepository;
  let waits: number[];
  let opened: number[];
  let source: BlobSource;
  beforeEach(async () => {
    server = new FakeRegistry();
    await server.start();
    [waits, opened] = [[], []];
    registry = registryHere(server.host, { waits });
    app = registry.repository('app');
    source = sourceOf(bytes, opened);
  });
  afterEach(async () => {
    registry.close();
    await server.stop();
  });

  const isStored = (): boolean => server.blob('app', source.digest)?.equals(bytes) === true;
  const asked = (): readonly string[] =>
    server.seen.map(({ method, path }) => `${method} ${path.includes('/uploads/') ? 'upload' : 'blob'}`);
  /** Takes this much of the first PATCH, and then the connection breaks. */
  const breaks = (afterBytes: number, times = 1): Fault => {
    let left = times;
    return async (request, response, { path }) => {
      if (request.method !== 'PATCH' || left === 0) return 'passes';
      left -= 1;
      const id = path.split('/').at(-1) ?? '';
      const pieces: Buffer[] = [server.uploads.get(id) ?? Buffer.alloc(0)];
      for await (const piece of request) {
        pieces.push(piece as Buffer);
        if (Buffer.concat(pieces).length > afterBytes) break;
      }
      const kept = Buffer.concat(pieces);
      server.uploads.set(id, kept.subarray(0, Math.min(kept.length, afterBytes)));
      response.destroy();
      return 'handled';
    };
  };

  it('sends it in one request and ends the upload', async () => {
    assert.equal(await app.putBlob(source), 'sent');
    assert.ok(isStored());
    assert.deepEqual(asked(), ['HEAD blob', 'POST upload', 'PATCH upload', 'PUT upload']);
    assert.equal(server.seen.at(-1)?.query.get('_state'), 'a=b+c');
  });

  it('sends a small one with the end of the upload, and an empty one', async () => {
    for (const each of [small, Buffer.alloc(0)]) {
      assert.equal(await app.putBlob(sourceOf(each)), 'sent');
      assert.ok(server.blob('app', sourceOf(each).digest)?.equals(each));
    }
    assert.ok(!server.asked.some((call) => call.startsWith('PATCH')));
  });

  it('sends nothing that is there', async () => {
    server.addBlob('app', bytes);
    assert.equal(await app.putBlob(source), 'there');
    assert.deepEqual(opened, []);
  });

  it('mounts what another repository has, and sends what that has not', async () => {
    server.addBlob('base', bytes);
    assert.equal(await app.putBlob({ ...source, mountFrom: 'base' }), 'mounted');
    assert.ok(isStored());
    assert.equal(await app.putBlob({ ...sourceOf(small), mountFrom: 'base' }), 'sent');
  });

  it('sends it where mounting is refused', async () => {
    server.faults.push((_, response, { query }) => {
      if (!query.has('mount')) return 'passes';
      response.writeHead(403).end();
      return 'handled';
    });
    assert.equal(await app.putBlob({ ...source, mountFrom: 'secret' }), 'sent');
    assert.ok(isStored());
  });

  it('goes on where the connection broke', async () => {
    server.faults.push(breaks(1 << 20));
    const sent: number[] = [];
    assert.equal(await app.putBlob(source, { onSent: (count) => sent.push(count) }), 'sent');
    assert.ok(isStored());
    assert.deepEqual(opened, [0, 1 << 20]);
    assert.equal(
      server.seen.find(({ headers }) => headers['content-range'])?.headers['content-range'],
      `${1 << 20}-${bytes.length - 1}`,
    );
    assert.equal(sent.at(-1), bytes.length);
    assert.equal(asked().filter((call) => call === 'POST upload').length, 1);
  });

  it('begins anew when the registry does not know the upload any more', async () => {
    server.faults.push(breaks(1 << 20), (request) => {
      if (request.method === 'GET') server.uploads.clear();
      return 'passes';
    });
    assert.equal(await app.putBlob(source), 'sent');
    assert.ok(isStored());
    assert.deepEqual(opened, [0, 0]);
  });

  it('goes back to where the registry says that it is', async () => {
    let isFirst = true;
    server.faults.push(breaks(1 << 20), (request, response, { headers }) => {
      if (headers['content-range'] === undefined || !isFirst) return 'passes';
      isFirst = false;
      // A sync that came too late took half of it back.
      for (const [id, kept] of server.uploads) server.uploads.set(id, kept.subarray(0, 1 << 19));
      request.resume();
      response.writeHead(416).end();
      return 'handled';
    });
    assert.equal(await app.putBlob(source), 'sent');
    assert.ok(isStored());
    assert.deepEqual(opened, [0, 1 << 20, 1 << 19]);
  });

  it('sends pieces where a proxy refuses all at once', async () => {
    const large = pseudoRandom((16 << 20) + 5);
    const limit = 16 << 20;
    server.faults.push((request, response) => {
      if (Number(request.headers['content-length'] ?? 0) <= limit) return 'passes';
      // It answers before it has read any of it.
      response.writeHead(413).end();
      return 'handled';
    });
    assert.equal(await app.putBlob(sourceOf(large)), 'sent');
    assert.ok(server.blob('app', sourceOf(large).digest)?.equals(large));
    assert.deepEqual(
      server.seen.filter(({ method }) => method === 'PATCH').map(({ headers }) => headers['content-range']),
      [undefined, `0-${limit - 1}`, `${limit}-${limit + 4}`],
    );
  });

  it('knows that it was stored when only the answer to its end was lost', async () => {
    let isFirst = true;
    server.faults.push((request, response, { path }) => {
      if (request.method !== 'PUT' || !isFirst) return 'passes';
      isFirst = false;
      server.uploads.delete(path.split('/').at(-1) ?? '');
      server.addBlob('app', bytes);
      response.destroy();
      return 'handled';
    });
    assert.equal(await app.putBlob(source), 'sent');
    assert.deepEqual(opened, [0]);
  });

  it('gives up when the connection breaks again and again without progress', async () => {
    server.faults.push(breaks(0, 100));
    const { code } = await failureOf(app.putBlob(source));
    assert.equal(code, 'registryBusy');
    assert.ok(!isStored());
  });

  it('follows when the upload goes on elsewhere, without telling who we are', async () => {
    const other = new FakeRegistry();
    await other.start();
    server.faults.push((request, response) => {
      if (request.method !== 'POST') return 'passes';
      other.uploads.set('1', Buffer.alloc(0));
      response.writeHead(202, { location: `${other.origin}/v2/app/blobs/uploads/1?sig=x` }).end();
      return 'handled';
    });
    try {
      assert.equal(await app.putBlob(source), 'sent');
      assert.ok(other.blob('app', source.digest)?.equals(bytes));
      assert.ok(other.seen.every(({ headers }) => headers.authorization === undefined));
    } finally {
      await other.stop();
    }
  });

  it('tells what the registry has when that is something else', async () => {
    const other = sourceOf(pseudoRandom(bytes.length, 7));
    const lies = { ...source, open: (start: number) => other.open(start, {}) };
    const { code, details } = await failureOf(app.putBlob(lies));
    assert.deepEqual([code, details['expected']], ['registryContentWrong', source.digest]);
    assert.ok(!isStored());
  });

  it('fails as its source does', async () => {
    const damaged = failure('blobDamaged', { vault: '/v', digest: source.digest, reason: 'test' });
    const broken: BlobSource = {
      ...source,
      async *open() {
        yield await Promise.resolve(bytes.subarray(0, 1 << 20));
        throw damaged;
      },
    };
    await assert.rejects(app.putBlob(broken), damaged);
    assert.ok(!server.asked.some((call) => call.startsWith('PUT')));
    assert.match(server.asked.at(-1) ?? '', /^DELETE .*\/uploads\//);
  });

  it('refuses a source that is too short', async () => {
    const short = {
      ...source,
      open: (start: number) => sourceOf(bytes.subarray(0, 2 << 20)).open(start, {}),
    };
    await assert.rejects(app.putBlob(short), { code: 'unexpected' });
  });

  it('stops when it is cancelled in the middle, and lets go of the source', async () => {
    const cancel = new AbortController();
    const released: boolean[] = [];
    const endless: BlobSource = {
      ...source,
      async *open() {
        try {
          for (let at = 0; at < bytes.length; at += 65_536) {
            yield await Promise.resolve(bytes.subarray(at, at + 65_536));
            if (at > 1 << 20) cancel.abort();
          }
        } finally {
          released.push(true);
        }
      },
    };
    await assert.rejects(app.putBlob(endless, { signal: cancel.signal }), { name: 'AbortError' });
    for (let turn = 0; turn < 100 && released.length === 0; turn += 1) await new Promise(setImmediate);
    assert.deepEqual(released, [true]);
    assert.match(server.asked.at(-1) ?? '', /^DELETE .*\/uploads\//);
    assert.ok(!isStored());
  });

  it('sends at the pace of a slow registry', async () => {
    let takenBytes = 0;
    let ahead = 0;
    server.faults.push(async (request, _, { path }) => {
      if (request.method !== 'PATCH') return 'passes';
      const pieces: Buffer[] = [];
      for await (const piece of request) {
        pieces.push(piece as Buffer);
        takenBytes += (piece as Buffer).length;
        for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
      }
      const kept = Buffer.concat(pieces);
      const id = path.split('/').at(-1) ?? '';
      server.uploads.set(id, kept);
      _.writeHead(202, { location: `/v2/app/blobs/uploads/${id}`, range: `0-${kept.length - 1}` }).end();
      return 'handled';
    });
    const large = pseudoRandom(24 << 20);
    const onSent = (sentBytes: number): void => {
      ahead = Math.max(ahead, sentBytes - takenBytes);
    };
    assert.equal(await app.putBlob(sourceOf(large), { onSent }), 'sent');
    assert.ok(ahead < 16 << 20, `${ahead} bytes were sent ahead`);
  });
});
