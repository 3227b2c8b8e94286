import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hexOf, type Digest } from '../../../src/core/digest.ts';
import { vaultStats } from '../../../src/core/maintenance/vaultStats.ts';
import { verifyVault } from '../../../src/core/maintenance/verifyVault.ts';
import { unattended } from '../../../src/core/progress.ts';
import type { RemoteRegistry, RemoteRepository } from '../../../src/core/registry/remoteRepository.ts';
import { parseRegistryVault } from '../../../src/core/registry/registryVaultName.ts';
import type { Snapshot, VerifyDepth } from '../../../src/core/snapshot/snapshot.ts';
import { openSnapshot, readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { copyFromRegistry } from '../../../src/core/transfer/copyFromRegistry.ts';
import { copyToRegistry } from '../../../src/core/transfer/copyToRegistry.ts';
import { forgetInRegistry } from '../../../src/core/transfer/forgetInRegistry.ts';
import { registryVault, type RegistryVault } from '../../../src/core/transfer/registryVault.ts';
import type { BlobStore } from '../../../src/core/vault/blobStore.ts';
import { readRange } from '../../../src/core/vault/frames.ts';
import { createVault } from '../../../src/core/vault/layout.ts';
import { currentProcess, type ProcessIdentity } from '../../../src/core/vault/processIdentity.ts';
import { withVaultSession } from '../../../src/core/vault/vaultSession.ts';
import { failureOf } from '../../support/failureOf.ts';
import { FakeRegistry } from '../../support/fakeRegistry.ts';
import { pushedVaults, type PushedVault } from '../../support/pushedVault.ts';
import { pseudoRandom, registryHere } from '../../support/registryHere.ts';
import { putImage } from '../../support/remoteImages.ts';
import { sourceOf, storeLayer, volumeDocument } from '../../support/capturedThings.ts';
import { land } from '../../support/snapshotVault.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const operation = unattended();

describe('a vault in a registry', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const vaults = pushedVaults();
  let made: PushedVault;
  let owner: ProcessIdentity;
  let server: FakeRegistry;
  let registry: RemoteRegistry;
  let repository: RemoteRepository;
  let vault: RegistryVault;
  beforeEach(async () => {
    made = await vaults.copy(join(folder.path(), 'vault'));
    owner = await currentProcess();
    server = new FakeRegistry();
    server.wantsEverything = true;
    await server.start();
    registry = registryHere(server.host);
    repository = registry.repository('team/backups');
    vault = registryVault(repository);
  });
  afterEach(async () => {
    registry.close();
    await server.stop();
  });

  const copyAll = (to = vault, from: PushedVault['vault'] = made.vault) =>
    readSnapshots(from).then((all) =>
      copyToRegistry({ from, to }, { ids: all.map(({ id }) => id) }, operation),
    );
  /** As a later command would see it: nothing in memory. */
  const fresh = (): RegistryVault => registryVault(repository);
  const verify = (depth: VerifyDepth, of = fresh()) =>
    verifyVault({ vault: of, owner }, { depth }, operation);
  const blobKey = (digest: Digest): string => `team/backups ${digest}`;
  const volumeLayer = async () => {
    const { volumes } = await openSnapshot(made.vault, made.container);
    const index = volumes[0]?.parts[0]?.index;
    assert.ok(index);
    return index;
  };

  it('lists and opens what was copied into it, under the same IDs, parcels too', async () => {
    const copies = await copyAll();
    assert.deepEqual(
      copies.map(({ wasThere, copied }) => [wasThere, copied.bytes > 0]),
      copies.map(() => [false, true]),
    );
    await putImage(repository, { content: 'no snapshot', tag: 'image' });
    const listed = await readSnapshots(fresh());
    const own = await readSnapshots(made.vault);
    const plain = (snapshot: Snapshot): object => ({ ...snapshot, verified: undefined, newBytes: 0 });
    assert.deepEqual(listed.map(plain), own.map(plain));
    for (const snapshot of own)
      assert.deepEqual(
        { ...(await openSnapshot(fresh(), snapshot)), snapshot },
        { ...(await openSnapshot(made.vault, snapshot)), snapshot },
      );
    const tags = [...server.manifests.keys()].filter((key) => !key.includes('sha256'));
    assert.ok(tags.some((tag) => tag.endsWith(`-${hexOf(made.image.id).slice(0, 12)}`)));
  });

  for (const depth of ['structure', 'digests', 'contents'] as const)
    it(`is verified down to ${depth}, and said to be whole when it is`, async () => {
      await copyAll();
      const { problems, sound, snapshots, read, all } = await verify(depth);
      assert.deepEqual([problems, sound.length, snapshots], [[], 4, 4]);
      assert.equal(read.blobs, depth === 'structure' ? 0 : all.blobs);
      const { kinds, reclaimable } = await vaultStats(fresh());
      assert.deepEqual([kinds.length, reclaimable.blobs], [2, 0]);
    });

  it('names what is missing in it, and whom that hurts', async () => {
    await copyAll();
    const { digest } = await volumeLayer();
    server.blobs.delete(blobKey(digest));
    const { problems, sound } = await verify('structure');
    assert.deepEqual(
      problems.map((one) => [one.kind, one.digest, one.snapshots]),
      [['missing', digest, [made.container.id]]],
    );
    assert.equal(sound.length, 3);
  });

  it('names what is cut or has other bytes in it', async () => {
    await copyAll();
    const { digest } = await volumeLayer();
    const whole = server.blobs.get(blobKey(digest));
    assert.ok(whole);
    server.blobs.set(blobKey(digest), whole.subarray(0, -5));
    assert.deepEqual(
      (await verify('structure')).problems.map(({ kind }) => kind),
      ['wrongSize'],
    );
    const other = Buffer.from(whole);
    other.writeUInt8((other.at(-1) ?? 0) ^ 1, other.length - 1);
    server.blobs.set(blobKey(digest), other);
    assert.deepEqual((await verify('structure')).problems, []);
    for (const depth of ['digests', 'contents'] as const) {
      const { problems, sound } = await verify(depth);
      assert.deepEqual(
        problems.map((one) => [one.kind, one.digest, one.snapshots]),
        [['wrongDigest', digest, [made.container.id]]],
      );
      assert.equal(sound.length, 3);
    }
  });

  it('names a tag that can’t be read, and lists the others', async () => {
    await copyAll();
    server.manifests.set('team/backups torn', {
      mediaType: 'application/vnd.oci.image.index.v1+json',
      bytes: Buffer.from('{"schemaVersion":2,'),
    });
    assert.equal((await readSnapshots(fresh())).length, 4);
    const { problems } = await verify('structure');
    assert.deepEqual(
      problems.map(({ kind, path }) => [kind, path]),
      [['file', `registry://${server.host}/team/backups:torn`]],
    );
  });

  it('is not called damaged when the registry goes away or wants a log-in', async () => {
    await copyAll();
    let asked = 0;
    server.faults.push((request, response, { path }) => {
      if (!path.includes('/blobs/') || (asked += 1) < 4) return 'passes';
      request.resume();
      response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
      return 'handled';
    });
    assert.equal((await failureOf(verify('digests'))).code, 'registryLogInMissing');
    server.faults.length = 0;
    server.faults.push((request, _response, { path }) => {
      if (!path.includes('/blobs/')) return 'passes';
      request.socket.destroy();
      return 'handled';
    });
    const anew = registryHere(server.host);
    const { code } = await failureOf(verify('digests', registryVault(anew.repository('team/backups'))));
    anew.close();
    assert.ok(['registryBusy', 'registryUnreachable'].includes(code), code);
  });

  it('gives a file out of a large layer by the frames that hold it, and without ranges all the same', async () => {
    const snapshot = await land(made.vault, sourceOf('volume', 'large'), async (draft, store) => {
      const files = { 'v/first': pseudoRandom(9 << 20, 7), 'v/last': 'the end' };
      const part = await storeLayer(store, files);
      await draft.addVolume(volumeDocument('large', [part]), [part]);
    });
    await copyToRegistry({ from: made.vault, to: vault }, { ids: [snapshot.id] }, operation);
    for (const knowsRanges of [true, false]) {
      server.knowsRanges = knowsRanges;
      const far = fresh();
      const index = (await openSnapshot(far, snapshot)).volumes[0]?.parts[0]?.index;
      assert.ok(index);
      const range = { start: index.plainBytes - 2048, end: index.plainBytes - 1024 };
      const read = async (of: typeof far.blobs): Promise<Buffer> => {
        const pieces: Uint8Array[] = [];
        for await (const piece of readRange(of, index, range)) pieces.push(piece);
        return Buffer.concat(pieces);
      };
      assert.deepEqual(await read(far.blobs), await read(made.vault.blobs));
      const asked = server.seen.filter(({ path }) => path.endsWith(index.digest)).at(-1)?.headers.range;
      const last = index.frames.at(-1)?.storedBytes ?? 0;
      assert.equal(asked, `bytes=${index.sizeBytes - last}-`);
      const middle = index.frames[0]?.storedBytes ?? 0;
      const part = far.blobs.open(index.digest, { range: { start: 10, end: middle } });
      let sizeBytes = 0;
      for await (const piece of part) sizeBytes += piece.length;
      assert.equal(sizeBytes, middle - 10);
    }
    const asked = server.seen.filter(({ headers }) => headers.range?.startsWith('bytes=10-') === true);
    assert.match(asked[0]?.headers.range ?? '', /^bytes=10-\d+$/);
  });

  it('fills a folder, which then is as whole as the one that it came from', async () => {
    await copyAll();
    const other = await createVault({ path: join(folder.path(), 'other'), compression: 'gzip' });
    const from = fresh();
    const ids = (await readSnapshots(from)).map(({ id }) => id);
    const copies = await copyFromRegistry({ from, to: other, owner }, { ids }, operation);
    assert.deepEqual(
      copies.map(({ snapshot, wasThere }) => [snapshot.id, wasThere]),
      ids.map((id) => [id, false]),
    );
    const { problems } = await verifyVault({ vault: other, owner }, { depth: 'contents' }, operation);
    assert.deepEqual(problems, []);
    const again = await copyFromRegistry({ from, to: other, owner }, { ids }, operation);
    assert.deepEqual(
      again.map(({ wasThere, copied }) => [wasThere, copied.bytes]),
      ids.map(() => [true, 0]),
    );
  });

  it('fills another one: blobs of the same registry are mounted, of another one sent', async () => {
    await copyAll();
    const beside = registryVault(registry.repository('team/second'));
    const mounted = await copyAll(beside, fresh());
    // The empty config of a parcel has no other place.
    assert.ok(mounted.every(({ copied: { bytes } }) => bytes <= '{}'.length));
    assert.ok(mounted.some(({ copied: { blobs } }) => blobs > 5));
    assert.deepEqual(
      (await verify('contents', registryVault(registry.repository('team/second')))).problems,
      [],
    );
    const elsewhere = new FakeRegistry();
    await elsewhere.start();
    const far = registryHere(elsewhere.host);
    try {
      const copies = await copyAll(registryVault(far.repository('b')), fresh());
      assert.ok(copies.every(({ copied, wasThere }) => copied.bytes > 0 && !wasThere));
      const there = registryVault(far.repository('b'));
      assert.deepEqual((await verify('contents', there)).problems, []);
    } finally {
      far.close();
      await elsewhere.stop();
    }
  });

  it('is asked for all that it has already, and gets only what it lacks', async () => {
    await copyAll();
    const { digest } = await volumeLayer();
    server.blobs.delete(blobKey(digest));
    const [again] = await copyToRegistry(
      { from: made.vault, to: fresh() },
      { ids: [made.container.id] },
      operation,
    );
    assert.deepEqual([again?.wasThere, again?.copied.blobs], [true, 1]);
    const tags = [...server.manifests.keys()].filter((key) => !key.includes('sha256'));
    assert.equal(tags.length, 4);
    assert.deepEqual((await verify('digests')).problems, []);
  });

  it('is given no tag that a person gave, which may stand for something else by then', async () => {
    const [first, second] = [made.image, made.platforms];
    await copyToRegistry({ from: made.vault, to: vault }, { ids: [first.id, second.id] }, operation);
    for (const [key] of [...server.manifests])
      if (!key.includes('sha256:') && key.includes('app')) server.manifests.delete(key);
    const put = async (id: Digest): Promise<void> => {
      await repository.putManifest((await repository.getManifest(id)) ?? assert.fail(), { tag: 'best' });
    };
    await put(first.id);
    let isMoved = false;
    server.faults.push((request, _, { path }) => {
      if (isMoved || request.method !== 'HEAD' || !path.includes('/blobs/')) return 'passes';
      isMoved = true;
      return put(second.id).then(() => 'passes');
    });
    await copyToRegistry({ from: made.vault, to: fresh() }, { ids: [first.id] }, operation);
    assert.ok(isMoved);
    assert.equal((await repository.headManifest('best'))?.digest, second.id);
    assert.deepEqual((await readSnapshots(fresh())).map(({ id }) => id).sort(), [first.id, second.id].sort());
  });

  it('lists nothing that is not whole, wherever a copy into it was killed', async () => {
    const ids = [made.image.id];
    let left = Number.POSITIVE_INFINITY;
    server.faults.push((_, response) => {
      left -= 1;
      if (left >= 0) return 'passes';
      response.destroy();
      return 'handled';
    });
    const at = (number: number): RegistryVault => registryVault(registry.repository(`killed/at-${number}`));
    let listedFirst: number | undefined;
    for (let number = 0; ; number += 4) {
      left = number;
      const isDone = await copyToRegistry({ from: made.vault, to: at(number) }, { ids }, operation).then(
        () => true,
        () => false,
      );
      left = Number.POSITIVE_INFINITY;
      if (isDone) break;
      const all = await readSnapshots(at(number)).catch(() => []);
      if (all.length === 0) continue;
      listedFirst ??= number;
      assert.deepEqual((await verify('digests', at(number))).problems, [], `killed at request ${number}`);
    }
    // Only the proof comes behind the tag.
    assert.ok(listedFirst !== undefined && listedFirst > 10, String(listedFirst));
  });

  it('gets no tag for a snapshot that is damaged where it comes from, and the others all the same', async () => {
    const failed: Digest[] = [];
    const ids = [made.container.id, made.image.id];
    const { digest } = await volumeLayer();
    const copies = await copyToRegistry(
      {
        from: { ...made.vault, blobs: zeroed(made.vault.blobs, digest) },
        to: vault,
      },
      { ids, onFailure: (id) => failed.push(id) },
      operation,
    );
    assert.deepEqual([failed, copies.map(({ snapshot }) => snapshot.id)], [[ids[0]], [ids[1]]]);
    assert.deepEqual(
      (await readSnapshots(fresh())).map(({ id }) => id),
      [ids[1]],
    );
  });

  it('is listed no further when that is cancelled, whatever the registry does meanwhile', async () => {
    await copyAll();
    for (const silent of [/tags\/list/, /manifests/]) {
      const controller = new AbortController();
      server.faults.push((_, __, { path }) => {
        if (!silent.test(path)) return 'passes';
        controller.abort();
        return 'handled';
      });
      const { signal } = controller;
      await assert.rejects(readSnapshots(fresh(), { signal }), { name: 'AbortError' });
      await assert.rejects(vaultStats(fresh(), { signal }), { name: 'AbortError' });
      server.faults.length = 0;
    }
  });

  it('gets no tag from a copy that is cancelled, or that a log-in ends in its middle', async () => {
    const stopped = new AbortController();
    const { signal } = stopped;
    const ids = [made.container.id];
    server.faults.push((request) => {
      if (request.method === 'PATCH' || request.method === 'PUT') stopped.abort();
      return 'passes';
    });
    const cancelled = copyToRegistry({ from: made.vault, to: vault }, { ids }, { ...operation, signal });
    await assert.rejects(cancelled, { name: 'AbortError' });
    server.faults.length = 0;
    let puts = 0;
    server.faults.push((request, response) => {
      if (request.method !== 'PUT' || (puts += 1) < 3) return 'passes';
      request.resume();
      response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
      return 'handled';
    });
    const refused = copyToRegistry({ from: made.vault, to: fresh() }, { ids }, operation);
    assert.equal((await failureOf(refused)).code, 'registryLogInMissing');
    server.faults.length = 0;
    assert.ok([...server.manifests.keys()].every((key) => key.includes('sha256:')));
    const anew = registryHere(server.host);
    const to = registryVault(anew.repository('team/backups'));
    const [copy] = await copyToRegistry({ from: made.vault, to }, { ids }, operation);
    anew.close();
    assert.equal(copy?.wasThere, false);
  });

  it('forgets snapshots, whatever they lie as, and says what a registry refuses', async () => {
    await copyAll();
    const gone = await forgetInRegistry(
      fresh(),
      { ids: [made.sparse.id, made.image.id], kept: [made.container] },
      operation,
    );
    assert.deepEqual(
      gone.map(({ id }) => id),
      [made.sparse.id, made.image.id],
    );
    assert.deepEqual(
      new Set((await readSnapshots(fresh())).map(({ id }) => id)),
      new Set([made.container.id, made.platforms.id]),
    );
    assert.deepEqual((await verify('contents')).problems, []);
    const again = forgetInRegistry(fresh(), { ids: [made.image.id] }, operation);
    assert.equal((await failureOf(again)).code, 'snapshotGone');
    const keptGone = forgetInRegistry(fresh(), { ids: [made.container.id], kept: [made.image] }, operation);
    assert.equal((await failureOf(keptGone)).code, 'snapshotGone');
    for (const status of [405, 202]) {
      server.faults.push((request, response) => {
        if (request.method !== 'DELETE') return 'passes';
        response.writeHead(status).end();
        return 'handled';
      });
      const refused = forgetInRegistry(fresh(), { ids: [made.container.id] }, operation);
      assert.equal((await failureOf(refused)).code, 'registryRefused');
      server.faults.length = 0;
    }
    assert.equal((await readSnapshots(fresh())).length, 2);
  });

  it('is changed in no other way, and leaves nothing in the folder where one works', async () => {
    await copyAll();
    const before = await readdir('.');
    const session = withVaultSession({ vault, owner }, { kind: 'x', subject: 'y' }, operation, () =>
      Promise.resolve(1),
    );
    assert.equal((await failureOf(session)).code, 'vaultInRegistry');
    const nobody = (async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.from('x'));
    })();
    assert.equal((await failureOf(vault.blobs.put(nobody))).code, 'vaultInRegistry');
    assert.deepEqual(await readdir('.'), before);
  });

  it('is named by a URL whose first part is the host in any case', () => {
    assert.deepEqual(parseRegistryVault('registry://harbor/team/backups/'), {
      host: 'harbor',
      path: 'team/backups',
    });
    assert.deepEqual(parseRegistryVault('registry://127.0.0.1:5000/b'), {
      host: '127.0.0.1:5000',
      path: 'b',
    });
    assert.deepEqual(parseRegistryVault('registry://docker.io/me/b'), { host: 'docker.io', path: 'me/b' });
    for (const text of [
      'registry://',
      'registry://h',
      'registry://h/',
      'registry://h/a:tag',
      'registry://h/A',
      'x://h/a',
    ])
      assert.throws(() => parseRegistryVault(text), { code: 'badVaultPlace' });
  });
});

/** A store whose one blob came to be zeros. */
function zeroed(store: BlobStore, damaged: Digest): BlobStore {
  return {
    ...store,
    async *open(digest, options) {
      for await (const piece of store.open(digest, options))
        yield digest === damaged ? Buffer.alloc(piece.length) : piece;
    },
  };
}
