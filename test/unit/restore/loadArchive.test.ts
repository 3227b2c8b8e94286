import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failure } from '../../../src/core/errors.ts';
import { unattended, type Operation } from '../../../src/core/progress.ts';
import { loadArchive, type LoadedArchive } from '../../../src/core/restore/loadArchive.ts';
import { planLoad, type LoadPlan } from '../../../src/core/restore/planLoad.ts';
import { classicEngine, legacyEngine } from '../../support/archives/producers.ts';
import { sampleImage, sampleLayer, type SampleImage } from '../../support/archives/sampleImages.ts';
import { failureOf } from '../../support/failureOf.ts';
import { LyingEngine, type CallName } from '../../support/lyingEngine.ts';

const [one, two, three] = [sampleLayer(1), sampleLayer(2), sampleLayer(3)];
const app = sampleImage([one, two], ['app:1', 'app:latest']);
const base = sampleImage([one], ['base:1']);
const oldApp = sampleImage([three], ['app:1']);
const refused = failure('engineRefused', { call: 'image load', reason: 'no space left' });

describe('loading an archive into an engine that errs', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-load-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function planOf(
    engine: LyingEngine,
    images: readonly SampleImage[],
    make = legacyEngine,
  ): Promise<LoadPlan> {
    const path = join(folder, 'a.tar');
    await writeFile(path, make(images));
    return planLoad({ engine }, { path }, unattended());
  }

  async function load(
    engine: LyingEngine,
    plan: LoadPlan,
    keepAs: Readonly<Record<string, string>> = {},
    operation: Operation = unattended(),
  ): Promise<LoadedArchive> {
    return loadArchive({ engine }, { plan, keepAs: new Map(Object.entries(keepAs)) }, operation);
  }

  it('loads, moves the tags that the plan said, and keeps the old image', async () => {
    const engine = new LyingEngine([oldApp]);
    const plan = await planOf(engine, [app, base]);
    await load(engine, plan, { 'app:1': 'app:old' });
    assert.deepEqual(engine.state(), {
      'app:1': app.configDigest,
      'app:latest': app.configDigest,
      'app:old': oldApp.configDigest,
      'base:1': base.configDigest,
    });
  });

  for (const [index, dropped] of [app, base].entries()) {
    it(`finds that image ${index + 1} of 2 is missing, and puts everything back`, async () => {
      const engine = new LyingEngine([oldApp]);
      const before = engine.state();
      const plan = await planOf(engine, [app, base]);
      engine.keepsLoaded = ({ configDigest }) => configDigest !== dropped.configDigest;
      assert.equal((await failureOf(load(engine, plan, { 'app:1': 'app:old' }))).code, 'loadMismatch');
      assert.deepEqual(engine.state(), before);
    });
  }

  it('puts everything back when an engine fails after it took in the first of two images', async () => {
    const engine = new LyingEngine([oldApp]);
    const before = engine.state();
    const plan = await planOf(engine, [app, base]);
    engine.keepsLoaded = (_, at) => at === 0;
    engine.lies.load = async (truth) => {
      await truth();
      throw refused;
    };
    assert.equal(await failureOf(load(engine, plan)), refused);
    assert.deepEqual(engine.state(), before);
  });

  it('keeps an image that was there without a name, though the engine would remove it with its last name', async () => {
    const nameless = { ...app, tags: [] };
    const engine = new LyingEngine([nameless, oldApp]);
    const before = engine.state();
    const plan = await planOf(engine, [app, base]);
    engine.keepsLoaded = (_, at) => at === 0;
    assert.equal((await failureOf(load(engine, plan))).code, 'loadMismatch');
    assert.deepEqual(engine.state(), before);
  });

  it('keeps an image without a name also where the engine does not list it', async () => {
    const engine = new LyingEngine([{ ...app, tags: [] }, oldApp]);
    const before = engine.state();
    engine.lies.list = async (truth) => (await truth()).filter(({ tags }) => tags.length > 0);
    const plan = await planOf(engine, [app, base]);
    engine.keepsLoaded = (_, at) => at === 0;
    assert.equal((await failureOf(load(engine, plan))).code, 'loadMismatch');
    assert.deepEqual(engine.state(), before);
  });

  it('takes away names that the engine gave and the archive did not have', async () => {
    const engine = new LyingEngine([]);
    const plan = await planOf(engine, [app]);
    engine.lies.load = async (truth) => {
      await truth();
      const names = ['localhost/app:1', 'localhost/app:latest'];
      for (const name of names) await engine.images.tag(app.configDigest, name);
      for (const name of app.tags) await engine.images.remove(name);
      return { names, ids: [], remarks: [] };
    };
    assert.equal((await failureOf(load(engine, plan))).code, 'loadMismatch');
    assert.deepEqual(engine.state(), {});
  });

  it('keeps the names that an image of the archive had before', async () => {
    const engine = new LyingEngine([{ ...app, tags: ['mine:1'] }]);
    const before = engine.state();
    const plan = await planOf(engine, [app, base]);
    engine.keepsLoaded = (_, at) => at === 0;
    await failureOf(load(engine, plan));
    assert.deepEqual(engine.state(), before);
  });

  it('leaves alone what someone else made meanwhile', async () => {
    const engine = new LyingEngine([]);
    const stranger = sampleImage([three], ['base:1', 'stranger:1']);
    const plan = await planOf(engine, [app, base]);
    engine.lies.load = async (truth) => {
      await truth();
      engine.hold(stranger);
      engine.hold({ ...app, tags: ['named-by-hand:1'] });
      throw refused;
    };
    await failureOf(load(engine, plan));
    assert.deepEqual(engine.state(), {
      'base:1': stranger.configDigest,
      'named-by-hand:1': app.configDigest,
      'stranger:1': stranger.configDigest,
    });
  });

  it('refuses when a tag that was free has got an image since the plan', async () => {
    const engine = new LyingEngine([]);
    const plan = await planOf(engine, [app]);
    engine.hold(oldApp);
    const before = engine.state();
    assert.equal((await failureOf(load(engine, plan))).code, 'tagMoved');
    assert.deepEqual(engine.state(), before);
    assert.ok(!engine.calls.some(({ name }) => name === 'load' || name === 'tag'));
  });

  it('refuses when a tag that moves is with another image than the plan says', async () => {
    const engine = new LyingEngine([oldApp]);
    const plan = await planOf(engine, [app]);
    engine.hold({ ...base, tags: ['app:1'] });
    assert.equal((await failureOf(load(engine, plan))).code, 'tagMoved');
  });

  for (const [what, keepAs] of [
    ['another image has', { 'app:1': 'taken:1' }],
    ['the archive itself gives away', { 'app:1': 'docker.io/library/app:latest' }],
    ['two images are to get', { 'app:1': 'kept:1', 'app:latest': 'kept:1' }],
  ] as const) {
    it(`refuses to keep an image under a name that ${what}`, async () => {
      const engine = new LyingEngine([
        oldApp,
        sampleImage([two], ['app:latest']),
        { ...base, tags: ['taken:1'] },
      ]);
      const before = engine.state();
      const plan = await planOf(engine, [app]);
      assert.equal((await failureOf(load(engine, plan, keepAs))).code, 'nameTaken');
      assert.deepEqual(engine.state(), before);
    });
  }

  it('finds a tag missing also where two entries of the archive are the same image', async () => {
    const engine = new LyingEngine([]);
    const entries = [
      { ...app, tags: ['a:1'] },
      { ...app, tags: ['b:1'] },
    ];
    const plan = await planOf(engine, entries, classicEngine);
    engine.lies.load = async (truth) => {
      const outcome = await truth();
      await engine.images.remove('b:1');
      return outcome;
    };
    assert.equal((await failureOf(load(engine, plan))).code, 'loadMismatch');
    assert.deepEqual(engine.state(), {});
  });

  it('is not deceived by an image with the same layers and name where a containerd store dropped the new one', async () => {
    const engine = new LyingEngine([{ ...sampleImage([one, two], ['app:1'], 'arm64') }]);
    const before = engine.state();
    engine.lies.info = async (truth) => ({ ...(await truth()), imageStore: 'containerd' });
    const plan = await planOf(engine, [{ ...app, tags: ['app:1'] }]);
    assert.deepEqual(
      plan.images.map(({ id, tags }) => [id === app.configDigest, tags.map(({ effect }) => effect)]),
      [[false, ['move']]],
    );
    engine.lies.load = () => Promise.resolve({ names: ['app:1'], ids: [], remarks: [] });
    assert.equal((await failureOf(load(engine, plan))).code, 'loadMismatch');
    assert.deepEqual(engine.state(), before);
  });

  it('refuses to call it done when two images of the archive claim one tag', async () => {
    const engine = new LyingEngine([]);
    const plan = await planOf(engine, [app, { ...base, tags: ['app:1'] }], classicEngine);
    assert.equal((await failureOf(load(engine, plan))).code, 'loadMismatch');
    assert.deepEqual(engine.state(), {});
  });

  it('names tags, kept names and images without a name when it can’t put things back', async () => {
    const engine = new LyingEngine([oldApp]);
    const plan = await planOf(engine, [app, { ...base, tags: [] }]);
    engine.lies.load = () => {
      engine.lies.list = () => Promise.reject(failure('engineUnreachable', { endpoint: engine.endpoint }));
      return Promise.reject(refused);
    };
    const { code, details } = await failureOf(load(engine, plan, { 'app:1': 'app:old' }));
    assert.equal(code, 'rollbackFailed');
    for (const name of ['app:1', 'app:latest', 'app:old', base.configDigest.slice(7, 19)])
      assert.ok(String(details['tags']).includes(name), name);
  });

  it('goes on putting back after a step that fails', async () => {
    const engine = new LyingEngine([oldApp]);
    const plan = await planOf(engine, [app, base]);
    engine.lies.load = async (truth) => {
      await truth();
      engine.lies.tag = () => Promise.reject(refused);
      throw refused;
    };
    assert.equal((await failureOf(load(engine, plan))).code, 'rollbackFailed');
    assert.deepEqual(Object.keys(engine.state()), ['app:1', oldApp.configDigest]);
  });

  it('undoes what an engine finishes after a cancel', async () => {
    const engine = new LyingEngine([oldApp]);
    const before = engine.state();
    const plan = await planOf(engine, [app, base]);
    const controller = new AbortController();
    engine.lies.load = async (truth) => {
      const outcome = await truth();
      controller.abort();
      return outcome;
    };
    await assert.rejects(
      load(
        engine,
        plan,
        { 'app:1': 'app:old' },
        {
          signal: controller.signal,
          progress: { report: () => undefined },
        },
      ),
      { name: 'AbortError' },
    );
    assert.deepEqual(engine.state(), before);
  });

  it('puts everything back whichever call the cancel meets', async () => {
    const calls: readonly CallName[] = ['list', 'tag', 'load', 'inspect'];
    let met = 0;
    for (const call of calls) {
      for (let nth = 0; nth < 12; nth += 1) {
        const engine = new LyingEngine([oldApp]);
        const before = engine.state();
        const plan = await planOf(engine, [app, base]);
        const controller = new AbortController();
        let seen = 0;
        const meet = async <T>(truth: () => Promise<T>): Promise<T> => {
          const answer = await truth();
          if (seen === nth) controller.abort();
          seen += 1;
          return answer;
        };
        Object.assign(engine.lies, { [call]: meet });
        const operation = { signal: controller.signal, progress: { report: () => undefined } };
        const outcome = await load(engine, plan, { 'app:1': 'app:old' }, operation).catch(
          (error: unknown) => error,
        );
        if (!controller.signal.aborted) break;
        met += 1;
        if (outcome instanceof Error) {
          assert.equal(outcome.name, 'AbortError', `${call} ${nth}`);
          assert.deepEqual(engine.state(), before, `${call} ${nth}`);
        } else assert.equal(engine.state()['app:1'], app.configDigest);
      }
    }
    assert.ok(met >= 6, `only ${met} calls were met`);
  });

  it('plans ten thousand tags against a thousand images without stopping everything else', async () => {
    const tags = Array.from({ length: 10_000 }, (_, at) => `hostile/n${at}:1`);
    const crowd = Array.from({ length: 1000 }, (_, at) =>
      sampleImage([three], [`crowd/n${at}:1`, `hostile/n${at}:1`], `a${at}`),
    );
    const plan = await planOf(new LyingEngine(crowd), [{ ...app, tags }]);
    const effects = plan.images.flatMap((image) => image.tags.map(({ effect }) => effect));
    assert.equal(effects.filter((effect) => effect === 'move').length, 1000);
    assert.equal(effects.filter((effect) => effect === 'new').length, 9000);
  });
});
