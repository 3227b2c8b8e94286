import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { applySnapshots, type AppliedSnapshots } from '../../../src/core/bundle/applySnapshots.ts';
import { bundleImages, type BundleImagesInput } from '../../../src/core/bundle/bundleImages.ts';
import { engineInventory } from '../../../src/core/bundle/inventory.ts';
import type { Digest } from '../../../src/core/digest.ts';
import { verifyVault } from '../../../src/core/maintenance/verifyVault.ts';
import { unattended } from '../../../src/core/progress.ts';
import { openSnapshot, readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { createVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { containerdStore } from '../../support/archives/producers.ts';
import { sampleImage, sampleLayer } from '../../support/archives/sampleImages.ts';
import { failureOf } from '../../support/failureOf.ts';
import { LyingEngine } from '../../support/lyingEngine.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const [low, high] = [sampleLayer(1, 30_000), sampleLayer(2, 3000)];
const base = sampleImage([low], ['base:1']);
const app = sampleImage([low, high], ['app:1', 'app:latest']);
const nowMs = Date.UTC(2026, 10, 21);

describe('a bundle of images in a vault', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  const at = (name: string): string => join(folder.path(), name);
  let vault: Vault;
  beforeEach(async () => {
    vault = await createVault({ path: at('vault'), compression: 'zstd' });
  });

  const make = async (
    engine: LyingEngine,
    id: Digest,
    more: Partial<BundleImagesInput> = {},
  ): Promise<void> => {
    const { tags } = await engine.images.inspect(id);
    const place = { path: at('b.tar'), replace: true, compression: 'none', nowMs } as const;
    await bundleImages({ engine }, { images: [{ id, tags }], ...place, ...more }, unattended());
  };
  const apply = async (): Promise<AppliedSnapshots> =>
    applySnapshots({ vault, owner: await currentProcess() }, { path: at('b.tar') }, unattended());
  const requireWhole = async (): Promise<void> => {
    const owner = await currentProcess();
    const { problems } = await verifyVault({ vault, owner }, { depth: 'contents' }, unattended());
    assert.deepEqual(problems, []);
  };

  it('becomes a snapshot of each image, as a backup of its engine makes it', async () => {
    await make(new LyingEngine([app]), app.configDigest);
    const { snapshots, stored } = await apply();
    assert.equal(stored.blobs, 2);
    const [one] = snapshots;
    assert.ok(one);
    assert.deepEqual(one.snapshot.source, {
      kind: 'image',
      name: 'app:1',
      engineId: 'LIAR',
      engineName: 'dock',
    });
    const [image] = (await openSnapshot(vault, one.snapshot)).images;
    assert.deepEqual([image?.id, image?.tags], [app.configDigest, app.tags]);
    assert.deepEqual(
      image?.manifests[0]?.layers.map(({ diffId }) => diffId),
      app.diffIds,
    );
    assert.equal(image.manifests[0].config.digest, app.configDigest);
    await requireWhole();
  });

  it('brings only what the vault lacks, and is refused where it lacks what did not travel', async () => {
    const had = await engineInventory(new LyingEngine([base]), nowMs);
    await make(new LyingEngine([app]), app.configDigest, { had });
    const error = await failureOf(apply());
    assert.equal(error.code, 'bundleLacks');
    assert.match(error.message, new RegExp(base.diffIds[0]?.slice(7, 19) ?? '-'));
    assert.deepEqual(await readSnapshots(vault), []);
    await make(new LyingEngine([base]), base.configDigest);
    await apply();
    await make(new LyingEngine([app]), app.configDigest, { had });
    assert.equal((await apply()).stored.blobs, 1);
    assert.equal((await readSnapshots(vault)).length, 2);
    await requireWhole();
  });

  it('keeps an image of a containerd store as it is, with its index and its attestation', async () => {
    const { bytes, targetDigest } = containerdStore(app);
    const engine = new LyingEngine([app]);
    engine.lies.info = async (truth) => ({ ...(await truth()), imageStore: 'containerd' });
    engine.lies.inspect = async (truth) => ({ ...(await truth()), id: targetDigest });
    engine.lies.save = () => Promise.resolve(Readable.from([bytes]));
    await bundleImages(
      { engine: withId(engine, app.configDigest) },
      {
        images: [{ id: targetDigest, tags: app.tags }],
        path: at('b.tar'),
        replace: true,
        compression: 'gzip',
        nowMs,
      },
      unattended(),
    );
    const { snapshots } = await apply();
    const [one] = snapshots;
    assert.ok(one);
    const [image] = (await openSnapshot(vault, one.snapshot)).images;
    assert.deepEqual([image?.id, image?.target.digest], [targetDigest, targetDigest]);
    assert.deepEqual(
      image?.manifests[0]?.layers.map(({ diffId }) => diffId),
      app.diffIds,
    );
    await requireWhole();
  });
});

/** The engine, which finds its image whatever it is asked for. */
function withId(engine: LyingEngine, id: Digest): LyingEngine {
  const { images } = engine;
  return Object.assign(engine, { images: { ...images, inspect: () => images.inspect(id) } });
}
