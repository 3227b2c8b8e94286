/**
 * A bundle that was made on one engine is applied to every other, by ourselves and, when it is full, by the engine's own
 * load. Run by scripts/test.ts engines, with several engines up at once: DRYDOCK_TEST_HOSTS is "NAME=ADDRESS,…".
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backupImages } from '../../src/core/backup/backupImages.ts';
import { applyImages } from '../../src/core/bundle/applyImages.ts';
import { bundleImages, type MadeBundle } from '../../src/core/bundle/bundleImages.ts';
import { inventoryFrom } from '../../src/core/bundle/bundleInventory.ts';
import { bundleSnapshots } from '../../src/core/bundle/bundleSnapshots.ts';
import { bundleToRestore, vaultOfBundle } from '../../src/core/bundle/bundleToRestore.ts';
import { engineInventory, type Inventory } from '../../src/core/bundle/inventory.ts';
import { planApply, type ApplyPlan } from '../../src/core/bundle/planApply.ts';
import { requireLeftOut } from '../../src/core/bundle/requireLeftOut.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import { unattended } from '../../src/core/progress.ts';
import { executeRestore } from '../../src/core/restore/executeRestore.ts';
import { plannedSending } from '../../src/core/restore/plannedSending.ts';
import { planRestore } from '../../src/core/restore/planRestore.ts';
import { openContents } from '../../src/core/snapshot/openContents.ts';
import { createVault } from '../../src/core/vault/layout.ts';
import { currentProcess } from '../../src/core/vault/processIdentity.ts';
import { failureOf } from '../support/failureOf.ts';
import { engineHost, tarOf, type EngineHost } from '../support/tinyImage.ts';
import { shownImage, shownImages, type ContractImage, type ShownImage } from './contractImages.ts';
import { connectToParty, parties } from './parties.ts';

interface Party {
  readonly engine: Engine;
  readonly host: EngineHost;
  /** `base`, and what stands on it. */
  readonly base: ContractImage;
  readonly child: ContractImage;
}

describe('bundles go from one engine to another', function () {
  this.timeout(180_000);
  const met = new Map<string, Party>();
  let folder: string;
  const at = (name: string): string => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-bundles-'));
    for (const { name, address } of parties) {
      const engine = connectToParty(address);
      const host = engineHost(address);
      const run = randomBytes(4).toString('hex');
      const built = async (what: string, from: string, content: Buffer): Promise<ContractImage> => {
        const tag = `localhost/drydock-test/${run}-${what}:1`;
        const dockerfile = `FROM ${from}\nCOPY file /${what}\n`;
        const context = [
          { name: 'Dockerfile', content: dockerfile },
          { name: 'file', content },
        ];
        await host.build(await tarOf(context), tag);
        return { what, id: (await engine.images.inspect(tag)).id, tags: [tag] };
      };
      const base = await built('base', 'scratch', randomBytes(1 << 20));
      const child = await built('child', base.tags[0] ?? '', randomBytes(5000));
      met.set(name, { engine, host, base, child });
    }
  });
  after(async () => {
    for (const { engine, host } of met.values()) {
      await host.removeLabelled();
      await engine.close();
    }
    await rm(folder, { recursive: true, force: true });
  });

  const party = (name: string): Party => {
    const found = met.get(name);
    assert.ok(found);
    return found;
  };
  const make = (
    { engine }: Party,
    images: readonly ContractImage[],
    path: string,
    more: { readonly had?: Inventory; readonly partBytes?: number } = {},
  ): Promise<MadeBundle> => {
    const how = { replace: true, compression: 'none', nowMs: Date.now() } as const;
    return bundleImages({ engine }, { images, path: at(path), ...how, ...more }, unattended());
  };
  const apply = async ({ engine }: Party, path: string): Promise<ApplyPlan> => {
    const plan = await planApply({ engine }, { path: at(path) }, unattended());
    const deps = { engine, temporaryFolder: folder };
    await applyImages(deps, { plan, keepAs: new Map() }, unattended());
    return plan;
  };
  const remove = async ({ engine, host }: Party, ...images: readonly ContractImage[]): Promise<void> => {
    for (const { tags } of images) {
      const there = Object.entries(await shownImages(host, { withSteps: true }));
      const [id] = there.find(([, names]) => tags.some((tag) => names.includes(tag))) ?? [];
      if (id !== undefined) await engine.images.remove(id, { force: true });
    }
  };
  const requireSame = async (taker: Party, giver: Party, image: ContractImage): Promise<void> => {
    const tag = image.tags[0] ?? '';
    const [there, here] = [await shownImage(taker.host, tag), await shownImage(giver.host, tag)];
    const facts = ({ tags, diffIds, config }: ShownImage): object => ({ tags, diffIds, config });
    assert.deepEqual({ ...facts(there), config: 0 }, { ...facts(here), config: 0 }, image.what);
  };

  for (const { name: from } of parties)
    for (const { name: to } of parties.filter(({ name }) => name !== from)) {
      it(`from ${from} to ${to}: full by either load, then only what is new`, async () => {
        const [giver, taker] = [party(from), party(to)];
        const before = await shownImages(taker.host);
        try {
          const full = await make(giver, [giver.base, giver.child], 'full.tar');
          assert.deepEqual(full.leftOut, []);
          await taker.host.call('POST', '/images/load', await readFile(at('full.tar')));
          await requireSame(taker, giver, giver.base);
          await requireSame(taker, giver, giver.child);
          await remove(taker, giver.child, giver.base);
          await apply(taker, 'full.tar');
          await requireSame(taker, giver, giver.child);

          await remove(taker, giver.child);
          const had = await engineInventory(taker.engine, Date.now());
          const delta = await make(giver, [giver.child], 'delta.tar', { had, partBytes: 5000 });
          await apply(taker, 'delta.tar');
          await requireSame(taker, giver, giver.child);
          await make(giver, [giver.base], 'base.tar');
          const last = await inventoryFrom(at('base.tar'), unattended());
          const byLast = await make(giver, [giver.child], 'last.tar', { had: last });
          assert.ok(byLast.leftOut.length === 1 && byLast.sizeBytes <= delta.sizeBytes);
          await remove(taker, giver.child);
          await apply(taker, 'last.tar');
          await requireSame(taker, giver, giver.child);

          await remove(taker, giver.child, giver.base);
          const lost = await shownImages(taker.host);
          assert.equal((await failureOf(apply(taker, 'last.tar'))).code, 'bundleLacks');
          assert.deepEqual(await shownImages(taker.host), lost);
        } finally {
          await remove(taker, giver.child, giver.base);
        }
        assert.deepEqual(await shownImages(taker.host), before, 'no image is left over');
      });

      it(`from ${from} to ${to}: a snapshot straight out of it`, async () => {
        const [giver, taker] = [party(from), party(to)];
        const vault = await createVault({ path: at(`vault-${from}-${to}`), compression: 'gzip' });
        const owner = await currentProcess();
        const images = [{ id: giver.child.id, tags: giver.child.tags }];
        const [backup] = await backupImages({ engine: giver.engine, vault, owner }, { images }, unattended());
        assert.ok(backup);
        const { snapshot } = backup;
        try {
          for (const kind of ['full', 'delta']) {
            if (kind === 'delta') {
              await make(giver, [giver.base], 'base.tar');
              await apply(taker, 'base.tar');
            }
            const had = kind === 'delta' ? await engineInventory(taker.engine, Date.now()) : undefined;
            const how = { path: at('s.tar'), replace: true, compression: 'none', nowMs: Date.now() } as const;
            const what = { snapshots: [snapshot], ...how, ...(had && { had }) };
            const { leftOut } = await bundleSnapshots({ vault }, what, unattended());
            assert.equal(leftOut.length, had?.target.store === 'classic' ? 1 : 0);
            const bundle = await bundleToRestore(
              { path: at('s.tar'), temporaryFolder: folder },
              unattended(),
            );
            const contents = await openContents(bundle.blobs, snapshot, {});
            const { engine } = taker;
            const plan = await planRestore({ engine, vault: bundle }, { contents, choices: {} });
            await requireLeftOut({ engine, ...bundle }, plannedSending(plan), {});
            const through = await vaultOfBundle(bundle, { dataFolder: folder });
            await executeRestore({ engine, vault: through, owner }, plan, unattended());
            await bundle.close();
            await requireSame(taker, giver, giver.child);
            await remove(taker, giver.child);
          }
        } finally {
          await remove(taker, giver.child, giver.base);
        }
      });
    }
});
