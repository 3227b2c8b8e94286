import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blobPath } from '../../../src/core/archive/archiveContents.ts';
import { readTar } from '../../../src/core/archive/tarReader.ts';
import { digestOf, type Digest } from '../../../src/core/digest.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { failure } from '../../../src/core/errors.ts';
import { unattended } from '../../../src/core/progress.ts';
import { loadArchive, type LoadedArchive } from '../../../src/core/restore/loadArchive.ts';
import { planLoad, type LoadPlan } from '../../../src/core/restore/planLoad.ts';
import { classicEngine } from '../../support/archives/producers.ts';
import { sampleImage, sampleLayer, type SampleImage } from '../../support/archives/sampleImages.ts';
import { ContainerdEngine } from '../../support/containerdEngine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { LyingEngine } from '../../support/lyingEngine.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const [one, two, three] = [sampleLayer(1, 50_000), sampleLayer(2, 2000), sampleLayer(3, 3000)];
const base = sampleImage([one], ['base:1']);
const app = sampleImage([one, two], ['app:1']);
const next = sampleImage([one, three], ['app:2']);
const pathOf = (layer: Buffer): string => blobPath(digestOf(layer));

describe('loading only what an engine lacks', () => {
  const folder = temporaryFolder();

  async function planOf(engine: Engine, images: readonly SampleImage[]): Promise<LoadPlan> {
    const path = join(folder.path(), 'a.tar');
    await writeFile(path, classicEngine(images));
    return planLoad({ engine }, { path }, unattended());
  }
  const load = (engine: Engine, plan: LoadPlan, signal?: AbortSignal): Promise<LoadedArchive> =>
    loadArchive({ engine }, { plan, keepAs: new Map() }, { ...unattended(), ...(signal && { signal }) });
  async function layersIn(tar: Buffer | undefined): Promise<readonly string[]> {
    assert.ok(tar);
    const paths: string[] = [];
    const source = (async function* () {
      yield await Promise.resolve(tar);
    })();
    for await (const { entry } of readTar(source, 'sent')) paths.push(entry.path);
    return paths.filter((path) => [one, two, three].some((layer) => pathOf(layer) === path));
  }

  describe('on a classic store', () => {
    it('leaves out the layers that it has, and says before and after how many bytes travel', async () => {
      const engine = new LyingEngine([base]);
      const plan = await planOf(engine, [app]);
      const loaded = await load(engine, plan);
      assert.deepEqual(await layersIn(engine.loaded[0]), [pathOf(two)]);
      assert.deepEqual(engine.state(), { 'app:1': app.configDigest, 'base:1': base.configDigest });
      assert.equal(plan.sending.bytes, engine.loaded[0]?.length);
      assert.equal(loaded.sentBytes, plan.sending.bytes);
      assert.ok(plan.sending.wholeBytes - plan.sending.bytes > 50_000);
      assert.equal(loaded.sentAgain, undefined);
    });

    it('sends a layer once that several images lack, and none that one of them has to bring for itself', async () => {
      const engine = new LyingEngine([base]);
      const upsideDown = sampleImage([two, one], ['odd:1']);
      await load(engine, await planOf(engine, [app, next, upsideDown]));
      // `one` is there, and yet it goes along: on top of `two` it is another layer.
      assert.deepEqual([...(await layersIn(engine.loaded[0]))].sort(), [one, two, three].map(pathOf).sort());
      assert.equal(engine.loaded.length, 1);
      assert.equal(engine.state()['odd:1'], upsideDown.configDigest);
    });

    it('does not take a layer for there that stands on other layers', async () => {
      const engine = new LyingEngine([sampleImage([two, one], ['odd:1'])]);
      await load(engine, await planOf(engine, [base]));
      assert.deepEqual(await layersIn(engine.loaded[0]), [pathOf(one)]);
    });

    it('sends no layer of an image that is there', async () => {
      const engine = new LyingEngine([app]);
      const loaded = await load(engine, await planOf(engine, [app]));
      assert.deepEqual(await layersIn(engine.loaded[0]), []);
      assert.deepEqual(
        loaded.images.map(({ wasThere }) => wasThere),
        [true],
      );
    });

    for (const [what, state] of [
      ['before it is asked', 'early'],
      ['right before the load', 'late'],
    ] as const)
      it(`sends all of it when the layers below were pruned ${what}`, async () => {
        const engine = new LyingEngine([base]);
        const plan = await planOf(engine, [app, next]);
        const prune = async (): Promise<void> => {
          if (engine.state()['base:1'] !== undefined) await engine.images.remove('base:1');
        };
        if (state === 'early') await prune();
        engine.lies.load = async (truth) => {
          await prune();
          return truth();
        };
        const loaded = await load(engine, plan);
        assert.deepEqual(engine.state(), { 'app:1': app.configDigest, 'app:2': next.configDigest });
        assert.equal(engine.loaded.length, state === 'early' ? 1 : 2);
        assert.equal((await layersIn(engine.loaded.at(-1))).length, 3);
        if (state === 'late') assert.match(loaded.sentAgain ?? '', /no such file or directory/);
        const sent = engine.loaded.reduce((sum, { length }) => sum + length, 0);
        assert.equal(loaded.sentBytes, sent);
      });

    it('sends all of it when the image is not right afterwards', async () => {
      const engine = new LyingEngine([base]);
      const plan = await planOf(engine, [app, next]);
      engine.keepsLoaded = ({ configDigest }) =>
        engine.loaded.length > 1 || configDigest === app.configDigest;
      const loaded = await load(engine, plan);
      assert.ok(loaded.sentAgain !== undefined);
      assert.deepEqual(Object.keys(engine.state()), ['app:1', 'app:2', 'base:1']);
    });

    it('puts everything back when the engine refuses all of it too, and tells that', async () => {
      const engine = new LyingEngine([base, sampleImage([three], ['app:2'])]);
      const before = engine.state();
      const plan = await planOf(engine, [app]);
      const full = failure('loadFailed', { reason: 'no space left on device' });
      engine.lies.load = () => {
        throw engine.calls.filter(({ name }) => name === 'load').length === 1
          ? failure('loadFailed', { reason: 'open layer.tar: no such file or directory' })
          : full;
      };
      assert.equal(await failureOf(load(engine, plan)), full);
      assert.deepEqual(engine.state(), before);
    });

    it('does not send again to an engine that is gone, nor after a cancel', async () => {
      const engine = new LyingEngine([base]);
      const before = engine.state();
      const plan = await planOf(engine, [app]);
      const gone = failure('engineAnswerCut', { call: 'image load' });
      engine.lies.load = async (truth) => {
        await truth();
        throw gone;
      };
      assert.equal(await failureOf(load(engine, plan)), gone);
      assert.deepEqual(engine.state(), before);
      const cancel = new AbortController();
      engine.lies.load = () => {
        cancel.abort();
        throw failure('loadFailed', { reason: 'open layer.tar: no such file or directory' });
      };
      await assert.rejects(load(engine, plan, cancel.signal), { name: 'AbortError' });
      assert.deepEqual(engine.state(), before);
      assert.equal(engine.calls.filter(({ name }) => name === 'load').length, 2);
    });

    it('sends all of it where nobody can tell what is there', async () => {
      const engine = new LyingEngine([base]);
      const plan = await planOf(engine, [app]);
      engine.lies.inspect = (truth, [ref]) =>
        ref === base.configDigest
          ? Promise.reject(failure('engineTimeout', { call: 'image inspect', seconds: 1 }))
          : truth();
      await load(engine, plan);
      assert.equal((await layersIn(engine.loaded[0])).length, 2);
    });

    it('asks about no image where all of it is sent sooner than the engine tells of a thousand', async () => {
      const others = Array.from({ length: 200 }, (_, at) => sampleImage([], [`other:${at}`], `made-${at}`));
      const engine = new LyingEngine([base, ...others]);
      const plan = await planOf(engine, [app]);
      await load(engine, plan);
      assert.equal((await layersIn(engine.loaded[0])).length, 2);
      const asked = engine.calls.flatMap(({ name, args }) => (name === 'inspect' ? [args[0]] : []));
      assert.deepEqual([...new Set(asked)], [app.configDigest]);
    });

    it('sends Podman a part of one image under one name, and tags the others', async () => {
      const engine = new LyingEngine([base]);
      engine.lies.info = async (truth) => ({ ...(await truth()), product: 'podman' });
      const plan = await planOf(engine, [{ ...app, tags: ['app:1', 'app:latest'] }]);
      const loaded = await load(engine, plan);
      assert.deepEqual(await layersIn(engine.loaded[0]), [pathOf(two)]);
      assert.equal(engine.loaded[0]?.includes('latest'), false);
      assert.deepEqual(engine.state(), {
        'app:1': app.configDigest,
        'app:latest': app.configDigest,
        'base:1': base.configDigest,
      });
      assert.equal(loaded.sentBytes, plan.sending.bytes);
    });

    it('sends Podman all of several images, for each would take a pass over the archive', async () => {
      const engine = new LyingEngine([base]);
      engine.lies.info = async (truth) => ({ ...(await truth()), product: 'podman' });
      const plan = await planOf(engine, [app, next]);
      await load(engine, plan);
      assert.equal(engine.loaded.length, 1);
      assert.ok((await layersIn(engine.loaded[0])).includes(pathOf(one)));
      assert.equal(plan.sending.bytes, plan.sending.wholeBytes);
    });
  });

  describe('on a containerd store', () => {
    /** Has `app:1`, and is to get both. */
    async function storeWithApp(): Promise<{ store: ContainerdEngine; plan: LoadPlan; id: Digest }> {
      const store = new ContainerdEngine();
      const first = await planOf(store.engine, [app]);
      await load(store.engine, first);
      const plan = await planOf(store.engine, [app, next]);
      const id = first.images[0]?.id;
      assert.ok(id);
      return { store, plan, id };
    }
    const wholeOf = (plan: LoadPlan): Readonly<Record<string, string>> =>
      Object.fromEntries(plan.images.map(({ id, image }) => [image.tags[0] ?? id, `${id} whole`]));

    it('leaves out blobs of manifests that are whole there, and looks whether all of it is afterwards', async () => {
      const { store, plan } = await storeWithApp();
      const loaded = await load(store.engine, plan);
      assert.deepEqual(store.state(), wholeOf(plan));
      assert.ok(!store.loaded.at(-1)?.includes(pathOf(one)));
      assert.ok(store.loaded.at(-1)?.includes(pathOf(three)));
      assert.equal(loaded.sentAgain, undefined);
      assert.ok(plan.sending.wholeBytes - plan.sending.bytes > 50_000);
    });

    for (const [what, isUnpacked] of [
      ['it says that an image can’t be unpacked', false],
      ['it says nothing of an image that lacks a blob', true],
    ] as const)
      it(`removes what is broken and sends all of it when ${what}`, async () => {
        const { store, plan, id } = await storeWithApp();
        store.isUnpacked = isUnpacked;
        const seen: boolean[] = [];
        store.beforeLoad = () => {
          if (seen.length === 0) store.remove(id);
          seen.push('app:2' in store.state());
        };
        const loaded = await load(store.engine, plan);
        assert.deepEqual(seen, [false, false], 'the broken image is gone before the second load');
        assert.deepEqual(store.state(), wholeOf(plan));
        assert.ok(store.loaded.at(-1)?.includes(pathOf(one)));
        assert.match(loaded.sentAgain ?? '', isUnpacked ? /lacks a part/ : /Error unpacking image/);
      });

    it('sends all of it where it does not tell which manifests are whole', async () => {
      const { store, plan } = await storeWithApp();
      store.tellsManifests = false;
      await load(store.engine, plan);
      assert.ok(store.loaded.at(-1)?.includes(pathOf(one)));
      assert.deepEqual(store.state(), wholeOf(plan));
    });
  });
});
