import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { digestOf, type Digest } from '../../../src/core/digest.ts';
import { ociIndexType, ociManifestType } from '../../../src/core/oci/mediaTypes.ts';
import type { RemoteRegistry, RemoteRepository } from '../../../src/core/registry/remoteRepository.ts';
import { failureOf } from '../../support/failureOf.ts';
import { FakeRegistry } from '../../support/fakeRegistry.ts';
import { listed, registryHere } from '../../support/registryHere.ts';

const empty = digestOf('{}');
const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: empty, size: 2 };
const manifest = { schemaVersion: 2, mediaType: ociManifestType, config, layers: [] };
const bytes = Buffer.from(`${JSON.stringify(manifest)}\n  `);
const signature = (subject: Digest) => ({
  ...manifest,
  artifactType: 'application/vnd.test.signature',
  subject: { mediaType: ociManifestType, digest: subject, size: 1 },
});

describe('manifests in a registry', () => {
  let server: FakeRegistry;
  let registry: RemoteRegistry;
  let app: RemoteRepository;
  beforeEach(async () => {
    server = new FakeRegistry();
    await server.start();
    registry = registryHere(server.host);
    app = registry.repository('team/app');
  });
  afterEach(async () => {
    registry.close();
    await server.stop();
  });

  it('are stored and read with their very bytes, by tag and by digest', async () => {
    const { digest } = await app.putManifest({ bytes, mediaType: ociManifestType }, { tag: '1' });
    assert.equal(digest, digestOf(bytes));
    for (const ref of ['1', digest]) {
      const found = await app.getManifest(ref);
      assert.ok(found && Buffer.from(found.bytes).equals(bytes));
      const told = { digest, sizeBytes: bytes.length, mediaType: ociManifestType };
      assert.deepEqual(await app.headManifest(ref), told);
      assert.equal(found.mediaType, ociManifestType);
    }
    assert.match(server.seen.find(({ method }) => method === 'GET')?.headers.accept ?? '', /image\.index/);
  });

  it('are undefined where there is none', async () => {
    assert.equal(await app.getManifest('1'), undefined);
    assert.equal(await app.headManifest('1'), undefined);
  });

  it('are refused when their digest is another one', async () => {
    const digest = digestOf('something else');
    server.manifests.set(`team/app ${digest}`, { mediaType: ociManifestType, bytes });
    assert.equal((await failureOf(app.getManifest(digest))).code, 'registryContentWrong');
    assert.equal((await failureOf(app.headManifest(digest))).code, 'registryContentWrong');
    server.faults.push((_, response) => {
      response.writeHead(200, { 'docker-content-digest': digest }).end(bytes);
      return 'handled';
    });
    assert.equal((await failureOf(app.getManifest('1'))).code, 'registryContentWrong');
  });

  it('are refused when they are too large, no JSON, or of two kinds at once', async () => {
    for (const [body, type] of [
      [Buffer.alloc((4 << 20) + 1, ' '), ociManifestType],
      [Buffer.from('<html>'), ociManifestType],
      [bytes, ociIndexType],
    ] as const) {
      server.manifests.set('team/app 1', { mediaType: type, bytes: body });
      await assert.rejects(app.getManifest('1'));
    }
  });

  it('have the type that they state where the registry states none', async () => {
    server.manifests.set('team/app 1', { mediaType: 'text/plain; charset=utf-8', bytes });
    assert.equal((await app.getManifest('1'))?.mediaType, ociManifestType);
  });

  it('are found where the registry can’t be asked for their heads', async () => {
    server.manifests.set('team/app 1', { mediaType: ociManifestType, bytes });
    server.faults.push((request, response) => {
      if (request.method !== 'HEAD') return 'passes';
      response.writeHead(405).end();
      return 'handled';
    });
    assert.equal((await app.headManifest('1'))?.digest, digestOf(bytes));
  });

  it('are stored once more when the registry fails on the way', async () => {
    const statuses = [502, 429];
    server.faults.push((request, response) => {
      const status = statuses.shift();
      if (status === undefined) return 'passes';
      request.resume();
      response.writeHead(status).end();
      return 'handled';
    });
    await app.putManifest({ bytes, mediaType: ociManifestType }, { tag: '1' });
    assert.ok(server.manifests.has('team/app 1'));
  });

  it('are deleted, or it is said that the registry does not do that', async () => {
    const { digest } = await app.putManifest({ bytes, mediaType: ociManifestType }, { tag: '1' });
    await app.deleteManifest(digest);
    assert.equal(server.manifests.size, 0);
    await app.deleteManifest(digest);
    server.faults.push((_, response) => {
      response.writeHead(405, { 'content-type': 'application/json' });
      response.end('{"errors":[{"code":"UNSUPPORTED","message":"The operation is unsupported."}]}');
      return 'handled';
    });
    assert.match((await failureOf(app.deleteManifest('1'))).message, /The operation is unsupported/);
  });

  it('have tags, page by page', async () => {
    for (const tag of ['c', 'a', 'e', 'b', 'd'])
      await app.putManifest({ bytes, mediaType: ociManifestType }, { tag });
    assert.deepEqual(await listed(app.tags()), ['a', 'b', 'c', 'd', 'e']);
    assert.deepEqual(await listed(registry.repositories()), ['team/app']);
    assert.equal((await failureOf(listed(registry.repository('other').tags()))).code, 'registryMissing');
  });

  it('have no tags that would lead elsewhere, and no list without an end', async () => {
    server.faults.push((_, response) => {
      response.end(JSON.stringify({ tags: ['ok', '../../x', 'a?b', 'x'.repeat(129)] }));
      return 'handled';
    });
    assert.deepEqual(await listed(app.tags()), ['ok']);
    server.faults.unshift((request, response) => {
      response.writeHead(200, { link: `<${request.url ?? ''}>; rel="next"` }).end('{"tags":["a"]}');
      return 'handled';
    });
    assert.equal((await failureOf(listed(app.tags()))).code, 'registryGarbled');
  });

  for (const listsReferrers of [true, false])
    it(`know what refers to them ${listsReferrers ? 'from the registry' : 'from the tag of old registries'}`, async () => {
      server.listsReferrers = listsReferrers;
      const { digest } = await app.putManifest({ bytes, mediaType: ociManifestType }, { tag: '1' });
      assert.deepEqual(await app.referrers(digest), []);
      const first = Buffer.from(JSON.stringify(signature(digest)));
      const second = Buffer.from(JSON.stringify({ ...signature(digest), annotations: { a: 'b' } }));
      for (const each of [first, second, first])
        await app.putManifest({ bytes: each, mediaType: ociManifestType });
      const found = (await app.referrers(digest)).map((one) => one.digest);
      assert.deepEqual(found.sort(), [digestOf(first), digestOf(second)].sort());
      assert.equal(server.manifests.has(`team/app ${digest.replace(':', '-')}`), !listsReferrers);
    });
});

describe('a registry that can’t be reached', () => {
  it('is told by its name, without trying for long', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(closed.address() as AddressInfo).port}`;
    await new Promise((resolve) => closed.close(resolve));
    const waits: number[] = [];
    const { code, details } = await failureOf(
      registryHere(host, { waits }).repository('app').headManifest('1'),
    );
    assert.deepEqual([code, details['host'], waits], ['registryUnreachable', host, []]);
  });

  it('is told that it hangs up', async () => {
    const rude = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(rude.address() as AddressInfo).port}`;
    try {
      const { code } = await failureOf(registryHere(host).repository('app').headManifest('1'));
      assert.equal(code, 'registryUnreachable');
    } finally {
      rude.close();
    }
  });
});
