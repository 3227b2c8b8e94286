import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadableTar } from '../../../src/core/archive/loadStream.ts';
import type { Digest } from '../../../src/core/digest.ts';
import { failure } from '../../../src/core/errors.ts';
import { loadingEngine } from '../../../src/core/loading/imagePlan.ts';
import { bringing } from '../../../src/core/loading/layersThere.ts';
import { likelyBlobs } from '../../../src/core/loading/likelyBlobs.ts';
import { loadChecked, type CheckedLoad } from '../../../src/core/loading/loadChecked.ts';
import { parcelsOf } from '../../../src/core/loading/parcels.ts';
import { sendParcels } from '../../../src/core/loading/sendParcels.ts';
import { unattended, type ProgressFact } from '../../../src/core/progress.ts';
import { comingFrom, planLoad } from '../../../src/core/restore/planLoad.ts';
import { classicEngine } from '../../support/archives/producers.ts';
import { sampleImage, sampleLayer, type SampleImage } from '../../support/archives/sampleImages.ts';
import { LyingEngine } from '../../support/lyingEngine.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const [one, two, three] = [sampleLayer(1, 50_000), sampleLayer(2, 2000), sampleLayer(3, 3000)];
const base = sampleImage([one], ['base:1']);
const app = sampleImage([one, two], ['app:1', 'app:latest']);
const next = sampleImage([one, two, three], ['app:2']);
const packed = (
  layers: readonly Buffer[],
  compression: 'gzip' | 'zstd' = 'gzip',
): Parameters<typeof likelyBlobs>[1][number] => {
  const image = sampleImage(layers, []);
  return {
    id: image.configDigest,
    image: {
      ...image,
      configBytes: image.config,
      layers: image.diffIds.map((diffId, at) => ({
        diffId,
        sizeBytes: layers[at]?.length ?? 0,
        storedDigest: stored(diffId),
        storedBytes: 1_000_000,
        compression,
        path: diffId,
      })),
    },
  };
};
const stored = (diffId: Digest): Digest => `sha256:${diffId.slice(7).split('').reverse().join('')}` as Digest;

describe('images that go to an engine in parts', () => {
  const folder = temporaryFolder();

  async function podmanWith(images: readonly SampleImage[]): Promise<{
    engine: LyingEngine;
    load: (facts?: ProgressFact[]) => Promise<CheckedLoad>;
  }> {
    const engine = new LyingEngine([base]);
    engine.lies.info = async (truth) => ({ ...(await truth()), product: 'podman' });
    const path = join(folder.path(), 'a.tar');
    await writeFile(path, classicEngine(images));
    const plan = await planLoad({ engine }, { path }, unattended());
    const { info, source, archive } = plan;
    const { signal } = new AbortController();
    const load = async (facts: ProgressFact[] = []): Promise<CheckedLoad> => {
      const operation = { signal, progress: { report: (fact: ProgressFact) => void facts.push(fact) } };
      const work = await bringing(
        engine,
        { ...comingFrom(plan), isReadAnew: false },
        (parcels, said) =>
          sendParcels(
            engine,
            {
              ...{ info, parcels, there: [] },
              tarOf: (parcel, sending) => {
                const chosen = parcel.images.map(({ image }) => image);
                return loadableTar(source, archive, chosen, loadingEngine(info), sending, parcel.there);
              },
            },
            operation,
            said,
          ),
        signal,
      );
      const job = { name: 'a.tar', info, images: plan.images, keepAs: new Map<string, string>(), ...work };
      return loadChecked(engine, job, signal);
    };
    return { engine, load };
  }
  const all = {
    'app:1': app.configDigest,
    'app:2': next.configDigest,
    'app:latest': app.configDigest,
    'base:1': base.configDigest,
  };

  it('go to Podman one by one, without what those before have brought, and get all their names', async () => {
    const { engine, load } = await podmanWith([app, next]);
    const facts: ProgressFact[] = [];
    const { images, sentAgain } = await load(facts);
    assert.deepEqual(engine.state(), all);
    assert.equal(images.length, 2);
    assert.equal(sentAgain, undefined);
    assert.deepEqual(
      engine.loaded.map((tar) => [one, two, three].map((layer) => tar.includes(layer))),
      [
        [false, true, false],
        [false, false, true],
      ],
    );
    const sending = facts.filter(({ phase }) => phase === 'sending');
    const done = sending.map(({ doneBytes = 0 }) => doneBytes);
    assert.deepEqual(
      done,
      done.toSorted((a, b) => a - b),
      'as one',
    );
    const sent = engine.loaded.reduce((sum, { length }) => sum + length, 0);
    assert.deepEqual(new Set(sending.map(({ totalBytes }) => totalBytes)), new Set([sent]));
    assert.equal(done.at(-1), sent);
  });

  it('go to Podman all at once when it refuses one of them, after what came before was undone', async () => {
    const { engine, load } = await podmanWith([app, next]);
    const seen: object[] = [];
    engine.lies.load = (truth) => {
      seen.push(engine.state());
      return seen.length === 2 ? Promise.reject(failure('loadFailed', { reason: 'no such layer' })) : truth();
    };
    const { sentAgain } = await load();
    assert.match(sentAgain ?? '', /no such layer/);
    assert.deepEqual(seen.at(-1), { 'base:1': base.configDigest });
    assert.deepEqual(engine.state(), all);
    assert.ok(engine.loaded.at(-1)?.includes(one));
  });

  it('leave no name behind that Podman made up for one of them, when the next comes to nothing', async () => {
    const { engine, load } = await podmanWith([app, next]);
    let loads = 0;
    engine.lies.load = async (truth) => {
      loads += 1;
      if (loads > 1) throw failure('loadFailed', { reason: 'no' });
      const outcome = await truth();
      await engine.images.tag(app.configDigest, 'localhost/app:1');
      return { ...outcome, names: ['localhost/app:1'] };
    };
    await assert.rejects(load());
    assert.deepEqual(engine.state(), { 'base:1': base.configDigest });
  });

  it('stay together for Docker', async () => {
    const info = await new LyingEngine().info();
    const there = { hasChain: () => true, hasBlob: () => true };
    const images = [packed([one]), packed([one, two])];
    assert.deepEqual(parcelsOf(images, info, there), [{ images, there, names: [] }]);
  });
});

describe('blobs that a containerd store is likely to have', () => {
  const coming = packed([one, two]);
  const [first, second] = coming.image.layers.map(({ diffId }) => diffId);
  assert.ok(first && second);
  const likelyOf = (diffIds: readonly Digest[], wholeBytes: readonly number[], image = coming): number =>
    likelyBlobs([{ id: first, tags: [], diffIds, wholeManifests: [], wholeBytes }], [image]).size;

  for (const [what, diffIds, bytes, count] of [
    ['all layers, and little more than they take', [first, second], [2_003_000], 2],
    ['the layers below, and little more than they take', [first], [1_003_000], 1],
    ['the layers below, and less than they take', [first], [999_999], 0],
    ['the layers below, and far more than they take', [first], [1_500_000], 0],
    ['the layers below and another one, however large', [first, stored(first)], [9_000_000], 1],
    ['the layers below, of which it tells no size', [first], [], 0],
    ['the layer on top alone', [second], [1_003_000], 0],
    ['the same on other layers', [stored(first), second], [2_003_000], 0],
    ['no layer', [], [3000], 0],
  ] as const)
    it(`are ${count} where an image there has ${what}`, () => {
      assert.equal(likelyOf(diffIds, bytes), count);
    });

  it('are none that a vault has packed itself, unless it has all of an image and they fit', () => {
    const own = packed([one, two], 'zstd');
    assert.equal(likelyOf([first, stored(first)], [9_000_000], own), 0);
    assert.equal(likelyOf([first], [1_003_000], own), 1);
  });
});
