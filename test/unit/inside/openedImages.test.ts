import assert from 'node:assert/strict';
import { join } from 'node:path';
import { digestOf } from '../../../src/core/digest.ts';
import { failure } from '../../../src/core/errors.ts';
import { unattended, type Operation } from '../../../src/core/progress.ts';
import { OpenedImages, type OpenedImagesDeps } from '../../../src/inside/openedImages.ts';
import { sampleImage, type SampleImage } from '../../support/archives/sampleImages.ts';
import { tarOf } from '../../support/layerTars.ts';
import { LyingEngine } from '../../support/lyingEngine.ts';
import { toldTree } from '../../support/randomLayers.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const app = sampleImage(
  [tarOf([['etc/'], ['etc/motd', 'low']]), tarOf([['etc/motd', 'high'], ['b']])],
  ['app:1'],
);
const others = ['one', 'two', 'three', 'four'].map((name) => sampleImage([tarOf([[name]])], [`${name}:1`]));
const id = app.configDigest;

describe('images that are looked into', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  const saves = (engine: LyingEngine): number => engine.calls.filter(({ name }) => name === 'save').length;

  function opened(engine: LyingEngine, more: Partial<OpenedImagesDeps> = {}): OpenedImages {
    return new OpenedImages({
      engine: () => engine,
      tagsOf: (imageId) => (imageId === id ? ['app:1', 'app:latest'] : undefined),
      cacheFolder: join(folder.path(), 'layers'),
      vaults: () => [],
      run: (_, work) => work(unattended()),
      ...more,
    });
  }

  it('are read once for all who wait', async () => {
    const engine = new LyingEngine([app]);
    const titles: string[] = [];
    const run = async <T>(title: string, work: (operation: Operation) => Promise<T>): Promise<T> => {
      titles.push(title);
      return work(unattended());
    };
    const inside = opened(engine, { run });
    const images = await Promise.all([1, 2, 3].map(() => inside.open(id, 'app:1')));
    assert.equal(saves(engine), 1);
    assert.deepEqual(titles, ['app:1']);
    assert.ok(images[0] !== undefined && images.every((image) => image === images[0]));
  });

  it('are known to the next window without a transfer', async () => {
    const engine = new LyingEngine([app]);
    assert.equal(await opened(engine).peek(id), undefined);
    assert.equal(await opened(engine).merged(id), undefined);
    await opened(engine).open(id, 'app:1');
    const next = opened(engine);
    const image = await next.peek(id);
    assert.deepEqual([image?.name, image?.tags], ['app:1', ['app:1', 'app:latest']]);
    assert.deepEqual(
      [...toldTree((await next.merged(id))?.root ?? { hidesLower: false }).keys()],
      ['b', 'etc', 'etc/motd'],
    );
    assert.equal((await next.changes(id, 1))?.children?.get('etc')?.children?.get('motd')?.kind, 'changed');
    assert.equal(await next.open(id, 'app:1'), image);
    assert.equal(saves(engine), 1);
  });

  it('can be opened anew after a cancel and after a failure that was shown', async () => {
    const engine = new LyingEngine([app]);
    const shown: unknown[] = [];
    const run = async <T>(_: string, work: (operation: Operation) => Promise<T>): Promise<T | undefined> =>
      work(unattended()).catch((error: unknown) => void shown.push(error));
    const inside = opened(engine, { run });
    engine.lies.save = () => Promise.reject(failure('engineRefused', { call: 'image save', reason: 'no' }));
    assert.equal(await inside.open(id, 'app:1'), undefined);
    assert.equal(shown.length, 1);
    delete engine.lies.save;
    assert.equal((await inside.open(id, 'app:1'))?.configDigest, id);
  });

  it('are put together once, and the last few stay', async () => {
    const inside = opened(new LyingEngine([app, ...others]));
    await inside.open(id, 'app:1');
    const merged = await inside.merged(id);
    const changes = await inside.changes(id, 0);
    for (const { configDigest } of others.slice(0, 3)) await inside.open(configDigest, 'another');
    assert.equal(await inside.merged(id), merged);
    assert.equal(await inside.changes(id, 0), changes);
    for (const { configDigest } of others) await inside.open(configDigest, 'another');
    assert.notEqual(await inside.merged(id), merged);
  });

  it('are opened together, those that can be', async () => {
    const engine = new LyingEngine([app, ...others]);
    const inside = opened(engine);
    const ids = [app, ...others].map(({ configDigest }) => configDigest);
    const gone = `sha256:${'0'.repeat(64)}`;
    const all = await inside.openAll([...ids, gone, 'app:1'], 'all');
    assert.deepEqual([...(all?.images.keys() ?? [])], ids);
    assert.deepEqual(
      all?.failed.map(({ imageId }) => imageId),
      [gone],
    );
    assert.equal(saves(engine), 1);
    assert.deepEqual((await inside.peek(ids[4] ?? ''))?.tags, ['four:1']);
    const cancelled = opened(engine, { run: () => Promise.resolve(undefined) });
    assert.equal(await cancelled.openAll(ids, 'all'), undefined);
  });

  it('are not those that another engine has for another platform under the same ID', async () => {
    const index = digestOf('an index of two platforms');
    const [other] = others;
    assert.ok(other);
    const holding = (image: SampleImage): LyingEngine => {
      const engine = new LyingEngine([image]);
      engine.lies.inspect = async (_, [ref]) => {
        const details = await new LyingEngine([image]).images.inspect(image.configDigest);
        return { ...details, id: ref === index ? index : details.id };
      };
      engine.lies.save = () => new LyingEngine([image]).images.save([image.configDigest]);
      return engine;
    };
    await opened(holding(app)).open(index, 'app:1');
    const same = opened(holding(app));
    assert.equal((await same.peek(index))?.configDigest, app.configDigest);
    const elsewhere = opened(holding(other));
    assert.equal(await elsewhere.peek(index), undefined);
    assert.equal((await elsewhere.open(index, 'app:1'))?.configDigest, other.configDigest);
    assert.equal((await opened(holding(other)).peek(index))?.configDigest, other.configDigest);
    const gone = new LyingEngine([]);
    assert.equal(await opened(gone).peek(index), undefined);
  });

  it('have the names that they have now, also after they were opened', async () => {
    let tags: readonly string[] | undefined = ['app:1'];
    const inside = opened(new LyingEngine([app]), { tagsOf: () => tags });
    await inside.open(id, 'app:1');
    const merged = await inside.merged(id);
    assert.equal(merged?.name, 'app:1');
    tags = ['app:2', 'app:stable'];
    assert.deepEqual((await inside.peek(id))?.tags, tags);
    assert.equal((await inside.open(id, 'app:1'))?.name, 'app:2');
    const renamed = await inside.merged(id);
    assert.equal(renamed?.name, 'app:2');
    assert.equal(renamed.root, merged.root);
    assert.equal(await inside.merged(id), renamed);
    tags = [];
    assert.equal((await inside.peek(id))?.name, id.slice('sha256:'.length, 'sha256:'.length + 12));
    tags = undefined;
    assert.deepEqual((await inside.peek(id))?.tags, []);
  });

  it('are not those that were read before another platform was pulled under the same ID', async () => {
    const index = digestOf('an index of two platforms');
    const [other] = others;
    assert.ok(other);
    let held = app;
    const engine = new LyingEngine([app]);
    engine.lies.inspect = async (_, [ref]) => {
      const details = await new LyingEngine([held]).images.inspect(held.configDigest);
      return { ...details, id: ref === index ? index : details.id };
    };
    engine.lies.save = () => new LyingEngine([held]).images.save([held.configDigest]);
    let nowMs = 0;
    const inside = opened(engine, { nowMs: () => nowMs });
    assert.equal((await inside.open(index, 'app:1'))?.configDigest, app.configDigest);
    await inside.merged(index);
    const asked = engine.calls.length;
    await inside.changes(index, 0);
    assert.equal(engine.calls.length, asked, 'asks the engine again and again');
    nowMs = 10_000;
    const { inspect } = engine.lies;
    engine.lies.inspect = () => Promise.reject(failure('engineUnreachable', { endpoint: 'x' }));
    assert.equal(
      (await inside.peek(index))?.configDigest,
      app.configDigest,
      'drops it when the engine is away',
    );
    engine.lies.inspect = inspect;
    held = other;
    assert.equal(await inside.peek(index), undefined);
    assert.equal((await inside.open(index, 'app:1'))?.configDigest, other.configDigest);
    const names = async (): Promise<readonly string[]> => [
      ...toldTree((await inside.merged(index))?.root ?? assert.fail()).keys(),
    ];
    assert.deepEqual(await names(), ['one']);
    held = app;
    await inside.openAll([index], 'app:1');
    assert.deepEqual(await names(), ['b', 'etc', 'etc/motd']);
  });

  it('tell when one was read, and then all is known of it', async () => {
    const inside = opened(new LyingEngine([app, ...others]));
    const known: Promise<unknown>[] = [];
    const listening = inside.onDidRead(() => known.push(inside.peek(id)));
    await inside.peek(id);
    await Promise.all([inside.open(id, 'app:1'), inside.open(id, 'app:1')]);
    await inside.open(id, 'app:1');
    assert.equal(known.length, 1);
    assert.ok((await known[0]) !== undefined);
    await inside.openAll([id, ...others.map(({ configDigest }) => configDigest)], 'all');
    assert.equal(known.length, 2);
    listening.dispose();
    await opened(new LyingEngine([app]), { run: () => Promise.resolve(undefined) }).open(id, 'app:1');
    assert.equal(known.length, 2);
  });

  it('are nothing without an ID', async () => {
    assert.equal(await opened(new LyingEngine([app])).peek('app:1'), undefined);
  });
});
