import assert from 'node:assert/strict';
import { Inventory } from '../../../src/core/inspect/inventory.ts';
import { failure } from '../../../src/core/errors.ts';
import { HandTimers, settled } from './handTimers.ts';
import { connected, container, event, image, volume } from './records.ts';
import { RecordingEngine } from './recordingEngine.ts';

const rounds = 25;
const steps = 60;

/** Mulberry32: small, and the same sequence for the same seed everywhere. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

describe('the inventory in a storm of events', () => {
  const seed = Number(process.env['DRYDOCK_TEST_SEED'] ?? Date.now() % 1_000_000);

  it(`ends with what the engine has, whatever came between, and tells all of it (seed ${seed})`, async () => {
    for (let round = 0; round < rounds; round += 1) await storm(randomFrom(seed + round));
  });
});

/**
 * Changes an engine at random, with slow answers, failing ones and lost connections; in the end inventory and
 * engine are compared, and so is a copy that was kept by nothing but what the inventory told.
 */
async function storm(random: (below: number) => number): Promise<void> {
  const timers = new HandTimers();
  const inventory = new Inventory({ timers });
  const engine = new RecordingEngine();
  const copy = new Map<string, unknown>();
  inventory.onDidChange((change) => {
    if (change.kind !== 'images') return;
    if (change.touched === 'all') copy.clear();
    const ids = change.touched === 'all' ? inventory.images.keys() : change.touched;
    for (const id of ids) {
      const found = [...inventory.images.values()].find((one) => one.id === id);
      if (found === undefined) copy.delete(id);
      else copy.set(id, found);
    }
  });
  inventory.use(engine);
  engine.emit(connected);
  const link = { isConnected: true };

  const actions: readonly (() => void)[] = [
    () => {
      const name = `image${random(6)}`;
      const others = engine.imageList.filter(({ tags }) => tags[0] !== `${name}:latest`);
      engine.imageList = random(3) === 0 ? others : [...others, image(name, { sizeBytes: random(4) })];
      if (link.isConnected) engine.emit(event('image', 'tag'));
    },
    () => {
      engine.containerList = Array.from({ length: random(4) }, (_, index) => container(`c${index}`));
      if (link.isConnected) engine.emit(event('container', 'create'));
    },
    () => {
      engine.volumeList = Array.from({ length: random(4) }, (_, index) => volume(`v${index}`));
      if (link.isConnected) engine.emit(event('volume', 'create'));
    },
    () => {
      if (random(2) === 0) engine.holds.add('images');
      else engine.holds.clear();
    },
    () => {
      engine.isDeaf = random(2) === 0;
      engine.answerHeld();
    },
    () => {
      if (random(3) === 0) engine.faults.set('images', failure('engineTimeout', { call: 'x', seconds: 1 }));
      else engine.faults.clear();
    },
    () => {
      if (random(3) !== 0) return;
      link.isConnected = !link.isConnected;
      const error = failure('engineUnreachable', { endpoint: 'e' });
      engine.emit(link.isConnected ? connected : { kind: 'disconnected', error, retryInMs: 1_000 });
    },
    () => void inventory.refresh(),
  ];
  for (let step = 0; step < steps; step += 1) {
    actions[random(actions.length)]?.();
    if (random(2) === 0) await timers.pass(random(300));
  }

  engine.holds.clear();
  engine.faults.clear();
  engine.answerHeld();
  if (!link.isConnected) engine.emit(connected);
  await settled();
  await timers.pass(120_000);
  assert.equal(inventory.state.kind, 'ready');
  const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1);
  const expected = [...engine.imageList].sort(byId);
  assert.deepEqual([...inventory.images.values()].sort(byId), expected);
  assert.deepEqual([...inventory.containers.values()], engine.containerList);
  assert.deepEqual([...inventory.volumes.values()], engine.volumeList);
  assert.deepEqual([...copy.keys()].sort(), expected.map(({ id }) => id).sort());
  for (const one of expected) assert.deepEqual(copy.get(one.id), one);
  inventory.dispose();
  assert.equal(timers.waiting, 0);
}
