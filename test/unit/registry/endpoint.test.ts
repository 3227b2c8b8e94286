import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { get, type IncomingMessage, type Server } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { digestOf, type Digest } from '../../../src/core/digest.ts';
import { ociIndexType, ociManifestType } from '../../../src/core/oci/mediaTypes.ts';
import type { Endpoint, ServedContents } from '../../../src/core/registry/endpoint.ts';
import { openEndpoint } from '../../../src/registry/endpoint/openEndpoint.ts';
import { failureOf } from '../../support/failureOf.ts';

const manifest = Buffer.from('{"schemaVersion":2}');
const blob = Buffer.from('0123456789');
const damaged = digestOf('damaged');
const tagList = ['1', '2', '3'];

const contents: ServedContents = {
  repositories: () => Promise.resolve(['app', 'team/app']),
  tags: (repository) => Promise.resolve(repository === 'team/app' ? tagList : undefined),
  document: (repository, ref) =>
    Promise.resolve(
      repository === 'team/app' && [String(digestOf(manifest)), '1'].includes(ref)
        ? { mediaType: ociManifestType, digest: digestOf(manifest), bytes: manifest }
        : undefined,
    ),
  blob: (_, digest) =>
    Promise.resolve(
      [digestOf(blob), damaged].includes(digest)
        ? {
            sizeBytes: blob.length,
            async *open({ start, end }) {
              yield await Promise.resolve(blob.subarray(start, end));
              if (digest === damaged) throw new Error('It is not what it was.');
            },
          }
        : undefined,
    ),
  referrers: (_, digest) =>
    Promise.resolve([
      { mediaType: ociManifestType, digest, size: 3, artifactType: 'text/signature' },
      { mediaType: ociManifestType, digest, size: 4, artifactType: 'text/note' },
    ]),
};

describe('the endpoint', () => {
  let endpoint: Endpoint;
  beforeEach(async () => {
    endpoint = await openEndpoint({ contents });
  });
  afterEach(() => endpoint.close());

  const basic = (username: string, password: string): string =>
    `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const ask = (
    path: string,
    init: {
      readonly method?: string;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) =>
    fetch(`http://${endpoint.address}${path}`, {
      ...init,
      headers: { authorization: basic(endpoint.username, endpoint.password), ...init.headers },
    });
  const blobAt = (digest: Digest) => `/v2/team/app/blobs/${digest}`;

  it('goes on where a connection could not be taken', async () => {
    let server: Server | undefined;
    const onRequest = (message: unknown): void => {
      ({ server } = message as { readonly server: Server });
    };
    subscribe('http.server.request.start', onRequest);
    await ask('/v2/');
    unsubscribe('http.server.request.start', onRequest);
    assert.ok(server);
    server.emit('error', new Error('accept EMFILE'));
    assert.equal((await ask('/v2/')).status, 200);
  });

  it('lets nobody in without its password, and tells them nothing', async () => {
    const wrong = [
      '',
      basic('drydock', ''),
      basic('drydock', `${endpoint.password}x`),
      basic('other', endpoint.password),
      `Bearer ${endpoint.password}`,
      'Basic %%%',
    ];
    for (const authorization of wrong)
      for (const path of ['/v2/', '/v2/_catalog', blobAt(digestOf(blob)), '/v2/none/tags/list']) {
        const answer = await ask(path, { headers: { authorization } });
        assert.equal(answer.status, 401, `${authorization} ${path}`);
        assert.equal(answer.headers.get('www-authenticate'), 'Basic realm="drydock"');
        assert.deepEqual(await answer.json(), {
          errors: [{ code: 'UNAUTHORIZED', message: 'A log-in is needed.' }],
        });
      }
    assert.equal((await ask('/v2/')).status, 200);
  });

  it('lets in who knows its password although somebody else holds all the connections that they can', async () => {
    const port = Number(endpoint.address.split(':')[1]);
    const strangers = Array.from({ length: 120 }, () =>
      connect(port, '127.0.0.1').on('error', () => undefined),
    );
    await Promise.all(
      strangers.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])),
    );
    assert.equal((await ask('/v2/')).status, 200);
    for (const socket of strangers) socket.destroy();
  });

  it('asks nobody without a password for the body of a request', async () => {
    const socket = connect(Number(endpoint.address.split(':')[1]), '127.0.0.1');
    socket.write(
      'PUT /v2/team/app/manifests/1 HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n',
    );
    const [first] = (await once(socket, 'data')) as [Buffer];
    assert.match(first.toString(), /^HTTP\/1\.1 401 /);
    socket.destroy();
  });

  it('is not there on any other address of the machine', async () => {
    const others = Object.values(networkInterfaces())
      .flatMap((one) => one ?? [])
      .filter(({ address, scopeid }) => address !== '127.0.0.1' && (scopeid ?? 0) === 0)
      .map(({ address }) => address);
    for (const host of [...others, '127.0.0.2']) {
      const socket = connect({ host, port: Number(endpoint.address.split(':')[1]) });
      const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
      assert.equal(error.code, 'ECONNREFUSED', host);
    }
  });

  it('makes up another password and another port each time', async () => {
    const other = await openEndpoint({ contents });
    assert.notEqual(other.password, endpoint.password);
    assert.notEqual(other.address, endpoint.address);
    assert.ok(Buffer.from(other.password, 'base64url').length >= 32);
    await other.close();
  });

  it('takes nothing in', async () => {
    for (const [method, path] of [
      ['POST', '/v2/team/app/blobs/uploads/'],
      ['PUT', '/v2/team/app/manifests/1'],
      ['DELETE', blobAt(digestOf(blob))],
    ] as const) {
      const answer = await ask(path, { method, ...(method !== 'DELETE' && { body: 'x' }) });
      assert.equal(answer.status, 405, `${method} ${path}`);
    }
  });

  it('sends a document with the type and digest that it has', async () => {
    for (const ref of ['1', digestOf(manifest)])
      for (const method of ['GET', 'HEAD']) {
        const answer = await ask(`/v2/team/app/manifests/${ref}`, { method });
        assert.equal(answer.headers.get('content-type'), ociManifestType);
        assert.equal(answer.headers.get('docker-content-digest'), digestOf(manifest));
        assert.equal(answer.headers.get('content-length'), String(manifest.length));
        assert.equal(await answer.text(), method === 'GET' ? manifest.toString() : '');
      }
    for (const path of [
      '/v2/team/app/manifests/4',
      '/v2/none/manifests/1',
      '/v2/none/tags/list',
      '/v1/',
      '/v2/%',
    ])
      assert.equal((await ask(path)).status, 404, path);
  });

  const ranges: readonly (readonly [string | undefined, number, string])[] = [
    [undefined, 200, '0123456789'],
    ['bytes=0-', 206, '0123456789'],
    ['bytes=2-4', 206, '234'],
    ['bytes=9-99', 206, '9'],
    ['bytes=-3', 206, '789'],
    ['bytes=-99', 206, '0123456789'],
    ['bytes=10-', 416, ''],
    ['bytes=4-2', 200, '0123456789'],
    ['bytes=0-1,4-5', 200, '0123456789'],
    ['lines=1-2', 200, '0123456789'],
  ];
  for (const [range, status, text] of ranges)
    it(`answers ${range ?? 'no range'} with ${status}`, async () => {
      const answer = await ask(blobAt(digestOf(blob)), range === undefined ? {} : { headers: { range } });
      assert.equal(answer.status, status);
      if (status !== 416) assert.equal(await answer.text(), text);
    });

  it('reads no more of a blob than a slow reader takes, and gives all of it', async () => {
    const piece = Buffer.alloc(1 << 20);
    const pieceCount = 64;
    let readCount = 0;
    const slow = await openEndpoint({
      contents: {
        ...contents,
        blob: () =>
          Promise.resolve({
            sizeBytes: pieceCount * piece.length,
            async *open() {
              for (readCount = 1; readCount <= pieceCount; readCount++) yield await Promise.resolve(piece);
            },
          }),
      },
    });
    try {
      const headers = { authorization: basic(slow.username, slow.password) };
      const url = `http://${slow.address}${blobAt(digestOf(blob))}`;
      const request = get(url, { headers });
      const [answer] = (await once(request, 'response')) as [IncomingMessage];
      // Whoever asks meanwhile is answered: by then an endpoint that does not wait would have read all of it.
      for (let other = 0; other < 20; other++)
        assert.equal((await fetch(`http://${slow.address}/v2/`, { headers })).status, 200);
      assert.ok(readCount < pieceCount / 2, `${readCount} of ${pieceCount} pieces were read`);
      let bytes = 0;
      for await (const chunk of answer) bytes += (chunk as Buffer).length;
      assert.equal(bytes, pieceCount * piece.length);
    } finally {
      await slow.close();
    }
  });

  it('never sends a damaged blob as a whole one', async () => {
    await assert.rejects(async () => (await ask(blobAt(damaged))).arrayBuffer());
  });

  it('gives lists page by page', async () => {
    const first = await ask('/v2/team/app/tags/list?n=2');
    assert.deepEqual(await first.json(), { name: 'team/app', tags: ['1', '2'] });
    const next = /<(.*)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await ask(next);
    assert.deepEqual(await second.json(), { name: 'team/app', tags: ['3'] });
    assert.equal(second.headers.get('link'), null);
    assert.deepEqual(await (await ask('/v2/_catalog')).json(), { repositories: ['app', 'team/app'] });
  });

  it('lists what refers to a manifest, all or of one kind', async () => {
    const path = `/v2/team/app/referrers/${digestOf(manifest)}`;
    const all = await ask(path);
    assert.equal(all.headers.get('content-type'), ociIndexType);
    assert.equal(((await all.json()) as { manifests: unknown[] }).manifests.length, 2);
    const some = await ask(`${path}?artifactType=text/note`);
    assert.equal(some.headers.get('oci-filters-applied'), 'artifactType');
    assert.equal(((await some.json()) as { manifests: unknown[] }).manifests.length, 1);
  });

  it('ends every connection when it is closed, and listens no more', async () => {
    const other = await openEndpoint({ contents });
    const socket = connect(Number(other.address.split(':')[1]), '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    await other.close();
    await closed;
    const again = connect(Number(other.address.split(':')[1]), '127.0.0.1');
    const [error] = (await once(again, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
  });

  it('says that a port is taken', async () => {
    const port = Number(endpoint.address.split(':')[1]);
    const failed = await failureOf(openEndpoint({ contents, port }));
    assert.equal(failed.code, 'endpointUnusable');
  });
});
