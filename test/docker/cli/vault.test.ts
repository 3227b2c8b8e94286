import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import type { Digest } from '../../../src/core/digest.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { connect } from '../../../src/docker/connect.ts';
import { chooseEndpoint } from '../../../src/docker/endpoint.ts';
import { testHost, testLabel } from '../../support/engine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { engineHost, filesIn, sleepingRootfs, tarOf, type EngineHost } from '../../support/tinyImage.ts';
import { bundleCli, runCli, startCli, type Ended } from './bundledCli.ts';

const labels = { [testLabel]: '1' };
const backedUp = z.object({
  snapshots: z.array(
    z.object({ id: z.string(), name: z.string(), isUnchanged: z.boolean(), tags: z.array(z.string()) }),
  ),
});
const restored = z.object({
  isDone: z.boolean(),
  items: z.array(z.object({ what: z.string(), name: z.string(), newName: z.string(), action: z.string() })),
});
const failed = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

describe('backup and restore with the bundled command', function () {
  this.timeout(120_000);
  const run = randomBytes(4).toString('hex');
  const nameOf = (word: string): string => `drydock-test-${run}-${word}`;
  let bundle: string;
  let folder: string;
  let vault: string;
  let host: EngineHost;
  let engine: Engine;
  let sleeper: Digest;

  const drydock = (...argv: readonly string[]): Promise<Ended> =>
    runCli(bundle, [...argv, '--vault', vault], { cwd: folder });
  async function document<T>(schema: z.ZodType<T>, ...argv: readonly string[]): Promise<T> {
    const { exitCode, stdout, stderr } = await drydock(...argv, '--json');
    assert.equal(exitCode, 0, stderr);
    return schema.parse(JSON.parse(stdout));
  }
  async function refusal(...argv: readonly string[]): Promise<{ code: string; message: string }> {
    const { exitCode, stdout } = await drydock(...argv, '--json');
    assert.equal(exitCode, 1, stdout);
    return failed.parse(JSON.parse(stdout)).error;
  }

  before(async () => {
    const around = { env: {}, home: '/nowhere', platform: process.platform };
    engine = connect((await chooseEndpoint(around, testHost())).endpoint);
    host = engineHost(testHost());
    folder = await mkdtemp(join(tmpdir(), 'drydock-cli-vault-'));
    bundle = await bundleCli(folder);
  });
  beforeEach(async () => {
    vault = join(folder, `vault-${randomBytes(4).toString('hex')}`);
    const { exitCode, stderr } = await drydock('init');
    assert.equal(exitCode, 0, stderr);
    sleeper = await engine.images.importRootfs(Readable.from([await sleepingRootfs()]), {
      name: `localhost/${nameOf('sleep')}:1`,
      changes: [`LABEL ${testLabel}=1`],
    });
  });
  afterEach(() => host.removeLabelled());
  after(async () => {
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A container with a volume at /v, which holds one file. */
  async function makeContainer(word: string, content: Uint8Array): Promise<string> {
    await engine.volumes.create({ name: nameOf('data'), driver: 'local', options: {}, labels });
    const { id } = await engine.containers.create({
      name: nameOf(word),
      body: {
        Image: sleeper,
        Cmd: ['/bin/sleep', '1000'],
        Labels: labels,
        StopTimeout: 1,
        HostConfig: {
          NetworkMode: 'none',
          Mounts: [{ Type: 'volume', Source: nameOf('data'), Target: '/v' }],
        },
      },
    });
    const tar = await tarOf([{ name: 'file', content, mode: 0o640 }]);
    await engine.containers.writeArchive(id, '/v', Readable.from([tar]));
    return id;
  }
  async function requireFile(container: string, content: Uint8Array): Promise<void> {
    const files = await filesIn(await buffer(await engine.containers.readArchive(container, '/v/file')));
    const [found] = files.values();
    assert.ok(found !== undefined && Buffer.compare(found, content) === 0, 'the same bytes');
  }
  const stateOf = async (word: string): Promise<string> =>
    (await engine.containers.inspect(nameOf(word))).state;

  it('brings an image back with its ID and name, and stores nothing twice', async () => {
    const name = `localhost/${nameOf('sleep')}:1`;
    const first = await document(backedUp, 'backup', 'image', name, '--tag', 'daily');
    assert.deepEqual(first.snapshots[0]?.tags, ['daily']);
    assert.equal(first.snapshots[0].isUnchanged, false);
    const second = await document(backedUp, 'backup', 'image', sleeper);
    assert.equal(second.snapshots[0]?.isUnchanged, true);

    await engine.images.remove(sleeper, { force: true });
    const plan = await document(restored, 'restore', first.snapshots[0].id.slice(7, 19), '--dry-run');
    assert.equal(plan.isDone, false);
    assert.equal((await failureOf(engine.images.inspect(name))).code, 'engineNotFound');
    await document(restored, 'restore', first.snapshots[0].id.slice(7, 19));
    assert.equal((await engine.images.inspect(name)).id, sleeper);
  });

  it('brings a running container back with its volume, and replaces only what was agreed to', async () => {
    const content = randomBytes(100_000);
    await engine.containers.start(await makeContainer('web', content));
    const { snapshots } = await document(backedUp, 'backup', 'container', nameOf('web'));
    const id = snapshots[0]?.id.slice(7, 19) ?? '';
    assert.equal(await stateOf('web'), 'running');

    const blocked = await refusal('restore', id);
    assert.equal(blocked.code, 'restoreBlocked');
    assert.match(blocked.message, /--skip-existing/);
    assert.equal((await refusal('restore', id, '--replace')).code, 'needsYes');

    await engine.containers.remove(nameOf('web'), { force: true });
    await engine.volumes.remove(nameOf('data'));
    const { items } = await document(restored, 'restore', `${nameOf('web')}@latest`);
    assert.ok(items.some(({ what, action }) => what === 'volume' && action === 'create'));
    assert.equal(await stateOf('web'), 'running');
    await requireFile(nameOf('web'), content);

    const before = await engine.containers.inspect(nameOf('web'));
    await document(restored, 'restore', id, '--replace', '--yes');
    assert.notEqual((await engine.containers.inspect(nameOf('web'))).id, before.id);
    await requireFile(nameOf('web'), content);

    await document(restored, 'restore', id, '--as', nameOf('copy'), '--skip-existing', '--no-start');
    assert.equal(await stateOf('copy'), 'created');
  });

  it('brings a volume back under another name, and says which of several can’t be backed up', async () => {
    const content = randomBytes(5_000);
    await makeContainer('user', content);
    const name = nameOf('data');
    await document(backedUp, 'backup', 'volume', name, '--consistency', 'stop');
    await document(restored, 'restore', `${name}@latest`, '--as', nameOf('other'));
    const { id } = await engine.containers.create({
      body: {
        Image: sleeper,
        Cmd: ['x'],
        Labels: labels,
        HostConfig: { Mounts: [{ Type: 'volume', Source: nameOf('other'), Target: '/v' }] },
      },
    });
    await requireFile(id, content);

    const missing = await refusal('backup', 'volume', name, nameOf('absent'));
    assert.equal(missing.code, 'engineNotFound');
    const partly = await drydock('backup', 'project', nameOf('p1'), nameOf('p2'));
    assert.equal(partly.exitCode, 1);
    assert.match(partly.stderr, new RegExp(`${nameOf('p1')}[^]*${nameOf('p2')}`));
  });

  it('brings one service of a project back, and then the rest', async () => {
    const project = nameOf('shop');
    const network = await engine.networks.create({
      name: nameOf('net'),
      driver: 'bridge',
      isInternal: false,
      isAttachable: false,
      isIpv6Enabled: false,
      options: {},
      labels: { 'com.docker.compose.project': project },
      ipam: {},
    });
    try {
      for (const service of ['db', 'web']) {
        const { id } = await engine.containers.create({
          name: nameOf(service),
          body: {
            Image: sleeper,
            Cmd: ['/bin/sleep', '1000'],
            StopSignal: 'SIGKILL',
            Labels: {
              ...labels,
              'com.docker.compose.project': project,
              'com.docker.compose.service': service,
              ...(service === 'web' ? { 'com.docker.compose.depends_on': 'db:service_started:false' } : {}),
            },
            HostConfig: { NetworkMode: nameOf('net') },
          },
        });
        await engine.containers.start(id);
      }
      const { snapshots } = await document(backedUp, 'backup', 'project', project, '--consistency', 'stop');
      assert.equal(snapshots.length, 1);
      for (const service of ['web', 'db']) {
        assert.equal(await stateOf(service), 'running');
        await engine.containers.remove(nameOf(service), { force: true });
      }
      await engine.networks.remove(network);

      await document(restored, 'restore', `${project}@latest`, '--service', 'db');
      assert.equal(await stateOf('db'), 'running');
      assert.equal((await failureOf(stateOf('web'))).code, 'engineNotFound');
      const db = await engine.containers.inspect(nameOf('db'));
      assert.equal(
        (await refusal('restore', `${project}@latest`, '--service', 'nobody')).code,
        'notInSnapshot',
      );

      await document(restored, 'restore', `${project}@latest`, '--skip-existing');
      assert.equal(await stateOf('web'), 'running');
      assert.equal((await engine.containers.inspect(nameOf('db'))).id, db.id);
      const { labels: kept } = await engine.networks.inspect(nameOf('net'));
      assert.equal(kept['com.docker.compose.project'], project);
    } finally {
      await host.removeLabelled();
      await engine.networks.remove(nameOf('net'));
    }
  });

  it('lets a container go on that a killed backup left paused', async () => {
    await engine.containers.start(await makeContainer('paused', randomBytes(40 << 20)));
    const stop = new AbortController();
    const { child, ended } = startCli(bundle, ['backup', 'container', nameOf('paused'), '--vault', vault], {
      cwd: folder,
    });
    for await (const event of engine.events(stop.signal)) {
      if (event.kind === 'container' && event.action === 'pause') break;
    }
    child.kill('SIGKILL');
    await ended;
    stop.abort();
    assert.equal(await stateOf('paused'), 'paused');

    const { exitCode, stderr } = await drydock('backup', 'image', sleeper);
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /Put back what an earlier backup of .* left/);
    assert.equal(await stateOf('paused'), 'running');
    const left = (await engine.containers.list()).filter(({ names }) => !names[0]?.includes(run));
    assert.deepEqual(left, []);
  });
});
