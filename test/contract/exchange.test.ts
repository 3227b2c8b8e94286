/**
 * Images that one engine saved are loaded by every other. Run by scripts/test.ts engines, with several engines up at
 * once: DRYDOCK_TEST_HOSTS is "NAME=ADDRESS,…".
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { saveImages } from '../../src/core/backup/saveImages.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import { unattended } from '../../src/core/progress.ts';
import { loadArchive } from '../../src/core/restore/loadArchive.ts';
import { planLoad, type LoadPlan } from '../../src/core/restore/planLoad.ts';
import { engineHost, type EngineHost } from '../support/tinyImage.ts';
import {
  makeContractImages,
  shownImage,
  shownImages,
  type ContractImage,
  type ShownImage,
} from './contractImages.ts';
import { connectToParty, parties } from './parties.ts';

interface Party {
  readonly name: string;
  readonly engine: Engine;
  readonly host: EngineHost;
  readonly images: readonly ContractImage[];
  readonly shown: readonly ShownImage[];
}

describe('images go from one engine to another', function () {
  this.timeout(180_000);
  const met = new Map<string, Party>();
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-exchange-'));
    for (const { name, address } of parties) {
      const engine = connectToParty(address);
      const host = engineHost(address);
      const run = randomBytes(4).toString('hex');
      const images = await makeContractImages(engine, host, { run, folder });
      const shown = await Promise.all(images.map(({ id }) => shownImage(host, id)));
      met.set(name, { name, engine, host, images, shown });
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

  // Each pair once, and both forms in turn: all of them with both would take twice the time for the same paths.
  const pairs = parties.flatMap(({ name: from }) =>
    parties.filter(({ name }) => name !== from).map(({ name: to }) => [from, to] as const),
  );
  for (const [index, [from, to]] of pairs.entries()) {
    const form = index % 2 === 0 ? 'docker-archive' : 'oci-archive';
    it(`from ${from} to ${to} and back (${form})`, async () => {
      const [giver, taker] = [party(from), party(to)];
      const path = join(folder, `${from}-${to}-${form}`);
      const { images } = giver;
      await saveImages(
        { engine: giver.engine },
        { images, path, form, compression: 'none', replace: false },
        unattended(),
      );
      const before = await shownImages(taker.host);
      const plan = await load(taker, path);
      assert.equal(plan.images.length, images.length);
      try {
        const configs = plan.images.map(({ image }) => image.configDigest);
        const byTag = new Map(plan.images.map((one) => [one.image.tags[0] ?? '', one]));
        for (const [index, image] of images.entries()) {
          const planned = byTag.get(image.tags[0] ?? '');
          assert.ok(planned, image.what);
          const shown = await shownImage(taker.host, planned.id);
          assert.equal(shown.id, planned.id);
          assert.deepEqual(shown.tags, giver.shown[index]?.tags, image.what);
          assert.deepEqual(shown.diffIds, giver.shown[index]?.diffIds, image.what);
        }
        const taken = plan.images.map(({ id, image: { tags } }) => ({ id, tags }));
        const back = join(folder, 'back');
        await saveImages(
          { engine: taker.engine },
          { images: taken, path: back, form: 'oci-archive', compression: 'zstd', replace: true },
          unattended(),
        );
        await goBack(giver, back, configs);
        await removeAll(giver, images);
        await load(giver, path);
        const again = await Promise.all(images.map(({ id }) => shownImage(giver.host, id)));
        assert.deepEqual(again, giver.shown, 'the first archive brings what was there first');
      } finally {
        await removeAll(taker, plan.images);
      }
      const after = await shownImages(taker.host);
      for (const id of Object.keys(after)) assert.ok(id in before, 'no image is left over');
      await rm(path);
    });
  }

  /** What the taker saved brings the giver the same configs, byte for byte, and so the same layers and names. */
  async function goBack(giver: Party, path: string, configs: readonly string[]): Promise<void> {
    await removeAll(giver, giver.images);
    const plan = await load(giver, path);
    assert.deepEqual(
      plan.images.map(({ image }) => image.configDigest).sort(),
      [...configs].sort(),
      'every config is kept byte for byte',
    );
    const shownByTag = new Map<string, ShownImage>();
    for (const { id, image } of plan.images)
      shownByTag.set(image.tags[0] ?? '', await shownImage(giver.host, id));
    for (const [index, image] of giver.images.entries()) {
      const shown = shownByTag.get(image.tags[0] ?? '');
      const known = giver.shown[index];
      assert.deepEqual(shown?.tags, known?.tags, image.what);
      assert.deepEqual(shown?.diffIds, known?.diffIds, image.what);
      assert.deepEqual(shown?.config, known?.config, image.what);
    }
    await removeAll(giver, plan.images);
  }

  /** Children first; some may be gone with another. */
  async function removeAll(
    { engine, host }: Party,
    images: readonly { readonly id: string }[],
  ): Promise<void> {
    const there = await shownImages(host, { withSteps: true });
    for (const { id } of images.toReversed())
      if (id in there) await engine.images.remove(id, { force: true });
  }

  async function load({ engine }: Party, path: string): Promise<LoadPlan> {
    const plan = await planLoad({ engine }, { path }, unattended());
    await loadArchive({ engine }, { plan, keepAs: new Map() }, unattended());
    return plan;
  }
});
