import assert from 'node:assert/strict';
import { mkdir, open, readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { blobPath } from '../../../src/core/archive/archiveContents.ts';
import { bundleSnapshots, type BundleSnapshotsInput } from '../../../src/core/bundle/bundleSnapshots.ts';
import {
  bundleToRestore,
  vaultOfBundle,
  type BundleToRestore,
} from '../../../src/core/bundle/bundleToRestore.ts';
import { bundleImages } from '../../../src/core/bundle/bundleImages.ts';
import { bundleVaultFolder } from '../../../src/core/bundle/bundleVaultFolder.ts';
import { inventoryFrom } from '../../../src/core/bundle/bundleInventory.ts';
import { engineInventory, type Inventory } from '../../../src/core/bundle/inventory.ts';
import { readBundleAt } from '../../../src/core/bundle/readBundle.ts';
import { requireLeftOut } from '../../../src/core/bundle/requireLeftOut.ts';
import type { MadeBundle } from '../../../src/core/bundle/bundleImages.ts';
import { shortDigest, type Digest } from '../../../src/core/digest.ts';
import { failure } from '../../../src/core/errors.ts';
import { unattended } from '../../../src/core/progress.ts';
import { executeRestore, type RestoreParts } from '../../../src/core/restore/executeRestore.ts';
import { plannedSending } from '../../../src/core/restore/plannedSending.ts';
import { planRestore } from '../../../src/core/restore/planRestore.ts';
import type { RestorePlan } from '../../../src/core/restore/restorePlan.ts';
import { openContents } from '../../../src/core/snapshot/openContents.ts';
import type { SnapshotContents } from '../../../src/core/snapshot/snapshot.ts';
import { createVault, type Vault } from '../../../src/core/vault/layout.ts';
import { readLayer } from '../../../src/core/vault/frames.ts';
import { currentProcess, type ProcessIdentity } from '../../../src/core/vault/processIdentity.ts';
import { sampleImage, sampleLayer, type SampleImage } from '../../support/archives/sampleImages.ts';
import { DockEngine } from '../../support/dockEngine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { LyingEngine } from '../../support/lyingEngine.ts';
import { shopSnapshot } from '../../support/shopSnapshot.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

describe('restoring straight out of a bundle of snapshots', function () {
  this.timeout(30_000);
  const folder = temporaryFolder();
  const at = (name: string): string => join(folder.path(), name);
  let vault: Vault;
  let owner: ProcessIdentity;
  let shop: SnapshotContents;
  beforeEach(async () => {
    vault = await createVault({ path: at('vault'), compression: 'zstd' });
    owner = await currentProcess();
    shop = await shopSnapshot({ vault, owner });
    await mkdir(at('passing'));
  });

  const make = (more: Partial<BundleSnapshotsInput> = {}): Promise<MadeBundle> => {
    const place = { path: at('b.tar'), replace: true, compression: 'none', nowMs: Date.now() } as const;
    return bundleSnapshots({ vault }, { snapshots: [shop.snapshot], ...place, ...more }, unattended());
  };
  const openIt = (path = at('b.tar')): Promise<BundleToRestore> =>
    bundleToRestore({ path, temporaryFolder: at('passing') }, unattended());
  /** Fills volumes with what their layer unpacks to, as the store gives it. */
  const partsOf = (dock: DockEngine, { blobs }: Pick<BundleToRestore, 'blobs'>): RestoreParts => ({
    wait: () => Promise.resolve(),
    fill: async ({ parts }, target) => {
      const found = dock.volumes.get(target);
      assert.ok(found);
      for (const { index } of parts)
        for await (const bytes of readLayer(blobs, index)) found.data += String(bytes.length);
    },
  });
  async function planOn(dock: DockEngine, bundle: Pick<BundleToRestore, 'blobs'>): Promise<RestorePlan> {
    const { engine } = dock;
    const contents = await openContents(bundle.blobs, shop.snapshot, {});
    const plan = await planRestore({ engine, vault: bundle }, { contents, choices: {} });
    await requireLeftOut({ engine, ...bundle }, plannedSending(plan), {});
    return plan;
  }
  async function restore(dock: DockEngine, bundle: BundleToRestore): Promise<void> {
    const plan = await planOn(dock, bundle);
    const through = await vaultOfBundle(bundle, { dataFolder: at('data') });
    await executeRestore(
      { engine: dock.engine, vault: through, owner },
      plan,
      unattended(),
      partsOf(dock, bundle),
    );
  }
  /** What was left by a restore: passing files, blobs of its vault, notes. */
  const left = async (): Promise<readonly string[]> => {
    const at = bundleVaultFolder(join(folder.path(), 'data'));
    return [
      ...(await readdir(join(folder.path(), 'passing'))),
      ...(await readdir(join(at, 'blobs', 'sha256'))),
      ...(await readdir(join(at, 'drydock', 'journal'))),
    ];
  };
  /** An engine with the layers that every image of the shop stands on. */
  async function imageBelow(tags: readonly string[] = ['base:1']): Promise<SampleImage> {
    const [layer] = shop.images[0]?.manifests[0]?.layers ?? [];
    assert.ok(layer);
    const pieces: Uint8Array[] = [];
    for await (const piece of readLayer(vault.blobs, layer.index)) pieces.push(piece);
    return sampleImage([Buffer.concat(pieces)], tags);
  }

  it('brings back what a restore out of the vault does, whole, in parts or packed, and leaves nothing', async () => {
    const expected = new DockEngine();
    const plan = await planRestore({ engine: expected.engine, vault }, { contents: shop, choices: {} });
    const deps = { engine: expected.engine, vault, owner };
    await executeRestore(deps, plan, unattended(), partsOf(expected, vault));
    for (const [name, more] of [
      ['whole.tar', {}],
      ['parts.tar', { partBytes: 3000 }],
      ['packed.tar.zst', { compression: 'zstd' }],
      ['packed.tar.gz', { compression: 'gzip', partBytes: 2000 }],
    ] as const) {
      await make({ path: at(name), ...more });
      const bundle = await openIt(at(name));
      assert.deepEqual(
        bundle.snapshots.map(({ id }) => id),
        [shop.snapshot.id],
      );
      const dock = new DockEngine();
      await restore(dock, bundle);
      await bundle.close();
      assert.deepEqual(dock.state(), expected.state(), name);
      assert.deepEqual(await left(), [], name);
    }
  });

  it('gives any range of a blob, across the border of parts, and nothing beyond its end', async () => {
    await make({ partBytes: 1000 });
    const bundle = await openIt();
    for await (const { digest, sizeBytes } of bundle.blobs.list())
      for (const range of [
        { start: 0, end: sizeBytes },
        { start: sizeBytes >> 1, end: sizeBytes },
        { start: 0, end: 1 },
        { start: sizeBytes, end: sizeBytes },
      ]) {
        const [found, wanted] = [
          await bytesOf(bundle.blobs.open(digest, { range })),
          await bytesOf(vault.blobs.open(digest, { range })),
        ];
        assert.deepEqual(found, wanted, `${digest} ${range.start}`);
        const beyond = bundle.blobs.open(digest, { range: { ...range, end: sizeBytes + 1 } });
        assert.equal((await failureOf(bytesOf(beyond))).code, 'blobDamaged');
      }
    const absent = bundle.blobs.open(`sha256:${'0'.repeat(64)}` as Digest);
    assert.equal((await failureOf(bytesOf(absent))).code, 'blobMissing');
  });

  it('fails and puts all back when the file is changed or cut after it was checked', async () => {
    const part = shop.volumes[0]?.parts[0];
    assert.ok(part);
    for (const damage of ['changed', 'cut'] as const) {
      await make();
      const checked = await readBundleAt(at('b.tar'), unattended());
      const place = checked.contents.find(blobPath(part.descriptor.digest));
      assert.ok(place);
      const bundle = await openIt();
      if (damage === 'cut') await truncate(at('b.tar'), place.dataOffset + 5);
      else {
        const file = await open(at('b.tar'), 'r+');
        await file.write(Buffer.from([0xff]), 0, 1, place.dataOffset + 6);
        await file.close();
      }
      const dock = new DockEngine();
      const before = dock.state();
      assert.equal((await failureOf(restore(dock, bundle))).code, 'blobDamaged', damage);
      assert.deepEqual(dock.state(), before);
      assert.deepEqual(await left(), []);
    }
  });

  it('removes what it unpacked when it is cancelled meanwhile', async () => {
    await make({ path: at('b.tar.zst'), compression: 'zstd' });
    const cancel = new AbortController();
    const progress = {
      report: ({ phase }: { readonly phase: string }) => {
        if (phase === 'reading') cancel.abort();
      },
    };
    const opening = bundleToRestore(
      { path: at('b.tar.zst'), temporaryFolder: at('passing') },
      { signal: cancel.signal, progress },
    );
    await assert.rejects(opening, { name: 'AbortError' });
    assert.deepEqual(await readdir(at('passing')), []);
  });

  it('works in a folder that no other user may look into, for what volumes held is kept there', async () => {
    await make();
    await vaultOfBundle(await openIt(), { dataFolder: at('data') });
    assert.equal((await stat(bundleVaultFolder(at('data')))).mode & 0o777, 0o700);
  });

  it('is for snapshots alone', async () => {
    const app = sampleImage([sampleLayer(1)], ['app:1']);
    const images = [{ id: app.configDigest, tags: ['app:1'] }];
    const place = { path: at('b.tar'), replace: false, compression: 'none', nowMs: 0 } as const;
    await bundleImages({ engine: new LyingEngine([app]) }, { images, ...place }, unattended());
    assert.equal((await failureOf(openIt())).code, 'bundleHoldsImages');
  });

  describe('that was made for an engine', () => {
    const inventoryOf = (dock: DockEngine): Promise<Inventory> => engineInventory(dock.engine, Date.now());

    it('lacks the layers that a classic store has below, and is restored there alone', async () => {
      const below = await imageBelow();
      const full = await make();
      const delta = await make({ had: await inventoryOf(new DockEngine([below])) });
      assert.deepEqual(full.leftOut, []);
      assert.equal(delta.leftOut.length, 1);
      const bundle = await openIt();
      const there = new DockEngine([below]);
      await restore(there, bundle);
      assert.ok(there.containers.length > 0);
      const elsewhere = new DockEngine();
      const error = await failureOf(planOn(elsewhere, bundle));
      assert.equal(error.code, 'bundleLacks');
      assert.match(error.message, new RegExp(shortDigest(delta.leftOut[0]?.digest ?? '')));
      assert.deepEqual(elsewhere.done, []);
    });

    it('brings what the last one did not, whose blobs the engine has not kept', async () => {
      const below = await imageBelow();
      await make({ path: at('first.tar'), had: await inventoryOf(new DockEngine([below])) });
      const again = await make({ had: await inventoryFrom(at('first.tar'), unattended()) });
      assert.equal(again.leftOut.length, 1);
      const there = new DockEngine([below]);
      await restore(there, await openIt());
      assert.ok(there.volumes.get('data')?.data);
    });

    it('asks for them however many images the engine has', async () => {
      const below = await imageBelow();
      await make({ had: await inventoryOf(new DockEngine([below])) });
      const others = Array.from({ length: 70 }, (_, seed) =>
        sampleImage([sampleLayer(seed, 10)], [`other:${seed}`]),
      );
      const there = new DockEngine([below, ...others]);
      await restore(there, await openIt());
      assert.ok(there.containers.length > 0);
    });

    it('puts all back when the engine has lost them since the plan', async () => {
      const below = await imageBelow();
      await make({ had: await inventoryOf(new DockEngine([below])) });
      const bundle = await openIt();
      const there = new DockEngine([below]);
      const plan = await planOn(there, bundle);
      await there.images.images.remove('base:1', { force: true });
      const before = there.state();
      const through = await vaultOfBundle(bundle, { dataFolder: at('data') });
      const deps = { engine: there.engine, vault: through, owner };
      const error = await failureOf(executeRestore(deps, plan, unattended(), partsOf(there, bundle)));
      assert.equal(error.code, 'blobMissing');
      assert.deepEqual(there.state(), before);
      assert.deepEqual(await left(), []);
    });

    it('tells why the engine refuses what it was sent, for all of it can’t be sent instead', async () => {
      const below = await imageBelow();
      await make({ had: await inventoryOf(new DockEngine([below])) });
      const bundle = await openIt();
      const there = new DockEngine([below]);
      const before = there.state();
      const full = failure('loadFailed', { reason: 'no space left on device' });
      there.images.lies.load = async (truth) => {
        await truth();
        throw full;
      };
      assert.equal(await failureOf(restore(there, bundle)), full);
      assert.deepEqual(there.state(), before);
      assert.deepEqual(await left(), []);
    });

    it('lacks nothing for stores that could not do without', async () => {
      for (const moreInfo of [{ imageStore: 'containerd' }, { product: 'podman' }] as const) {
        const dock = new DockEngine([await imageBelow()]);
        dock.moreInfo = moreInfo;
        assert.deepEqual((await make({ had: await inventoryOf(dock) })).leftOut, []);
      }
    });
  });
});

async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}
