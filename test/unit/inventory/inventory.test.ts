import assert from 'node:assert/strict';
import { helperLabel } from '../../../src/core/engine/helperLabel.ts';
import { failure } from '../../../src/core/errors.ts';
import { Inventory, type InventoryChange } from '../../../src/core/inspect/inventory.ts';
import { HandTimers, settled } from './handTimers.ts';
import { connected, container, event, idOf, image, mountOf, volume } from './records.ts';
import { info, RecordingEngine, type EngineCall } from './recordingEngine.ts';

const lists: readonly EngineCall[] = ['images', 'containers', 'volumes'];
const lost = failure('engineUnreachable', { endpoint: 'unix:///fake.sock' });

describe('the inventory', () => {
  let timers: HandTimers;
  let inventory: Inventory;
  let engine: RecordingEngine;
  let changes: InventoryChange[];

  beforeEach(() => {
    timers = new HandTimers();
    inventory = new Inventory({ timers });
    engine = new RecordingEngine();
    engine.imageList = [image('web'), image('db')];
    engine.containerList = [container('front', { mounts: [mountOf('data')] })];
    engine.volumeList = [volume('data'), volume('spare')];
    changes = [];
    inventory.onDidChange((change) => changes.push(change));
  });

  afterEach(() => {
    inventory.dispose();
    assert.equal(timers.waiting, 0, 'no timer outlives the inventory');
  });

  async function ready(): Promise<void> {
    inventory.use(engine);
    engine.emit(connected);
    await settled();
    changes.length = 0;
    engine.calls.length = 0;
  }

  it('lists everything once when the engine answers', async () => {
    inventory.use(engine);
    assert.equal(inventory.state.kind, 'connecting');
    engine.emit(connected);
    await settled();
    assert.deepEqual(inventory.state, { kind: 'ready', info });
    assert.deepEqual([...inventory.images.keys()], [idOf('web'), idOf('db')]);
    assert.deepEqual([...inventory.volumes.keys()], ['data', 'spare']);
    for (const list of lists) assert.equal(engine.count(list), 1);
    assert.equal(engine.count('usage'), 0, 'volumes are never measured unasked');
  });

  it('leaves out what an operation made for its own work', async () => {
    const labels = { [helperLabel]: 'drydock-helper-1' };
    engine.imageList = [image('web'), image('helper', { labels })];
    engine.containerList = [container('front'), container('helper', { labels })];
    engine.volumeList = [volume('data'), volume('helper', { labels })];
    await ready();
    assert.deepEqual([...inventory.images.keys()], [idOf('web')]);
    assert.deepEqual(
      [...inventory.containers.values()].map(({ names }) => names[0]),
      ['front'],
    );
    assert.deepEqual([...inventory.volumes.keys()], ['data']);
  });

  it('lists only what an event concerns, once for many events, and tells only what differs', async () => {
    await ready();
    engine.imageList = [image('web', { tags: ['web:latest', 'web:2'] }), image('db')];
    engine.emit(event('image', 'pull'), event('image', 'tag'), event('image', 'tag'));
    await timers.pass(100);
    assert.deepEqual(engine.calls, ['images']);
    assert.deepEqual(changes, [{ kind: 'images', touched: [idOf('web')], isMembership: false }]);
  });

  it('tells nothing when a listing finds nothing new', async () => {
    await ready();
    engine.imageList = [image('web'), image('db')];
    engine.emit(event('image', 'tag'));
    await timers.pass(100);
    assert.deepEqual(changes, []);
  });

  it('keeps the object of a record that did not change', async () => {
    await ready();
    const before = inventory.images.get(idOf('db'));
    engine.imageList = [image('web', { sizeBytes: 2 }), image('db')];
    engine.emit(event('image', 'load'));
    await timers.pass(100);
    assert.equal(inventory.images.get(idOf('db')), before);
  });

  it('does not take the passing of time in a status for a change, but an exit code', async () => {
    await ready();
    engine.containerList = [container('front', { status: 'Up 3 minutes', mounts: [mountOf('data')] })];
    engine.emit(event('container', 'start'));
    await timers.pass(100);
    assert.deepEqual(changes, []);
    engine.containerList = [
      container('front', { status: 'Exited (1) 1 second ago', state: 'exited', mounts: [mountOf('data')] }),
    ];
    engine.emit(event('container', 'die'));
    await timers.pass(100);
    assert.equal(changes.length, 1);
    changes.length = 0;
    engine.containerList = [
      container('front', { status: 'Exited (137) 1 second ago', state: 'exited', mounts: [mountOf('data')] }),
    ];
    engine.emit(event('container', 'die'));
    await timers.pass(100);
    assert.equal(changes.length, 1);
  });

  it('ignores events that change no list', async () => {
    await ready();
    engine.emit(
      event('container', 'exec_create: sh -c true'),
      event('container', 'exec_start: sh -c true'),
      event('container', 'exec_die'),
      event('container', 'attach'),
      event('image', 'save'),
      event('network', 'create'),
    );
    await timers.pass(1_000);
    assert.deepEqual(engine.calls, []);
  });

  const concerns: readonly (readonly [Parameters<typeof event>, EngineCall])[] = [
    [['image', 'tag'], 'images'],
    [['image', 'untag'], 'images'],
    [['image', 'delete'], 'images'],
    [['image', 'load'], 'images'],
    [['image', 'import'], 'images'],
    [['image', 'pull'], 'images'],
    [['image', 'create'], 'images'],
    [['image', 'something of a later engine'], 'images'],
    [['container', 'commit'], 'images'],
    [['container', 'create'], 'containers'],
    [['container', 'die'], 'containers'],
    [['container', 'rename'], 'containers'],
    [['container', 'pause'], 'containers'],
    [['container', 'health_status: healthy'], 'containers'],
    [['container', 'destroy'], 'containers'],
    [['network', 'connect'], 'containers'],
    [['volume', 'create'], 'volumes'],
    [['volume', 'destroy'], 'volumes'],
  ];
  for (const [[kind, action], call] of concerns)
    it(`lists ${call} after ${kind} ${action}`, async () => {
      await ready();
      engine.emit(event(kind, action));
      await timers.pass(100);
      assert.deepEqual(engine.calls, [call]);
    });

  it('lists once more after a listing during which events came, so that the last one counts', async () => {
    await ready();
    engine.holds.add('images');
    engine.emit(event('image', 'tag'));
    await timers.pass(100);
    assert.equal(engine.count('images'), 1);
    engine.emit(event('image', 'tag'), event('image', 'tag'));
    await timers.pass(1_000);
    assert.equal(engine.count('images'), 1, 'never two at a time');
    engine.holds.clear();
    engine.answerHeld();
    await settled();
    engine.imageList = [image('late')];
    await timers.pass(5_000);
    assert.equal(engine.count('images'), 2);
    assert.deepEqual([...inventory.images.keys()], [idOf('late')]);
  });

  it('leaves the other lists alone when one fails, and lists that one again by itself', async () => {
    engine.faults.set('volumes', failure('engineRefused', { call: 'list volumes', reason: 'plugin' }));
    await ready();
    assert.equal(inventory.state.kind, 'ready');
    assert.equal(inventory.listing('images').kind, 'listed');
    const listing = inventory.listing('volumes');
    assert.ok(listing.kind === 'failed' && listing.error.code === 'engineRefused');
    engine.faults.clear();
    await timers.pass(10_000);
    assert.equal(inventory.listing('volumes').kind, 'listed');
    assert.deepEqual(changes, [{ kind: 'volumes', touched: 'all', isMembership: true }]);
  });

  it('waits longer each time a list fails again', async () => {
    engine.faults.set('volumes', new Error('broken'));
    await ready();
    await timers.pass(30_000);
    assert.equal(engine.count('volumes'), 4, 'after 2, 6, 14 and 30 s');
  });

  it('says that the engine is lost, and lists anew when it is back', async () => {
    await ready();
    engine.emit({ kind: 'disconnected', error: lost, retryInMs: 1_000 });
    await settled();
    assert.deepEqual(inventory.state, { kind: 'failed', error: lost, hasBeenReady: true, retryInMs: 1_000 });
    assert.equal(inventory.listing('images').kind, 'pending', 'what is known is not shown as true');
    engine.imageList = [image('web')];
    engine.emit(connected);
    await settled();
    assert.equal(inventory.state.kind, 'ready');
    assert.deepEqual([...inventory.images.keys()], [idOf('web')]);
    for (const list of lists) assert.equal(engine.count(list), 1);
  });

  it('knows whether an engine has ever answered', async () => {
    inventory.use(engine);
    engine.emit({ kind: 'disconnected', error: lost, retryInMs: Number.POSITIVE_INFINITY });
    await settled();
    assert.deepEqual(inventory.state, { kind: 'failed', error: lost, hasBeenReady: false });
  });

  it('does not become ready by an answer from before the connection broke', async () => {
    engine.isDeaf = true;
    engine.holds.add('info');
    inventory.use(engine);
    engine.emit(connected);
    await settled();
    engine.emit({ kind: 'disconnected', error: lost, retryInMs: 1_000 });
    await settled();
    engine.answerHeld();
    await settled();
    assert.equal(inventory.state.kind, 'failed');
  });

  it('asks again what engine it is when that fails, but not one that is too old', async () => {
    engine.faults.set('info', failure('engineTimeout', { call: 'info', seconds: 20 }));
    inventory.use(engine);
    engine.emit(connected);
    await settled();
    assert.equal(inventory.state.kind, 'failed');
    engine.faults.set('info', failure('engineTooOld', { endpoint: 'e', found: '1.24', needed: '1.40' }));
    await timers.pass(5_000);
    assert.equal(engine.count('info'), 2);
    assert.equal(failureOf(inventory), 'engineTooOld');
    await timers.pass(600_000);
    assert.equal(engine.count('info'), 2);
  });

  it('begins to follow again when the events break off against the promise of the port', async () => {
    await ready();
    engine.faults.set('events', new Error('boom'));
    engine.emit(event('image', 'tag'));
    await settled();
    engine.emit(connected);
    await settled();
    assert.equal(inventory.state.kind, 'failed');
    engine.faults.clear();
    await timers.pass(5_000);
    assert.equal(inventory.state.kind, 'ready');
  });

  it('lets go of one engine for another and shows nothing of the first', async () => {
    await ready();
    engine.isDeaf = true;
    engine.holds.add('images');
    engine.emit(event('image', 'tag'));
    await timers.pass(100);
    const other = new RecordingEngine();
    other.imageList = [image('other')];
    other.holds.add('images');
    inventory.use(other);
    assert.equal(inventory.images.size, 0);
    other.emit(connected);
    await settled();
    engine.answerHeld();
    await settled();
    assert.equal(inventory.images.size, 0, 'a late answer of the first engine counts for nothing');
    other.answerHeld();
    engine.emit(event('image', 'tag'));
    await timers.pass(1_000);
    assert.equal(engine.isFollowed, false);
    assert.deepEqual([...inventory.images.keys()], [idOf('other')]);
    assert.equal(inventory.containers.size, 0);
    assert.deepEqual(inventory.usersOfVolume('data'), []);
  });

  it('shows why there is no engine at all', async () => {
    await ready();
    const why = failure('contextUnknown', { name: 'gone' });
    inventory.useNone(why);
    assert.deepEqual(inventory.state, { kind: 'failed', error: why, hasBeenReady: true });
    assert.equal(inventory.images.size, 0);
    await inventory.refresh();
    assert.equal(inventory.state.kind, 'failed');
  });

  it('refreshes with a listing that began after the call', async () => {
    await ready();
    engine.holds.add('images');
    engine.emit(event('image', 'tag'));
    await timers.pass(100);
    engine.imageList = [image('new')];
    let isDone = false;
    const refresh = inventory.refresh().then(() => {
      isDone = true;
    });
    await settled();
    engine.answerHeld();
    await settled();
    assert.equal(isDone, false, 'the listing that ran already may have missed what is asked for');
    engine.holds.clear();
    engine.answerHeld();
    await refresh;
    assert.equal(engine.count('images'), 2);
    assert.deepEqual([...inventory.images.keys()], [idOf('new')]);
    assert.deepEqual(changes.at(-1), { kind: 'refreshed' });
  });

  it('runs one listing for two refreshes at once', async () => {
    await ready();
    engine.holds.add('images');
    engine.emit(event('image', 'tag'));
    await timers.pass(100);
    const both = Promise.all([inventory.refresh(), inventory.refresh()]);
    engine.holds.clear();
    engine.answerHeld();
    await both;
    assert.equal(engine.count('images'), 2);
  });

  it('ends a refresh when the engine is let go of meanwhile', async () => {
    await ready();
    engine.holds.add('images');
    const refresh = inventory.refresh();
    const second = inventory.refresh();
    await settled();
    inventory.useNone(lost);
    await Promise.all([refresh, second]);
    assert.equal(engine.count('images'), 1);
    assert.equal(inventory.listing('images').kind, 'pending');
  });

  it('tries a lost engine at once when it is refreshed', async () => {
    await ready();
    engine.emit({ kind: 'disconnected', error: lost, retryInMs: 30_000 });
    await settled();
    const refresh = inventory.refresh();
    assert.equal(inventory.state.kind, 'connecting');
    engine.emit(connected);
    await refresh;
    assert.equal(inventory.state.kind, 'ready');
    assert.equal(engine.count('images'), 1);
  });

  it('knows who uses an image and a volume, and tells when that changes', async () => {
    await ready();
    assert.deepEqual(
      inventory.usersOfImage(idOf('web')).map(({ names }) => names[0]),
      ['front'],
    );
    assert.deepEqual(
      inventory.usersOfVolume('data').map(({ names }) => names[0]),
      ['front'],
    );
    engine.containerList = [
      container('front', { mounts: [mountOf('data')] }),
      container('back', { imageId: idOf('db'), mounts: [mountOf('spare'), mountOf('spare')] }),
    ];
    engine.emit(event('container', 'create'));
    await timers.pass(100);
    assert.deepEqual(changes, [
      { kind: 'containers', touched: [container('back').id], isMembership: true },
      { kind: 'images', touched: [idOf('db')], isMembership: false },
      { kind: 'volumes', touched: ['spare'], isMembership: false },
    ]);
    assert.deepEqual(
      inventory.usersOfVolume('spare').map(({ names }) => names[0]),
      ['back'],
    );
  });

  it('measures volumes when asked, one measurement at a time, and tells whose size differs', async () => {
    await ready();
    engine.usageList = [{ name: 'data', sizeBytes: 10 }, { name: 'spare' }];
    engine.holds.add('usage');
    const signal = new AbortController().signal;
    const both = Promise.all([inventory.measureVolumes({ signal }), inventory.measureVolumes({ signal })]);
    await settled();
    assert.equal(engine.count('usage'), 1);
    engine.holds.clear();
    engine.answerHeld();
    await both;
    assert.equal(engine.count('usage'), 2);
    assert.equal(inventory.volumeUsage.get('data')?.sizeBytes, 10);
    assert.deepEqual(changes, [{ kind: 'volumes', touched: ['data', 'spare'], isMembership: false }]);
  });

  it('forgets the size of a volume that is gone', async () => {
    await ready();
    engine.usageList = [{ name: 'data', sizeBytes: 10 }];
    await inventory.measureVolumes({ signal: new AbortController().signal });
    engine.volumeList = [];
    engine.emit(event('volume', 'destroy'));
    await timers.pass(100);
    assert.equal(inventory.volumeUsage.size, 0);
  });

  it('throws when a measurement is cancelled, also one that waits for another', async () => {
    await ready();
    engine.holds.add('usage');
    const first = new AbortController();
    const second = new AbortController();
    const one = inventory.measureVolumes({ signal: first.signal });
    const other = inventory.measureVolumes({ signal: second.signal });
    second.abort();
    await assert.rejects(other, { name: 'AbortError' });
    first.abort();
    await assert.rejects(one, { name: 'AbortError' });
    await settled();
    assert.equal(inventory.volumeUsage.size, 0);
  });

  it('looks for images again from time to time while it is watched, and not otherwise', async () => {
    await ready();
    await timers.pass(60_000);
    assert.deepEqual(engine.calls, []);
    inventory.setWatched(true);
    engine.imageList = [image('built')];
    await timers.pass(10_500);
    assert.deepEqual([...inventory.images.keys()], [idOf('built')]);
    inventory.setWatched(false);
    engine.calls.length = 0;
    await timers.pass(60_000);
    assert.deepEqual(engine.calls, []);
  });

  it('lists an engine that is slow less often', async () => {
    await ready();
    engine.holds.add('images');
    engine.emit(event('image', 'tag'));
    await timers.pass(3_000);
    engine.holds.clear();
    engine.answerHeld();
    await settled();
    engine.emit(event('image', 'tag'));
    await timers.pass(1_500);
    assert.equal(engine.count('images'), 1);
    await timers.pass(1_000);
    assert.equal(engine.count('images'), 2);
  });

  it('stops telling a listener that was disposed', async () => {
    const told: string[] = [];
    const listening = inventory.onDidChange(({ kind }) => told.push(kind));
    listening.dispose();
    await ready();
    assert.deepEqual(told, []);
  });
});

function failureOf({ state }: Inventory): string | undefined {
  return state.kind === 'failed' ? state.error.code : undefined;
}
