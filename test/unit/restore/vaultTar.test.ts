import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { readArchive } from '../../../src/core/archive/readArchive.ts';
import type { Archive } from '../../../src/core/archive/archive.ts';
import { idsAfterLoad, type LoadingEngine } from '../../../src/core/archive/shipping.ts';
import { digestOf, hexOf, type Digest } from '../../../src/core/digest.ts';
import type { EngineInfo } from '../../../src/core/engine/records.ts';
import { ociIndexType } from '../../../src/core/oci/mediaTypes.ts';
import { unattended, type ProgressFact } from '../../../src/core/progress.ts';
import { loadingEngine } from '../../../src/core/loading/imagePlan.ts';
import { vaultImages, type VaultImage } from '../../../src/core/restore/vaultImages.ts';
import { vaultTar } from '../../../src/core/restore/vaultTar.ts';
import { landSnapshot } from '../../../src/core/snapshot/landSnapshot.ts';
import type { SnapshotContents } from '../../../src/core/snapshot/snapshot.ts';
import { SnapshotDraft, type CapturedImage } from '../../../src/core/snapshot/snapshotDraft.ts';
import { openSnapshot } from '../../../src/core/snapshot/snapshots.ts';
import { putDocument } from '../../../src/core/vault/blobStore.ts';
import { createVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { withVaultSession } from '../../../src/core/vault/vaultSession.ts';
import { collect } from '../../support/archives/byteStreams.ts';
import { sourceOf, storeImage, storeLayer } from '../../support/capturedThings.ts';
import { failureOf } from '../../support/failureOf.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const docker20: EngineInfo = {
  id: 'E',
  hostName: 'dock',
  product: 'docker',
  version: '20.10.24',
  apiVersion: '1.41',
  imageStore: 'graphdriver',
  storageDriver: 'overlay2',
  platform: { os: 'linux', architecture: 'amd64' },
};
const docker23 = { ...docker20, version: '23.0.1' };
const containerd = { ...docker20, version: '28.5.2', imageStore: 'containerd' } as const;

describe('images of a vault on their way to an engine', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  let vault: Vault;
  let layerDigests: readonly Digest[];
  beforeEach(async () => {
    vault = await createVault({ path: folder.path(), compression: 'zstd' });
  });

  /** Two images that share a layer; the second is an index of two platforms, as a containerd store has it. */
  async function snapshot(compressions: readonly ('none' | 'zstd' | 'gzip')[] = ['zstd', 'zstd']) {
    const owner = await currentProcess();
    const what = { kind: 'backup', subject: 'test' };
    const landed = await withVaultSession({ vault, owner }, what, unattended(), async (session) => {
      const { blobs } = session.vault;
      const base = await storeLayer(blobs, { base: 'b'.repeat(5000) }, compressions[0]);
      const top = await storeLayer(blobs, { top: 't'.repeat(3000) }, compressions[1]);
      layerDigests = [base.descriptor.digest, top.descriptor.digest];
      const image = await storeImage(blobs, [base, top], { tags: ['app:1', 'app:two'] });
      const draft = new SnapshotDraft(blobs);
      await draft.addImage(image);
      const arm = await storeImage(blobs, [base], { tags: [], architecture: 'arm64' });
      const amd = await storeImage(blobs, [top], { tags: [] });
      await draft.addImage(await indexOf([arm, amd]));
      const input = { source: sourceOf('image', 'app:1'), createdMs: 0, imageIds: [image.id] };
      return landSnapshot(session, draft, input, unattended());
    });
    return openSnapshot(vault, landed);
  }
  async function indexOf(images: readonly CapturedImage[]): Promise<CapturedImage> {
    const bytes = JSON.stringify({
      schemaVersion: 2,
      mediaType: ociIndexType,
      manifests: images.map(({ target, platform }) => ({ ...target, platform })),
    });
    const { digest, sizeBytes } = await putDocument(vault.blobs, bytes);
    return {
      id: digest,
      tags: ['multi:1'],
      role: 'image',
      target: { mediaType: ociIndexType, digest, size: sizeBytes },
      platform: { os: 'linux', architecture: 'amd64' },
      layers: images.flatMap(({ layers }) => layers),
    };
  }
  async function imagesFor(info: EngineInfo, contents: SnapshotContents): Promise<readonly VaultImage[]> {
    const chosen = contents.images.map((snapshotImage) => ({ snapshotImage, tags: snapshotImage.tags }));
    return vaultImages(vault.blobs, chosen, info);
  }
  const read = async (images: readonly VaultImage[], engine: LoadingEngine): Promise<Archive> => {
    const bytes = await collect(vaultTar(vault.blobs, images, engine, unattended()));
    const source = {
      name: 'tar',
      async *open() {
        yield await Promise.resolve(bytes);
      },
    };
    return readArchive(source, unattended());
  };
  const compressionsOf = ({ images }: Archive): readonly string[] =>
    images.flatMap(({ layers }) => layers.map(({ compression }) => compression));

  it('sends layers as they lie there to an engine that can read them, and plain ones to one that can’t', async () => {
    const contents = await snapshot();
    const recent = await read(await imagesFor(docker23, contents), loadingEngine(docker23));
    const old = await read(await imagesFor(docker20, contents), loadingEngine(docker20));
    assert.deepEqual(compressionsOf(recent), ['zstd', 'zstd', 'zstd']);
    assert.deepEqual(compressionsOf(old), ['none', 'none', 'none']);
    const app = contents.images.find(({ tags }) => tags.includes('app:1'));
    for (const { images } of [recent, old]) {
      const sent = images.find(({ tags }) => tags.includes('app:1'));
      assert.deepEqual(sent?.tags, ['app:1', 'app:two']);
      assert.equal(sent.configDigest, app?.manifests[0]?.config.digest);
    }
  });

  it('sends layers that lie there in gzip or not packed at all as they are', async () => {
    const contents = await snapshot(['gzip', 'none']);
    const archive = await read(await imagesFor(docker20, contents), loadingEngine(docker20));
    const images = archive.images.filter(({ tags }) => tags.includes('app:1'));
    assert.deepEqual(compressionsOf({ ...archive, images }), ['gzip', 'none']);
  });

  it('chooses the engine’s own platform where it keeps one, and sends all to a containerd store', async () => {
    const contents = await snapshot();
    const platforms = async (info: EngineInfo): Promise<readonly string[]> =>
      (await imagesFor(info, contents))
        .filter(({ image }) => image.tags.includes('multi:1'))
        .map(({ image }) => image.platform.architecture);
    assert.deepEqual(await platforms(docker20), ['amd64']);
    assert.deepEqual([...(await platforms(containerd))].sort(), ['amd64', 'arm64']);
  });

  it('brings manifests and indexes along to a containerd store, so that IDs are as they were', async () => {
    const contents = await snapshot();
    const images = await imagesFor(containerd, contents);
    const engine = loadingEngine(containerd);
    const ids = idsAfterLoad(
      images.map(({ image }) => image),
      engine,
    );
    const expected = contents.images.map(({ target }) => target.digest);
    assert.deepEqual([...new Set(ids.values())], expected);
    const archive = await read(images, engine);
    assert.deepEqual([...new Set(archive.images.map(({ targetDigest }) => targetDigest))], expected);
  });

  it('reports bytes up to the total it named', async () => {
    const images = await imagesFor(docker20, await snapshot());
    const facts: ProgressFact[] = [];
    const operation = { ...unattended(), progress: { report: (fact: ProgressFact) => facts.push(fact) } };
    const bytes = await collect(vaultTar(vault.blobs, images, loadingEngine(docker20), operation));
    const last = facts.at(-1);
    assert.deepEqual([last?.phase, last?.doneBytes], ['sending', bytes.length]);
    assert.equal(last?.totalBytes, bytes.length);
  });

  for (const [what, info] of [
    ['unpacked', docker20],
    ['sent as it is', docker23],
  ] as const)
    it(`fails before the tar’s index when any byte of a layer that is ${what} is damaged`, async () => {
      const images = await imagesFor(info, await snapshot());
      for (const digest of new Set(layerDigests)) {
        const path = `${vault.paths.blobs}/${hexOf(digest)}`;
        const whole = await readFile(path);
        await chmod(path, 0o644);
        for (let at = 0; at < whole.length; at += 1) {
          const bytes = Buffer.from(whole);
          bytes[at] = (bytes[at] ?? 0) ^ 0x40;
          await writeFile(path, bytes);
          let sent = '';
          const error = await failureOf(
            (async () => {
              for await (const chunk of vaultTar(vault.blobs, images, loadingEngine(info), unattended()))
                sent += Buffer.from(chunk).toString('latin1');
            })(),
          );
          assert.equal(error.code, 'blobDamaged', `byte ${at}`);
          assert.ok(!sent.includes('manifest.json'), `byte ${at}`);
        }
        await writeFile(path, whole);
        assert.equal(digestOf(whole), digest);
      }
    });

  it('fails when a blob is missing', async () => {
    const images = await imagesFor(docker20, await snapshot());
    const [first] = layerDigests;
    assert.ok(first);
    await vault.blobs.delete(first);
    const sending = collect(vaultTar(vault.blobs, images, loadingEngine(docker20), unattended()));
    assert.equal((await failureOf(sending)).code, 'blobMissing');
  });
});
