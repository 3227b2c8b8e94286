import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { digestOf } from '../../../src/core/digest.ts';
import type { Endpoint } from '../../../src/core/registry/endpoint.ts';
import { openEndpoint } from '../../../src/registry/endpoint/openEndpoint.ts';
import { MemorySink } from '../../support/memorySink.ts';
import { pseudoRandom } from '../../support/registryHere.ts';

const blob = Buffer.from(pseudoRandom(3000));
const digest = digestOf(blob);
const uploads = '/v2/drydock/blobs/uploads/';

describe('what is pushed to the endpoint', () => {
  let sink: MemorySink;
  let endpoint: Endpoint;
  let authorization: string;
  beforeEach(async () => {
    sink = new MemorySink();
    endpoint = await openEndpoint({ sink });
    const logIn = `${endpoint.username}:${endpoint.password}`;
    authorization = `Basic ${Buffer.from(logIn).toString('base64')}`;
  });
  afterEach(() => endpoint.close());

  const ask = (
    method: string,
    path: string,
    body?: Uint8Array,
    headers: Readonly<Record<string, string>> = {},
  ) =>
    fetch(`http://${endpoint.address}${path}`, {
      method,
      headers: { authorization, ...headers },
      ...(body && { body: Uint8Array.from(body) }),
    });
  const begun = async (): Promise<string> => {
    const answer = await ask('POST', uploads);
    assert.equal(answer.status, 202);
    return answer.headers.get('location') ?? '';
  };

  it('arrives in one piece, in several, or with the end of its upload', async () => {
    for (const pieces of [[3000], [1000, 1999, 1], []]) {
      sink.blobs.clear();
      const place = await begun();
      let at = 0;
      for (const count of pieces) {
        const range = { 'content-range': `${at}-${at + count - 1}` };
        const answer = await ask('PATCH', place, blob.subarray(at, at + count), range);
        assert.equal(answer.status, 202);
        at += count;
        assert.equal(answer.headers.get('range'), `0-${at - 1}`);
      }
      const last = await ask('PUT', `${place}?digest=${digest}`, blob.subarray(at));
      assert.equal(last.status, 201);
      assert.equal(last.headers.get('docker-content-digest'), digest);
      assert.deepEqual(sink.blobs.get(digest), blob);
      const head = await ask('HEAD', `/v2/drydock/blobs/${digest}`);
      assert.equal(head.headers.get('content-length'), '3000');
    }
  });

  it('is announced where its digest is stated before its bytes', async () => {
    await ask('PUT', `${await begun()}?digest=${digest}`, blob);
    const place = await begun();
    await ask('PATCH', place, blob);
    await ask('PUT', `${place}?digest=${digest}`);
    assert.deepEqual(sink.announced, [digest, undefined]);
  });

  it('may be denied when it is a document that was read', async () => {
    const manifest = Buffer.from('{"schemaVersion":2}');
    const manifestDigest = digestOf(manifest);
    assert.equal((await ask('PUT', '/v2/drydock/manifests/one', manifest)).status, 201);
    sink.denies = manifestDigest;
    const answer = await ask('PUT', '/v2/drydock/manifests/two', manifest);
    assert.equal(answer.status, 403);
    assert.match(await answer.text(), /DENIED/);
    assert.deepEqual(sink.documents.get('two')?.bytes, manifest);
  });

  it('is nothing when its digest is another', async () => {
    const place = await begun();
    await ask('PATCH', place, blob);
    const answer = await ask('PUT', `${place}?digest=${digestOf('other')}`);
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /DIGEST_INVALID/);
    assert.equal(sink.blobs.size, 0);
    assert.equal(sink.failures.length, 1);
    assert.equal((await ask('PUT', `${place}?digest=${digest}`, blob)).status, 404);
    assert.equal((await ask('PUT', `${await begun()}?digest=sha1:x`)).status, 400);
  });

  it('is refused where a piece does not begin at the end of the one before', async () => {
    const place = await begun();
    await ask('PATCH', place, blob.subarray(0, 1000));
    const answer = await ask('PATCH', place, blob.subarray(900), { 'content-range': '900-2999' });
    assert.equal(answer.status, 416);
    assert.equal((await ask('GET', place)).headers.get('range'), '0-999');
  });

  it('is nothing when it was taken back, or its upload is not known', async () => {
    const place = await begun();
    assert.equal((await ask('DELETE', place)).status, 204);
    for (const method of ['PATCH', 'PUT', 'GET', 'DELETE'])
      assert.equal((await ask(method, place)).status, 404, method);
    assert.equal((await ask('HEAD', `/v2/drydock/blobs/${digest}`)).status, 404);
  });

  /** A request as no client of good faith makes it. */
  const raw = async (head: readonly string[]): Promise<Socket> => {
    const socket = connect(Number(endpoint.address.split(':')[1]), '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write([...head, 'Host: x', `Authorization: ${authorization}`, '', ''].join('\r\n'));
    return socket;
  };

  it('is nothing when it breaks off before its length is reached', async () => {
    const place = await begun();
    const socket = await raw([`PATCH ${place} HTTP/1.1`, 'Content-Length: 5000']);
    socket.write(blob, () => {
      socket.destroy();
    });
    while (sink.failures.length === 0) await new Promise(setImmediate);
    assert.equal((await ask('PUT', `${place}?digest=${digest}`)).status, 404);
    assert.equal(sink.blobs.size, 0);
  });

  it('is no more than its length says', async () => {
    const place = await begun();
    const socket = await raw([`PUT ${place}?digest=${digest} HTTP/1.1`, 'Content-Length: 3000']);
    socket.write(Buffer.concat([blob, Buffer.from('more')]));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 (?:201|400) /);
    assert.deepEqual(sink.blobs.get(digest) ?? blob, blob);
    socket.destroy();
  });

  it('is asked for no further when the sink has had enough, and the answer arrives', async () => {
    sink.mostBytes = 100_000;
    const place = await begun();
    // An engine asks for the end of the connection with each request.
    const socket = await raw([`PATCH ${place} HTTP/1.1`, 'Transfer-Encoding: chunked', 'Connection: close']);
    const piece = Buffer.concat([Buffer.from('2710\r\n'), Buffer.alloc(10_000), Buffer.from('\r\n')]);
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
    });
    while (!answer.includes('\r\n\r\n')) await new Promise((resolve) => socket.write(piece, resolve));
    assert.match(answer, /^HTTP\/1\.1 202 /);
    // Nobody closes the connection but who sends.
    for (let count = 0; count < 50; count += 1)
      assert.ok(!(await new Promise((resolve) => socket.write(piece, resolve))));
    assert.equal((await ask('PUT', `${place}?digest=${digest}`)).status, 201);
    assert.ok((sink.blobs.get(digest)?.length ?? 0) < 200_000);
    socket.destroy();
  });

  it('is a manifest of at most 4 MiB, with the digest that it is put under', async () => {
    const manifest = Buffer.from('{"schemaVersion":2}');
    const type = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
    const answer = await ask('PUT', '/v2/drydock/manifests/one', manifest, type);
    assert.equal(answer.headers.get('docker-content-digest'), digestOf(manifest));
    assert.deepEqual(sink.documents.get('one')?.bytes, manifest);
    assert.equal((await ask('PUT', `/v2/drydock/manifests/${digest}`, manifest, type)).status, 400);
    const large = Buffer.alloc((4 << 20) + 1);
    const status = await ask('PUT', '/v2/drydock/manifests/large', large, type).then(
      (refused) => refused.status,
      () => 413,
    );
    assert.equal(status, 413);
    assert.deepEqual([...sink.documents.keys()], ['one']);
  });

  it('is nothing when the endpoint closes in its middle', async () => {
    const place = await begun();
    const socket = await raw([`PATCH ${place} HTTP/1.1`, 'Content-Length: 5000']);
    await new Promise((resolve) => socket.write(blob, resolve));
    const other = await begun();
    assert.notEqual(other, place);
    while (sink.announced.length === 0) await ask('GET', other);
    await endpoint.close();
    assert.equal(sink.blobs.size, 0);
    assert.equal(sink.failures.length, 1);
    endpoint = await openEndpoint({ sink });
  });

  it('is not let in without the password, and nothing of it is read', async () => {
    authorization = 'Basic eDp5';
    assert.equal((await ask('POST', uploads)).status, 401);
    assert.equal((await ask('PUT', '/v2/drydock/manifests/one', blob)).status, 401);
    assert.equal(sink.documents.size + sink.blobs.size + sink.failures.length, 0);
  });
});
