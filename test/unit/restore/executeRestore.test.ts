import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failure } from '../../../src/core/errors.ts';
import { unattended, type Operation } from '../../../src/core/progress.ts';
import { recoverVault } from '../../../src/core/recovery/recoverVault.ts';
import { executeRestore, type RestoreParts } from '../../../src/core/restore/executeRestore.ts';
import { planRestore } from '../../../src/core/restore/planRestore.ts';
import type { RestoreChoices, RestorePlan } from '../../../src/core/restore/restorePlan.ts';
import type { RestoreResult } from '../../../src/core/restore/restoreResult.ts';
import type { SnapshotContents } from '../../../src/core/snapshot/snapshot.ts';
import type { CapturedContainer } from '../../../src/core/snapshot/snapshotRecords.ts';
import { createVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess, type ProcessIdentity } from '../../../src/core/vault/processIdentity.ts';
import { sampleImage, sampleLayer } from '../../support/archives/sampleImages.ts';
import { DockEngine } from '../../support/dockEngine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { shopSnapshot } from '../../support/shopSnapshot.ts';

const refused = failure('engineRefused', { call: 'test', reason: 'no' });
/** Replaces `web`, makes the rest. */
const replaceWeb: RestoreChoices = { items: [{ what: 'container', name: 'web', action: 'replace' }] };

describe('restoring what was planned', function () {
  this.timeout(60_000);
  let folder: string;
  let vault: Vault;
  let owner: ProcessIdentity;
  let shop: SnapshotContents;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-restore-'));
    vault = await createVault({ path: folder, compression: 'zstd' });
    owner = await currentProcess();
    shop = await shopSnapshot({ vault, owner });
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });

  const parts = (dock: DockEngine): RestoreParts => ({
    wait: () => Promise.resolve(),
    fill: (volume, target) => {
      const found = dock.volumes.get(target);
      assert.ok(found, `the volume ${target} is made before it is filled`);
      found.data = `data of ${volume.document.name}`;
      dock.done.push(`fill ${target}`);
      return Promise.resolve();
    },
  });
  /** An engine with an old `web` that runs, and something of everything that must not be touched. */
  function dockWithWeb(): DockEngine {
    const dock = new DockEngine();
    dock.addContainer('web', { ports: [8080] });
    dock.addContainer('other');
    dock.addNetwork('others');
    dock.volumes.set('mine', { createdAtMs: 0, data: 'mine' });
    return dock;
  }
  async function planFor(
    dock: DockEngine,
    choices: RestoreChoices = {},
    change?: (document: CapturedContainer) => CapturedContainer,
  ): Promise<RestorePlan> {
    const contents = change === undefined ? shop : await shopSnapshot({ vault, owner }, change);
    return planRestore({ engine: dock.engine, vault }, { contents, choices });
  }
  const execute = (
    dock: DockEngine,
    plan: RestorePlan,
    operation: Operation = unattended(),
  ): Promise<RestoreResult> =>
    executeRestore({ engine: dock.engine, vault, owner }, plan, operation, parts(dock));
  const journals = (): Promise<string[]> => readdir(vault.paths.journal);

  it('goes from images over networks and volumes to containers, what others need first', async () => {
    const dock = new DockEngine();
    const result = await execute(dock, await planFor(dock));
    assert.deepEqual(dock.done, [
      'load',
      'network back',
      'network front',
      'volume data',
      'fill data',
      'create db',
      'create api',
      'connect back',
      'create web',
      'start db',
      'start api',
      'start web',
    ]);
    assert.deepEqual(result.warnings, []);
    assert.deepEqual(await journals(), []);
  });

  it('makes a container from its image’s name while that means the image, and from its own changes by ID', async () => {
    const dock = new DockEngine();
    const plan = await planFor(dock);
    await execute(dock, plan);
    const images = dock.containers.map(({ name, body }) => [name, body['Image']]);
    const writable = plan.images.find(({ snapshotImage }) => snapshotImage.role === 'writable');
    assert.deepEqual(images, [
      ['db', writable?.load.id],
      ['api', 'app:1'],
      ['web', 'app:1'],
    ]);
  });

  it('connects to further networks later where an engine takes one, and at once where it takes several', async () => {
    const [old, recent] = [new DockEngine(), new DockEngine()];
    recent.moreInfo = { apiVersion: '1.44' };
    await execute(old, await planFor(old));
    await execute(recent, await planFor(recent));
    for (const dock of [old, recent])
      assert.deepEqual(dock.containers.find(({ name }) => name === 'api')?.networks, ['front', 'back']);
    assert.ok(old.done.includes('connect back') && !recent.done.includes('connect back'));
  });

  it('brings a container back paused or stopped, as it was', async () => {
    const dock = new DockEngine();
    const states: Readonly<Record<string, CapturedContainer['state']>> = { web: 'paused', api: 'exited' };
    await execute(
      dock,
      await planFor(dock, {}, (document) => ({
        ...document,
        state: states[document.name] ?? document.state,
      })),
    );
    assert.deepEqual(
      dock.containers.map(({ name, state }) => `${name} ${state}`),
      ['db running', 'api created', 'web paused'],
    );
  });

  it('gives a container a new name, and those that refer to it and its volume theirs', async () => {
    const dock = dockWithWeb();
    dock.volumes.set('data', { createdAtMs: 0, data: 'old' });
    const plan = await planFor(
      dock,
      {
        items: [
          { what: 'container', name: 'web', action: 'rename', newName: 'web2' },
          { what: 'volume', name: 'data', action: 'rename', newName: 'data2' },
        ],
        start: false,
      },
      (document) =>
        document.name === 'api'
          ? { ...document, createBody: { Image: 'app:1', HostConfig: { PidMode: 'container:web' } } }
          : document,
    );
    await execute(dock, plan);
    const hostConfigOf = (name: string): unknown =>
      dock.containers.find((one) => one.name === name)?.body['HostConfig'];
    assert.deepEqual(hostConfigOf('api'), { PidMode: 'container:web2' });
    // The snapshot's volume holds one entry, as an empty one has its root folder.
    assert.deepEqual(hostConfigOf('db'), { NetworkMode: 'back', Binds: ['data2:/data:nocopy'] });
    assert.equal(dock.volumes.get('data')?.data, 'old');
    assert.equal(dock.volumes.get('data2')?.data, 'data of data');
    assert.ok(dock.containers.some(({ name, state }) => name === 'web' && state === 'running'));
  });

  it('moves what it replaces aside, and removes it when the new one stands', async () => {
    const dock = dockWithWeb();
    const [old] = dock.containers;
    await execute(dock, await planFor(dock, replaceWeb));
    const changes = dock.done.filter((call) => call.includes(' web'));
    assert.deepEqual(
      changes.map((call) => call.replace(/before-\w+/, 'before')),
      ['stop web', 'rename web', 'create web', 'start web', 'rm web-before'],
    );
    assert.ok(dock.containers.every(({ id }) => id !== old?.id));
  });

  for (const [what, outcome] of [
    ['is unhealthy', { state: 'running', health: 'unhealthy' }],
    ['ends at once', { state: 'exited', health: 'none' }],
    ['never becomes healthy', { state: 'running', health: 'starting' }],
  ] as const)
    it(`puts the old container back when the new one ${what}`, async () => {
      const dock = dockWithWeb();
      const before = dock.state();
      const plan = await planFor(dock, replaceWeb);
      let isNew = true;
      dock.startsAs = (name) => {
        if (name !== 'web' || !isNew) return { state: 'running', health: 'none' };
        isNew = false;
        return outcome;
      };
      assert.equal((await failureOf(execute(dock, plan))).code, 'restoreNotHealthy');
      assert.deepEqual(dock.state(), before);
      assert.deepEqual(await journals(), []);
    });

  it('puts the old container back when the new one ends while others are waited for', async () => {
    const dock = dockWithWeb();
    dock.addContainer('db', { createdAtMs: 0 });
    const before = dock.state();
    const both = ['web', 'db'].map((name) => ({ what: 'container', name, action: 'replace' }) as const);
    const plan = await planFor(dock, { items: both });
    const { containers } = dock.engine;
    let hasEnded = false;
    const engine = {
      ...dock.engine,
      containers: {
        ...containers,
        inspect: async (ref: string) => {
          const found = await containers.inspect(ref);
          const db = dock.containers.find(({ name }) => name === 'db');
          // The first to be waited for ends when the last one is.
          if (dock.done.includes('start web') && found.name === 'web' && db && !hasEnded) {
            hasEnded = true;
            db.state = 'exited';
          }
          return found;
        },
      },
    };
    const deps = { engine, vault, owner };
    const error = await failureOf(executeRestore(deps, plan, unattended(), parts(dock)));
    assert.equal(error.code, 'restoreNotHealthy');
    assert.equal(error.details['name'], 'db');
    assert.deepEqual(dock.state(), before);
  });

  it('refuses a plan that was made for another engine', async () => {
    const dock = new DockEngine();
    const plan = await planFor(dock);
    dock.moreInfo = { id: 'ANOTHER' };
    assert.equal((await failureOf(execute(dock, plan))).code, 'restoreBlocked');
    assert.deepEqual(dock.done, []);
  });

  it('tells of a container that ended, where it replaces none', async () => {
    const dock = new DockEngine();
    dock.startsAs = (name) => ({ state: name === 'api' ? 'exited' : 'running', health: 'none' });
    const { warnings } = await execute(dock, await planFor(dock));
    assert.deepEqual(warnings, [{ kind: 'notRunning', name: 'api', text: 'exited, exit code 7' }]);
  });

  /** What a restore that replaces `web` asks of an engine, up to where it stands. */
  const steps = [
    'load',
    'stop web',
    'rename web',
    'network back',
    'network front',
    'volume data',
    'create db',
    'create api',
    'connect back',
    'create web',
    'start db',
    'start api',
    'start web',
  ];

  for (const step of steps) {
    for (const when of ['before', 'after'] as const)
      it(`puts everything back when “${step}” fails ${when} it was done`, async () => {
        const dock = dockWithWeb();
        const before = dock.state();
        const plan = await planFor(dock, replaceWeb);
        let hasFailed = false;
        const fault = (call: string): Error | undefined => {
          if (call !== step || hasFailed) return undefined;
          hasFailed = true;
          return refused;
        };
        if (when === 'before') dock.fails = fault;
        else dock.failsAfter = fault;
        assert.equal(await failureOf(execute(dock, plan)), refused);
        assert.deepEqual(dock.state(), before);
        assert.deepEqual(await journals(), []);
      });

    it(`puts everything back when it is cancelled during “${step}”`, async () => {
      const dock = dockWithWeb();
      const before = dock.state();
      const plan = await planFor(dock, replaceWeb);
      const cancel = new AbortController();
      dock.failsAfter = (call) => {
        if (call === step) cancel.abort();
        return undefined;
      };
      await assert.rejects(execute(dock, plan, { ...unattended(), signal: cancel.signal }), {
        name: 'AbortError',
      });
      assert.deepEqual(dock.state(), before);
      assert.deepEqual(await journals(), []);
    });

    it(`leaves notes for recovery when the engine goes away during “${step}”`, async () => {
      const dock = dockWithWeb();
      const before = dock.state();
      const plan = await planFor(dock, replaceWeb);
      let isGone = false;
      dock.failsAfter = (call) => {
        isGone ||= call === step;
        return isGone ? refused : undefined;
      };
      dock.fails = () => (isGone ? refused : undefined);
      const error = await failureOf(execute(dock, plan));
      dock.fails = dock.failsAfter = () => undefined;
      await recoverVault({ vault, owner, engine: dock.engine });
      assert.deepEqual(dock.state(), before);
      assert.equal(error.code, 'restoreRollbackFailed');
      assert.deepEqual(await journals(), []);
    });
  }

  for (const step of ['tag', 'load', 'network front', 'start web'])
    it(`gives a tag that moved back after the engine went away during “${step}”`, async () => {
      const dock = new DockEngine([
        sampleImage([sampleLayer(1)], ['app:1']),
        sampleImage([sampleLayer(2)], []),
      ]);
      const before = dock.state();
      const plan = await planFor(dock, { items: [{ what: 'tag', name: 'app:1', action: 'replace' }] });
      let isGone = false;
      dock.failsAfter = (call) => {
        isGone ||= call.startsWith(step);
        return isGone ? refused : undefined;
      };
      dock.fails = () => (isGone ? refused : undefined);
      assert.equal((await failureOf(execute(dock, plan))).code, 'restoreRollbackFailed');
      assert.notDeepEqual(dock.state(), before);
      dock.fails = dock.failsAfter = () => undefined;
      await recoverVault({ vault, owner, engine: dock.engine });
      assert.deepEqual(dock.state(), before);
      assert.deepEqual(await journals(), []);
    });

  it('keeps images that were there, and takes only its new name back', async () => {
    const dock = new DockEngine();
    await execute(dock, await planFor(dock, { start: false }));
    for (const { id } of [...dock.containers]) await dock.engine.containers.remove(id);
    dock.networks.length = 0;
    dock.volumes.clear();
    await dock.engine.images.tag('app:1', 'held:1');
    await dock.engine.images.remove('app:1');
    const before = dock.state();
    const plan = await planFor(dock);
    assert.ok(plan.images.every(({ load }) => load.isThere));
    dock.fails = (call) => (call === 'start web' ? refused : undefined);
    assert.equal(await failureOf(execute(dock, plan)), refused);
    assert.deepEqual(dock.state(), before);
  });

  it('takes away again the empty volume that an engine made for one that was left out', async () => {
    const dock = dockWithWeb();
    const before = dock.state();
    const items: RestoreChoices['items'] = [{ what: 'volume', name: 'data', action: 'skip' }];
    const plan = await planFor(dock, { items: [...items, ...(replaceWeb.items ?? [])] });
    let hasMade = false;
    dock.fails = (call) => {
      hasMade ||= dock.volumes.has('data');
      return call === 'create web' ? refused : undefined;
    };
    assert.equal(await failureOf(execute(dock, plan)), refused);
    assert.ok(hasMade);
    assert.deepEqual(dock.state(), before);
  });

  it('starts no old container while the new one can’t be removed, and undoes all of it when it can', async () => {
    const dock = dockWithWeb();
    const before = dock.state();
    const plan = await planFor(dock, replaceWeb);
    dock.startsAs = (name) => ({ state: 'running', health: name === 'web' ? 'unhealthy' : 'none' });
    dock.fails = (call) => (call === 'rm web' ? refused : undefined);
    assert.equal((await failureOf(execute(dock, plan))).code, 'restoreRollbackFailed');
    const running = dock.containers.filter(({ state }) => state === 'running');
    assert.deepEqual(running.map(({ name }) => name).sort(), ['other', 'web']);
    await recoverVault({ vault, owner, engine: dock.engine });
    assert.ok(
      dock.networks.some(({ name }) => name === 'front'),
      'while the new one is in it',
    );
    dock.fails = () => undefined;
    dock.startsAs = () => ({ state: 'running', health: 'none' });
    await recoverVault({ vault, owner, engine: dock.engine });
    assert.deepEqual(dock.state(), before);
    assert.deepEqual(await journals(), []);
  });

  it('puts a container back that was paused, and still is', async () => {
    const dock = dockWithWeb();
    const [web] = dock.containers;
    assert.ok(web);
    web.state = 'paused';
    const before = dock.state();
    const plan = await planFor(dock, replaceWeb);
    dock.fails = (call) => (call === 'create web' ? refused : undefined);
    assert.equal(await failureOf(execute(dock, plan)), refused);
    assert.deepEqual(dock.state(), before);
  });

  it('keeps the new container when the old one can’t be removed, and says so', async () => {
    const dock = dockWithWeb();
    const plan = await planFor(dock, replaceWeb);
    dock.fails = (call) => (call.startsWith('rm web-before') ? refused : undefined);
    const { warnings } = await execute(dock, plan);
    assert.deepEqual(
      warnings.map(({ kind, text }) => `${kind} ${text}`),
      [`oldLeft ${refused.message}`],
    );
    assert.ok(dock.containers.some(({ name, state }) => name === 'web' && state === 'running'));
  });

  for (const [what, take] of [
    ['container', (dock: DockEngine) => dock.addContainer('db')],
    ['volume', (dock: DockEngine) => dock.volumes.set('data', { createdAtMs: 0, data: 'theirs' })],
    [
      'network',
      (dock: DockEngine) => {
        dock.addNetwork('back');
      },
    ],
  ] as const)
    it(`touches no ${what} of that name that came after the plan`, async () => {
      const dock = dockWithWeb();
      const plan = await planFor(dock, replaceWeb);
      take(dock);
      const before = dock.state();
      assert.equal((await failureOf(execute(dock, plan))).code, 'restoreTaken');
      assert.deepEqual(dock.state(), before);
    });

  it('does nothing while the plan has something in its way', async () => {
    const dock = dockWithWeb();
    const plan = await planFor(dock);
    const error = await failureOf(execute(dock, plan));
    assert.equal(error.code, 'restoreBlocked');
    assert.match(error.message, /A container named web is there already/);
    assert.deepEqual(dock.done, []);
  });
});
