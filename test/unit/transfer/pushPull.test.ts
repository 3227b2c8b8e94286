import assert from 'node:assert/strict';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { annotateSnapshots } from '../../../src/core/maintenance/annotateSnapshots.ts';
import { verifyVault } from '../../../src/core/maintenance/verifyVault.ts';
import { parseImageIndex, parseManifest } from '../../../src/core/oci/manifest.ts';
import { ociIndexType, ociManifestType } from '../../../src/core/oci/mediaTypes.ts';
import { unattended } from '../../../src/core/progress.ts';
import type { RemoteRegistry, RemoteRepository } from '../../../src/core/registry/remoteRepository.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import { openSnapshot, readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { pullSnapshot } from '../../../src/core/transfer/pullSnapshot.ts';
import { pushImage } from '../../../src/core/transfer/pushImage.ts';
import { pushSnapshot } from '../../../src/core/transfer/pushSnapshot.ts';
import { createVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess, type ProcessIdentity } from '../../../src/core/vault/processIdentity.ts';
import { blobPath } from '../../../src/core/vault/vaultPaths.ts';
import { failureOf } from '../../support/failureOf.ts';
import { FakeRegistry } from '../../support/fakeRegistry.ts';
import { blobsIn } from '../../support/keptVault.ts';
import { pushedVaults, type PushedVault } from '../../support/pushedVault.ts';
import { registryHere } from '../../support/registryHere.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const operation = unattended();

describe('a vault and a registry', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const vaults = pushedVaults();
  let made: PushedVault;
  let other: Vault;
  let owner: ProcessIdentity;
  let server: FakeRegistry;
  let registry: RemoteRegistry;
  let to: RemoteRepository;
  beforeEach(async () => {
    made = await vaults.copy(join(folder.path(), 'vault'));
    other = await createVault({ path: join(folder.path(), 'other'), compression: 'gzip' });
    owner = await currentProcess();
    server = new FakeRegistry();
    server.wantsEverything = true;
    await server.start();
    registry = registryHere(server.host);
    to = registry.repository('backups');
  });
  afterEach(async () => {
    registry.close();
    await server.stop();
  });

  const push = (snapshot: Snapshot, tag = 't') =>
    pushSnapshot({ from: made.vault, to }, { snapshot, tag }, operation);
  const pull = (ref = 't') => pullSnapshot({ from: to, to: other, owner }, { ref }, operation);
  const requireSound = async (): Promise<void> => {
    const { problems } = await verifyVault({ vault: other, owner }, { depth: 'contents' }, operation);
    assert.deepEqual(problems, []);
    assert.deepEqual(await readdir(other.paths.partial), []);
    assert.deepEqual(await readdir(other.paths.journal), []);
  };

  for (const name of ['container', 'image', 'platforms', 'sparse'] as const)
    it(`bring the snapshot of ${name} back under its ID, by tag and by digest`, async () => {
      const snapshot = made[name];
      const { digest, form } = await push(snapshot);
      assert.equal(form, name === 'sparse' ? 'parcel' : 'index');
      if (form === 'index') assert.equal(digest, snapshot.id);
      const pulled = await pull();
      assert.equal(pulled.wasThere, false);
      assert.equal(pulled.fetched.blobs, (await blobsIn(other.blobs)).length);
      const there = (await readSnapshots(other)).find(({ id }) => id === snapshot.id);
      assert.equal(there?.verified?.depth, 'digests');
      const { verified } = there;
      assert.deepEqual(there, { ...snapshot, verified, newBytes: pulled.fetched.bytes });
      await requireSound();
      const again = await pull(digest);
      assert.deepEqual([again.wasThere, again.fetched], [true, { blobs: 0, bytes: 0 }]);
    });

  it('send only what the registry lacks, and mount what another repository of it has', async () => {
    await push(made.image);
    server.seen.length = 0;
    const again = await push(made.image);
    assert.deepEqual([again.blobs.sent, again.sentBytes], [0, 0]);
    assert.ok(!server.asked.some((call) => call.startsWith('PATCH') || call.startsWith('POST')));
    const places = new Map();
    await pushSnapshot({ from: made.vault, to }, { snapshot: made.image, tag: 'a' }, operation, places);
    const elsewhere = registry.repository('more/backups');
    const deps = { from: made.vault, to: elsewhere };
    const { blobs } = await pushSnapshot(deps, { snapshot: made.image, tag: 'a' }, operation, places);
    assert.deepEqual([blobs.sent, blobs.there], [0, 0]);
    assert.ok(blobs.mounted > 0);
  });

  it('fetch only what the other vault lacks', async () => {
    await push(made.image, 'image');
    await push(made.container, 'container');
    await pull('image');
    const before = (await blobsIn(other.blobs)).length;
    const { fetched } = await pull('container');
    assert.equal(fetched.blobs, (await blobsIn(other.blobs)).length - before);
    await requireSound();
  });

  it('keep pins and tags of later days where they were put on', async () => {
    const ids = [made.image.id];
    await annotateSnapshots(
      { vault: made.vault, owner },
      { ids, change: { isPinned: true, addTags: ['later'] } },
    );
    await push(made.image);
    const { snapshot } = await pull();
    assert.deepEqual([snapshot.isPinned, snapshot.tags], [false, []]);
  });

  it('stop at a blob of the vault that is damaged, and move no tag', async () => {
    const { images } = await openSnapshot(made.vault, made.image);
    const layer = images[0]?.manifests[0]?.layers[0]?.descriptor;
    assert.ok(layer);
    const path = blobPath(made.vault.paths, layer.digest);
    const bytes = await readFile(path);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await chmod(path, 0o644);
    await writeFile(path, bytes);
    const { code, details } = await failureOf(push(made.image));
    assert.deepEqual([code, details['digest']], ['blobDamaged', layer.digest]);
    assert.equal(await to.headManifest('t'), undefined);
    assert.equal(await to.headBlob(layer.digest), undefined);
  });

  it('notice that the registry does not have what it took', async () => {
    server.faults.push((request, _, { path }) => {
      // A store behind it that forgets.
      if (request.method === 'PUT' && path.includes('/manifests/'))
        for (const key of [...server.blobs.keys()].slice(0, 1)) server.blobs.delete(key);
      return 'passes';
    });
    server.wantsEverything = false;
    const { code, details } = await failureOf(push(made.image));
    assert.deepEqual([code, details['found']], ['registryContentWrong', 'nothing']);
  });

  it('list nothing when a blob in the registry is another one, or gone', async () => {
    await push(made.container);
    for (const [key, bytes] of [...server.blobs]) {
      const fresh = await createVault({
        path: join(folder.path(), `v${key.slice(-8)}`),
        compression: 'zstd',
      });
      server.blobs.set(key, Buffer.alloc(bytes.length, 1));
      const deps = { from: to, to: fresh, owner };
      assert.equal(
        (await failureOf(pullSnapshot(deps, { ref: 't' }, operation))).code,
        'registryContentWrong',
      );
      server.blobs.delete(key);
      assert.equal((await failureOf(pullSnapshot(deps, { ref: 't' }, operation))).code, 'registryMissing');
      server.blobs.set(key, bytes);
      assert.deepEqual(await readSnapshots(fresh), []);
      assert.deepEqual(await readdir(fresh.paths.partial), []);
      assert.deepEqual(await readdir(fresh.paths.journal), []);
    }
  });

  it('list nothing when a document in the registry is another one, or gone', async () => {
    await push(made.container);
    for (const [key, manifest] of [...server.manifests]) {
      if (!key.includes('sha256:') || key.includes(made.container.id)) continue;
      server.manifests.set(key, { ...manifest, bytes: Buffer.concat([manifest.bytes, Buffer.from(' ')]) });
      await assert.rejects(pull(), { code: 'registryContentWrong' });
      server.manifests.delete(key);
      await assert.rejects(pull(), { code: 'registryMissing' });
      server.manifests.set(key, manifest);
    }
    assert.deepEqual(await readSnapshots(other), []);
  });

  it('put damage in the other vault right where its size tells, and name it where it does not', async () => {
    await push(made.image);
    await pull();
    const [blob] = (await blobsIn(other.blobs)).filter(({ sizeBytes }) => sizeBytes > 1000);
    assert.ok(blob);
    const path = blobPath(other.paths, blob.digest);
    await chmod(path, 0o644);
    await writeFile(path, 'x');
    await pull();
    await requireSound();
    await chmod(path, 0o644);
    await writeFile(path, Buffer.alloc(blob.sizeBytes));
    assert.equal((await failureOf(pull())).code, 'blobDamaged');
  });

  it('say that an image is no snapshot, and that there is none', async () => {
    const contents = await openSnapshot(made.vault, made.image);
    const [image] = contents.images;
    assert.ok(image);
    await pushImage({ from: made.vault, to }, { image, tag: 'image', compression: 'keep' }, operation);
    assert.equal((await failureOf(pull('image'))).code, 'notASnapshot');
    assert.equal((await failureOf(pull('none'))).code, 'registryMissing');
  });

  it('leave nothing when a pull is cancelled in the middle', async () => {
    await push(made.container);
    const cancel = new AbortController();
    server.faults.push((_, __, { path }) => {
      if (path.includes('/blobs/')) cancel.abort();
      return 'passes';
    });
    const cancelled = { ...operation, signal: cancel.signal };
    await assert.rejects(pullSnapshot({ from: to, to: other, owner }, { ref: 't' }, cancelled), {
      name: 'AbortError',
    });
    assert.deepEqual(await readSnapshots(other), []);
    assert.deepEqual(await readdir(other.paths.partial), []);
    assert.deepEqual(await readdir(other.paths.locks), []);
  });
});

describe('an image of a vault in a registry', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const vaults = pushedVaults();
  let made: PushedVault;
  let server: FakeRegistry;
  let registry: RemoteRegistry;
  let to: RemoteRepository;
  beforeEach(async () => {
    made = await vaults.copy(join(folder.path(), 'vault'));
    server = new FakeRegistry();
    server.wantsEverything = true;
    await server.start();
    registry = registryHere(server.host);
    to = registry.repository('app');
  });
  afterEach(async () => {
    registry.close();
    await server.stop();
  });

  const pushed = async (snapshot: Snapshot, compression: 'keep' | 'gzip' = 'keep') => {
    const [image] = (await openSnapshot(made.vault, snapshot)).images;
    assert.ok(image);
    const result = await pushImage({ from: made.vault, to }, { image, tag: '1', compression }, operation);
    const found = await to.getManifest('1');
    assert.ok(found);
    assert.equal(found.digest, result.digest);
    return { image, result, found };
  };

  it('has the very manifest that the vault has', async () => {
    const { image, result, found } = await pushed(made.image);
    assert.deepEqual([found.digest, result.isRewritten], [image.target.digest, false]);
    assert.equal(found.mediaType, ociManifestType);
    // Nothing of ours beside it.
    assert.equal(server.blobs.size, 3);
  });

  it('has all platforms under its own index', async () => {
    const { image, result, found } = await pushed(made.platforms);
    assert.deepEqual(
      [found.digest, result.isRewritten, found.mediaType],
      [image.target.digest, false, ociIndexType],
    );
  });

  it('has the platforms that there are where its index names more', async () => {
    const { image, result, found } = await pushed(made.sparse);
    assert.equal(result.isRewritten, true);
    assert.equal(found.digest, image.manifests[0]?.descriptor.digest);
  });

  it('has layers that old engines read where that is wanted, and the same config', async () => {
    const { image, result, found } = await pushed(made.image, 'gzip');
    assert.equal(result.isRewritten, true);
    const { config, layers } = parseManifest(found.bytes, 'test');
    assert.equal(config.digest, image.manifests[0]?.config.digest);
    assert.deepEqual(
      layers?.map(({ mediaType }) => mediaType),
      ['application/vnd.oci.image.layer.v1.tar+gzip', 'application/vnd.oci.image.layer.v1.tar+gzip'],
    );
    // Packed again it is the same: nothing is sent twice.
    const again = await pushed(made.image, 'gzip');
    assert.deepEqual([again.found.digest, again.result.blobs.sent], [found.digest, 0]);
  });

  it('that is gzip already is not packed anew', async () => {
    const { image, found } = await pushed(made.platforms, 'gzip');
    assert.equal(found.digest, image.target.digest);
    assert.equal(parseImageIndex(found.bytes, 'test').manifests?.length, 2);
  });
});
