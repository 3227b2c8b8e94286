import assert from 'node:assert/strict';
import { chmod, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, type Digest } from '../../../src/core/digest.ts';
import { ociIndexType, ociManifestType } from '../../../src/core/oci/mediaTypes.ts';
import { unattended } from '../../../src/core/progress.ts';
import { landSnapshot } from '../../../src/core/snapshot/landSnapshot.ts';
import { openSnapshot, readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { SnapshotDraft } from '../../../src/core/snapshot/snapshotDraft.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import type { CapturedVolume } from '../../../src/core/snapshot/snapshotRecords.ts';
import { putDocument } from '../../../src/core/vault/blobStore.ts';
import { readLayer } from '../../../src/core/vault/frames.ts';
import { createVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess, type ProcessIdentity } from '../../../src/core/vault/processIdentity.ts';
import { descriptorOf } from '../../../src/core/vault/snapshotDocuments.ts';
import { blobPath } from '../../../src/core/vault/vaultPaths.ts';
import { withVaultSession, type VaultSession } from '../../../src/core/vault/vaultSession.ts';
import { collect } from '../../support/archives/byteStreams.ts';
import {
  containerDocument,
  projectDocument,
  sourceOf,
  storeImage,
  storeLayer,
  volumeDocument,
} from '../../support/capturedThings.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const createdMs = Date.parse('2026-11-21T10:20:30.400Z');

describe('landing a snapshot', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  let vault: Vault;
  let owner: ProcessIdentity;
  beforeEach(async () => {
    vault = await createVault({ path: folder.path(), compression: 'zstd' });
    owner = await currentProcess();
  });

  const inSession = <T>(work: (session: VaultSession) => Promise<T>): Promise<T> =>
    withVaultSession({ vault, owner }, { kind: 'backup', subject: 'test' }, unattended(), work);
  const landImage = (session: VaultSession, content: string, name = 'app:1'): Promise<Snapshot> =>
    landDraft(session, content, name, () => Promise.resolve());
  async function landDraft(
    session: VaultSession,
    content: string,
    name: string,
    before: (layer: Digest) => Promise<void>,
  ): Promise<Snapshot> {
    const { blobs } = session.vault;
    const layer = await storeLayer(blobs, { 'etc/motd': content });
    const image = await storeImage(blobs, [layer], { tags: [name] });
    const draft = new SnapshotDraft(blobs);
    await draft.addImage(image);
    await before(layer.descriptor.digest);
    const input = { source: sourceOf('image', name), createdMs, imageIds: [image.id] };
    return landSnapshot(session, draft, input, unattended());
  }
  const indexFile = (): Promise<string> => readFile(vault.paths.index, 'utf8');
  const damage = async (layer: Digest): Promise<void> => {
    const path = blobPath(vault.paths, layer);
    const bytes = await readFile(path);
    bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 1;
    await chmod(path, 0o644);
    await writeFile(path, bytes);
  };

  it('puts all that was captured into one entry, and gives it back', async () => {
    const landed = await inSession(async (session) => {
      const { blobs } = session.vault;
      const base = await storeLayer(blobs, { base: 'b' });
      const top = await storeLayer(blobs, { top: 't' });
      const image = await storeImage(blobs, [base]);
      const writable = await storeImage(blobs, [base, top], { tags: [], role: 'writable' });
      const part = await storeLayer(blobs, { 'v/file': 'data' });
      const file = await putDocument(blobs, 'services: {}');
      const draft = new SnapshotDraft(blobs);
      await draft.addImage(image);
      await draft.addImage({ ...image, tags: ['app:2'] });
      await draft.addImage(writable);
      const document = volumeDocument('data', [part]);
      // Said of every volume, so it is in the document and no reason to look at this one.
      const remarks = [...document.remarks, { kind: 'xattrs', subject: '.' } as const];
      await draft.addVolume({ ...document, remarks }, [part]);
      await draft.addContainer(containerDocument('web-1', image));
      await draft.addProject(projectDocument('shop', [{ path: '/srv/compose.yaml', ...file }]), [file]);
      const input = {
        source: sourceOf('project', 'shop'),
        createdMs,
        imageIds: [image.id],
        tags: ['a, "b"', 'ü'],
      };
      return landSnapshot(session, draft, input, unattended());
    });

    const [found, ...others] = await readSnapshots(vault);
    assert.deepEqual(others, []);
    assert.deepEqual(found, landed);
    assert.equal(landed.refName, 'project/shop:20261121T102030Z');
    assert.equal(landed.remarkCount, 1);
    assert.deepEqual(landed.tags, ['a, "b"', 'ü']);
    assert.equal(landed.plainBytes, 3 * 2048 + 'services: {}'.length);
    assert.equal(landed.verified?.depth, 'digests');

    const contents = await openSnapshot(vault, landed);
    assert.deepEqual(
      contents.images.map(({ role, tags }) => [role, tags]),
      [
        ['image', ['app:1', 'app:2']],
        ['writable', []],
      ],
    );
    const [container] = contents.containers;
    assert.deepEqual(container?.document.mounts.length, 2);
    assert.equal(container.document.imageManifest, contents.images[0]?.target.digest);
    assert.equal(contents.project?.document.files[0]?.digest, digestOf('services: {}'));
    const [volume] = contents.volumes;
    assert.equal(volume?.document.name, 'data');
    const [part] = volume.parts;
    assert.ok(part);
    assert.equal(digestOf(await collect(readLayer(vault.blobs, part.index))), part.diffId);
  });

  it('counts every blob of the session as new once, and only the first time', async () => {
    const [first, second] = await inSession(
      async (session) => [await landImage(session, 'one'), await landImage(session, 'one', 'app:2')] as const,
    );
    let stored = 0;
    for await (const { sizeBytes } of vault.blobs.list()) stored += sizeBytes;
    assert.equal(first.newBytes + second.newBytes, stored);
    const third = await inSession((session) => landImage(session, 'one', 'app:2'));
    assert.equal(third.newBytes, third.sizeBytes);
  });

  it('gives each snapshot of one moment a name of its own', async () => {
    await inSession((session) => landImage(session, 'one'));
    const again = await inSession((session) => landImage(session, 'two'));
    assert.equal(again.refName, 'app:1-20261121T102030Z-2');
    assert.equal((await readSnapshots(vault)).length, 2);
  });

  it('reads back each blob once in a session', async () => {
    const opened: Digest[] = [];
    const { blobs } = vault;
    vault = {
      ...vault,
      blobs: {
        ...blobs,
        open: (digest, options) => {
          opened.push(digest);
          return blobs.open(digest, options);
        },
      },
    };
    const layers: Digest[] = [];
    await inSession(async (session) => {
      const watch = (layer: Digest): Promise<void> => {
        layers.push(layer);
        return Promise.resolve();
      };
      await landDraft(session, 'one', 'app:1', watch);
      await landDraft(session, 'one', 'app:2', watch);
    });
    assert.equal(opened.filter((digest) => digest === layers[0]).length, 1);
  });

  it('leaves index.json as it was when a layer was damaged or lost on its way', async () => {
    const before = await indexFile();
    await assert.rejects(
      inSession((session) => landDraft(session, 'one', 'app:1', damage)),
      { code: 'blobDamaged' },
    );
    const lose = (layer: Digest): Promise<void> => rm(blobPath(vault.paths, layer));
    await assert.rejects(
      inSession((session) => landDraft(session, 'two', 'app:1', lose)),
      { code: 'blobMissing' },
    );
    assert.equal(await indexFile(), before);
    assert.deepEqual(await readdir(vault.paths.locks), []);
    assert.deepEqual(await readdir(vault.paths.journal), []);
  });

  it('lists nothing that rests on a blob from before that has rotted', async () => {
    await inSession((session) => landImage(session, 'one'));
    const before = await indexFile();
    const again = inSession((session) => landDraft(session, 'one', 'app:2', damage));
    await assert.rejects(again, { code: 'blobDamaged' });
    assert.equal(await indexFile(), before);
  });

  it('lists nothing that can’t be opened again, whatever its digests are', async () => {
    const before = await indexFile();
    const land = (change: Partial<CapturedVolume>): Promise<Snapshot> =>
      inSession(async (session) => {
        const { blobs } = session.vault;
        const part = await storeLayer(blobs, { 'v/file': 'data' });
        const draft = new SnapshotDraft(blobs);
        await draft.addVolume({ ...volumeDocument('data', [part]), ...change }, [part]);
        const input = { source: sourceOf('volume', 'data'), createdMs, imageIds: [] };
        return landSnapshot(session, draft, input, unattended());
      });
    await assert.rejects(land({ labels: { long: 'x'.repeat((1 << 20) + 1) } }), { code: 'badJson' });
    await assert.rejects(land({ entryCount: -1 }), { code: 'badJson' });
    assert.equal(await indexFile(), before);
    await land({ labels: { long: 'x'.repeat(1 << 20) } });
  });

  it('lists nothing when the vault was taken away while it read back', async () => {
    const before = await indexFile();
    const lost = inSession((session) =>
      landDraft(session, 'one', 'app:1', async () => {
        for (const name of await readdir(vault.paths.locks)) await rm(join(vault.paths.locks, name));
      }),
    );
    await assert.rejects(lost, { code: 'vaultLockLost' });
    assert.equal(await indexFile(), before);
  });

  it('lands the same new things twice at once, each blob stored once and both snapshots whole', async () => {
    const landed = await Promise.all(
      ['app:1', 'app:2', 'app:3'].map((name) => inSession((session) => landImage(session, 'same', name))),
    );
    const layers = new Set<Digest>();
    for (const snapshot of landed)
      for (const { manifests } of (await openSnapshot(vault, snapshot)).images)
        for (const { index } of manifests.flatMap((manifest) => manifest.layers)) {
          assert.equal(digestOf(await collect(readLayer(vault.blobs, index))), index.diffId);
          layers.add(index.digest);
        }
    assert.equal(layers.size, 1);
    let stored = 0;
    for await (const { sizeBytes } of vault.blobs.list()) stored += sizeBytes;
    assert.equal(
      landed.reduce((sum, { newBytes }) => sum + newBytes, 0),
      stored,
    );
  });

  it('rests on blobs of a session beside it that is cancelled', async () => {
    const controller = new AbortController();
    const { promise: isStored, resolve: stored } = Promise.withResolvers<undefined>();
    const cancelled = withVaultSession(
      { vault, owner },
      { kind: 'backup', subject: 'first' },
      { signal: controller.signal },
      (session) =>
        landDraft(session, 'shared', 'app:1', async () => {
          stored(undefined);
          await new Promise((_, reject) => {
            session.signal.addEventListener('abort', () => {
              reject(session.signal.reason as Error);
            });
          });
        }),
    );
    const outcome = assert.rejects(cancelled, { name: 'AbortError' });
    await isStored;
    const second = await inSession((session) =>
      landDraft(session, 'shared', 'app:2', () => {
        controller.abort();
        return outcome;
      }),
    );
    assert.deepEqual(await readSnapshots(vault), [second]);
    const [image] = (await openSnapshot(vault, second)).images;
    for (const { index } of image?.manifests[0]?.layers ?? [])
      assert.equal(digestOf(await collect(readLayer(vault.blobs, index))), index.diffId);
  });

  it('leaves index.json as it was when it is cancelled while it reads back', async () => {
    const before = await indexFile();
    const controller = new AbortController();
    const operation = {
      signal: controller.signal,
      progress: {
        report: () => {
          controller.abort();
        },
      },
    };
    await assert.rejects(
      inSession(async (session) => {
        const { blobs } = session.vault;
        const image = await storeImage(blobs, [await storeLayer(blobs, { a: 'b' })]);
        const draft = new SnapshotDraft(blobs);
        await draft.addImage(image);
        const input = { source: sourceOf('image', 'app:1'), createdMs, imageIds: [image.id] };
        return landSnapshot(session, draft, input, operation);
      }),
      { name: 'AbortError' },
    );
    assert.equal(await indexFile(), before);
  });

  it('lists the platforms of an image that are whole, the engine’s own first, and keeps its index as it is', async () => {
    const landed = await inSession(async (session) => {
      const { blobs } = session.vault;
      const base = await storeLayer(blobs, { base: 'b' });
      const arm = await storeImage(blobs, [base], { architecture: 'arm64' });
      const amd = await storeImage(blobs, [base], { architecture: 'amd64' });
      const absent = descriptorOf(arm.target.mediaType, { digest: digestOf('absent'), sizeBytes: 7 });
      // As tools put signatures beside the platforms: no image, and without a platform.
      const signature = {
        schemaVersion: 2,
        config: descriptorOf('application/vnd.oci.empty.v1+json', await putDocument(blobs, '{}')),
        layers: [],
      };
      const listed = [
        descriptorOf(ociManifestType, await putDocument(blobs, JSON.stringify(signature))),
        { ...absent, platform: { os: 'linux', architecture: 's390x' } },
        { ...arm.target, platform: arm.platform },
        { ...amd.target, platform: amd.platform },
      ];
      const index = JSON.stringify({ schemaVersion: 2, mediaType: ociIndexType, manifests: listed });
      const target = descriptorOf(ociIndexType, await putDocument(blobs, index));
      const draft = new SnapshotDraft(blobs);
      const id = target.digest;
      await draft.addImage({
        id,
        tags: ['app:1'],
        role: 'image',
        target,
        platform: amd.platform,
        layers: [base],
      });
      const input = { source: sourceOf('image', 'app:1'), createdMs, imageIds: [id] };
      return landSnapshot(session, draft, input, unattended());
    });
    const { images } = await openSnapshot(vault, landed);
    assert.equal(images.length, 1);
    assert.equal(images[0]?.target.digest, images[0]?.id);
    assert.deepEqual(
      images[0]?.manifests.map(({ platform }) => platform.architecture),
      ['amd64', 'arm64'],
    );
  });
});

describe('a session on a vault', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  let vault: Vault;
  let owner: ProcessIdentity;
  beforeEach(async () => {
    vault = await createVault({ path: folder.path(), compression: 'zstd' });
    owner = await currentProcess();
  });
  const inSession = <T>(work: (session: VaultSession) => Promise<T>): Promise<T> =>
    withVaultSession({ vault, owner }, { kind: 'backup', subject: 'test' }, unattended(), work);

  it('leaves neither lock nor journal when all of its notes are settled, done or failed', async () => {
    await inSession(async ({ journal }) => {
      assert.deepEqual((await readdir(vault.paths.locks)).length, 1);
      await journal.settle(await journal.note('a', {}));
    });
    await assert.rejects(
      inSession(async ({ journal }) => {
        await journal.settle(await journal.note('a', {}));
        throw new Error('no');
      }),
      /no/,
    );
    assert.deepEqual(await readdir(vault.paths.locks), []);
    assert.deepEqual(await readdir(vault.paths.journal), []);
  });

  it('leaves its journal, and no lock, when a note is open at its end', async () => {
    const id = await inSession(async ({ journal, operationId }) => {
      await journal.settle(await journal.note('a', {}));
      await journal.note('b', {});
      return operationId;
    });
    assert.deepEqual(await readdir(vault.paths.locks), []);
    assert.deepEqual(await readdir(vault.paths.journal), [`${id}.jsonl`]);
  });
});
