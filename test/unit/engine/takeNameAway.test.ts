import assert from 'node:assert/strict';
import { takeNameAway } from '../../../src/core/engine/takeNameAway.ts';
import { failure } from '../../../src/core/errors.ts';
import { sampleImage, sampleLayer } from '../../support/archives/sampleImages.ts';
import { LyingEngine, type CallName } from '../../support/lyingEngine.ts';

const name = '127.0.0.1:20000/drydock:0123456789abcdef';
const changing: readonly CallName[] = ['importRootfs', 'tag', 'remove'];

describe('taking a name of ours away', () => {
  const imageWith = (...tags: readonly string[]): LyingEngine =>
    new LyingEngine([sampleImage([sampleLayer(1)], [...tags, name])]);
  const [id = ''] = Object.values(imageWith().state());

  it('leaves all other names, and asks little where there are some', async () => {
    const engine = imageWith('app:1', 'app:2');
    await takeNameAway(engine, name);
    assert.deepEqual(engine.state(), { 'app:1': id, 'app:2': id });
    assert.deepEqual(
      engine.calls.map((call) => call.name),
      ['inspect', 'remove'],
    );
    await takeNameAway(engine, name);
    assert.deepEqual(engine.state(), { 'app:1': id, 'app:2': id });
  });

  it('leaves an image that has no other name', async () => {
    const engine = imageWith();
    await takeNameAway(engine, name);
    assert.deepEqual(engine.state(), { [id]: 'no name' });
  });

  it('removes the name from the image that was pushed by it, and from no other', async () => {
    const engine = imageWith();
    engine.lies.remove = async (truth, [ref]) => {
      if (ref === name) assert.equal((await engine.images.inspect(name)).id, id);
      return truth();
    };
    await takeNameAway(engine, name);
  });

  /** Fails at the call `at`, before or after it was done, as who is killed there would. */
  async function brokenOff(at: number, isDone: boolean, then: readonly string[]): Promise<void> {
    const engine = imageWith();
    let count = 0;
    for (const call of changing)
      engine.lies[call] = async <T>(truth: () => Promise<T>): Promise<T> => {
        count += 1;
        if (count !== at) return truth();
        if (isDone) await truth();
        throw failure('engineAnswerCut', { call });
      };
    // Where what was to be removed is not there, nothing is broken off.
    await takeNameAway(engine, name).catch(() => undefined);
    for (const call of changing) Reflect.deleteProperty(engine.lies, call);
    for (const tag of then) await engine.images.tag(id, tag);
    await takeNameAway(engine, name);
    const names = then.map((tag) => [tag, id] as const);
    const state = Object.fromEntries(names.length === 0 ? [[id, 'no name']] : names);
    assert.deepEqual(engine.state(), state, `call ${at}`);
  }

  it('comes to the same wherever it was broken off, and whoever named the image since', async () => {
    const whole = imageWith();
    await takeNameAway(whole, name);
    const { length } = whole.calls.filter((call) => changing.includes(call.name));
    for (let at = 1; at <= length; at += 1)
      for (const isDone of [false, true])
        for (const then of [[], ['app:3']]) await brokenOff(at, isDone, then);
  });
});
