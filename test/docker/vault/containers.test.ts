import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { backupContainer, type BackupContainerInput } from '../../../src/core/backup/backupContainer.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { unattended } from '../../../src/core/progress.ts';
import { recoverVault } from '../../../src/core/recovery/recoverVault.ts';
import { readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { readLayer } from '../../../src/core/vault/frames.ts';
import { collect } from '../../support/archives/byteStreams.ts';
import { ContainerBench } from '../../support/containerBench.ts';
import { testEngine, testLabel } from '../../support/engine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { shellImage } from '../../support/shellImage.ts';
import { filesIn } from '../../support/tinyImage.ts';
import { engineThatDies, watchedEngine } from '../../support/watchedEngine.ts';

const child = fileURLToPath(new URL('../../support/containerBackup.ts', import.meta.url));

describe('backing up a container', function () {
  this.timeout(300_000);
  let bench: ContainerBench;

  before(async () => {
    bench = await ContainerBench.open();
  });
  after(async () => {
    await bench.close();
  });
  afterEach(async () => {
    await bench.clear();
    assert.deepEqual(await bench.leftovers(), []);
  });

  const backUp = (
    input: Partial<BackupContainerInput> & { readonly container: string },
    engine: Engine = bench.engine,
    operation = unattended(),
  ) =>
    backupContainer(
      { engine, vault: bench.vault, owner: bench.owner },
      { consistency: 'pause', includeBinds: false, ...input },
      operation,
    );
  /** Until the container has done what its script does first. */
  const ready = async (name: string, path: string): Promise<void> => {
    while ((await bench.engine.containers.statPath(name, path)) === undefined);
  };

  it('takes its changes, its volumes and what it was made with, and leaves it running', async () => {
    await bench.docker(
      'network',
      'create',
      '--label',
      `${testLabel}=1`,
      '--subnet',
      '10.213.7.0/24',
      'yard-net',
    );
    await bench.docker('volume', 'create', '--label', `${testLabel}=1`, '--label', 'a=b', 'yard-data');
    await mkdir(join(bench.folder, 'host'));
    await writeFile(join(bench.folder, 'host/config'), 'of the host');
    const id = await bench.run(
      'yard',
      [
        ...[
          '--network',
          'yard-net',
          '--ip',
          '10.213.7.9',
          '--network-alias',
          'dock',
          '--env',
          'DB_PASSWORD=x',
        ],
        ...['--volume', 'yard-data:/data', '--volume', '/anon', '--volume', `${bench.folder}/host:/host:ro`],
        ...['--tmpfs', '/scratch', '--restart', 'on-failure:3', '--memory', '64m'],
      ],
      'echo mine > /etc/own; echo data > /data/file; echo anon > /anon/file; touch /tmp/ready; sleep 600',
    );
    await ready('yard', '/tmp/ready');
    const { snapshot, remarks } = await backUp({ container: 'yard', tags: ['before upgrade'] });
    assert.equal((await bench.states())['yard'], 'running');

    const contents = await bench.contents(snapshot);
    const [{ document } = assert.fail('no container')] = contents.containers;
    assert.equal(document.id, id);
    assert.equal(document.state, 'running');
    assert.deepEqual(snapshot.tags, ['before upgrade']);
    assert.deepEqual(snapshot.source.kind, 'container');
    assert.deepEqual(
      document.networks.map(({ name, isPredefined }) => ({ name, isPredefined })),
      [{ name: 'yard-net', isPredefined: false }],
    );
    assert.match(JSON.stringify(document.createBody), /"IPv4Address":"10\.213\.7\.9"/);
    const anonymous = document.mounts.find(({ target }) => target === '/anon');
    assert.ok(anonymous?.isIncluded);
    assert.match(JSON.stringify(document.createBody), new RegExp(`"${anonymous.name}:/anon:nocopy"`));
    assert.equal((await bench.filesOf(contents, 'yard-data')).get('file'), 'data\n');
    assert.equal((await bench.filesOf(contents, anonymous.name)).get('file'), 'anon\n');
    assert.deepEqual(
      contents.volumes.find(({ document: volume }) => volume.name === 'yard-data')?.document.labels['a'],
      'b',
    );

    const writable = contents.images.find(({ role }) => role === 'writable');
    const base = contents.images.find(({ role }) => role === 'image');
    assert.ok(writable && base);
    assert.deepEqual(base.tags, [shellImage]);
    assert.equal(document.imageManifest, base.manifests[0]?.descriptor.digest);
    assert.equal(document.writableManifest, writable.manifests[0]?.descriptor.digest);
    const layers = writable.manifests[0]?.layers ?? [];
    assert.deepEqual(
      layers.slice(0, -1).map(({ diffId }) => diffId),
      base.manifests[0]?.layers.map(({ diffId }) => diffId),
    );
    const top = layers.at(-1);
    assert.ok(top);
    const files = await filesIn(await collect(readLayer(bench.vault.blobs, top.index)));
    assert.equal(files.get('etc/own')?.toString(), 'mine\n');

    const said = remarks.map(({ kind, subject }) => `${kind} ${subject}`);
    for (const one of ['secret DB_PASSWORD', 'tmpfs /scratch', 'bind /host'])
      assert.ok(said.includes(one), one);
    assert.equal(snapshot.remarkCount, remarks.filter(({ kind }) => kind !== 'xattrs').length);
  });

  it('takes folders of the host on demand, and names what it can’t read', async () => {
    // An engine of another release sees no folder of the machine but its own.
    const host = await mkdtemp(join((await testEngine()).folder, 'b'));
    await mkdir(join(host, 'etc'));
    await writeFile(join(host, 'etc/config'), 'of the host');
    const socket = join(host, 's');
    const server = createServer().listen(socket);
    await once(server, 'listening');
    await bench.create('binds', ['--volume', `${host}/etc:/config`, '--volume', `${socket}:/socket`]);
    const { snapshot, remarks } = await backUp({ container: 'binds', includeBinds: true });
    const contents = await bench.contents(snapshot);
    assert.equal((await bench.filesOf(contents, `${host}/etc`)).get('config'), 'of the host');
    const mounts = contents.containers[0]?.document.mounts ?? [];
    const included = mounts.map(({ target, isIncluded }) => ({ target, isIncluded }));
    assert.deepEqual(
      included.find(({ target }) => target === '/config'),
      { target: '/config', isIncluded: true },
    );
    assert.deepEqual(
      included.find(({ target }) => target === '/socket'),
      { target: '/socket', isIncluded: false },
    );
    assert.deepEqual(
      remarks.filter(({ kind }) => kind === 'bind').map(({ subject }) => subject),
      ['/socket', socket],
    );
    server.close();
    await rm(host, { recursive: true, force: true });
  });

  it('makes no image of one without changes, even where a mount made a folder', async () => {
    await bench.docker('volume', 'create', '--label', `${testLabel}=1`, 'still-data');
    await bench.create('still', ['--volume', 'still-data:/made']);
    let commits = 0;
    const engine = watchedEngine(bench.engine, {
      before: (call) => {
        if (call === 'containers.commit') commits += 1;
      },
    });
    const { snapshot } = await backUp({ container: 'still' }, engine);
    const { images, containers } = await bench.contents(snapshot);
    assert.equal(commits, 0);
    assert.deepEqual(
      images.map(({ role }) => role),
      ['image'],
    );
    assert.equal(containers[0]?.document.writableManifest, undefined);
    assert.equal(containers[0]?.document.state, 'created');
  });

  it('says whether it is as it was the last time', async () => {
    await bench.docker('volume', 'create', '--label', `${testLabel}=1`, 'same-data');
    await bench.run(
      'same',
      ['--volume', 'same-data:/data'],
      'echo own > /etc/own; touch /tmp/ready; sleep 600',
    );
    await ready('same', '/tmp/ready');
    const isUnchanged = async (): Promise<boolean> => (await backUp({ container: 'same' })).isUnchanged;
    assert.equal(await isUnchanged(), false);
    assert.equal(await isUnchanged(), true);
    await bench.docker('exec', 'same', 'sh', '-c', 'echo more > /data/file');
    assert.equal(await isUnchanged(), false);
    await bench.docker('exec', 'same', 'sh', '-c', 'echo more > /etc/own');
    assert.equal(await isUnchanged(), false);
    assert.equal(await isUnchanged(), true);
  });

  it('reads two files that are written together as of one moment when it pauses', async () => {
    await bench.docker('volume', 'create', '--label', `${testLabel}=1`, 'pair-data');
    await bench.run(
      'pair',
      ['--volume', 'pair-data:/data'],
      'n=0; while :; do n=$((n+1)); echo $n > /data/first; echo $n > /data/second; done',
    );
    await ready('pair', '/data/second');
    for (const consistency of ['pause', 'stop'] as const) {
      const { snapshot, remarks } = await backUp({ container: 'pair', consistency });
      const files = await bench.filesOf(await bench.contents(snapshot), 'pair-data');
      const [first, second] = ['first', 'second'].map((name) => Number(files.get(name)));
      // Killed between opening and writing a file, that one is empty.
      if (first !== 0 && second !== 0) assert.ok((first ?? 0) - (second ?? 0) <= 1, `${first} and ${second}`);
      assert.deepEqual(
        remarks.filter(({ kind }) => kind === 'changed' || kind === 'notPaused'),
        [],
      );
      assert.equal((await bench.states())['pair'], 'running');
    }
  });

  it('names what was written while it was read without a pause', async () => {
    await bench.docker('volume', 'create', '--label', `${testLabel}=1`, 'busy-data');
    await bench.run('busy', ['--volume', 'busy-data:/data'], 'while :; do echo x >> /data/grows; done');
    await ready('busy', '/data/grows');
    const { remarks } = await backUp({ container: 'busy', consistency: 'none' });
    assert.ok(remarks.some(({ kind, subject }) => kind === 'changed' && subject === 'grows'));
  });

  it('has another writer of a volume stand still too, and leaves paused and ended ones as they are', async () => {
    await bench.docker('volume', 'create', '--label', `${testLabel}=1`, 'shared-data');
    const mount = ['--volume', 'shared-data:/data'];
    await bench.run('own', mount, 'sleep 600');
    await bench.run('other', mount, 'sleep 600');
    await bench.run('reader', ['--volume', 'shared-data:/data:ro'], 'sleep 600');
    await bench.run('waiting', mount, 'sleep 600');
    await bench.docker('pause', 'waiting');
    const calls: string[] = [];
    const engine = watchedEngine(bench.engine, {
      before: async (call) => {
        if (call === 'containers.readArchive') calls.push(JSON.stringify(await bench.states()));
      },
    });
    const before = await bench.states();
    await backUp({ container: 'own' }, engine);
    assert.deepEqual(await bench.states(), before);
    const during = JSON.parse(calls[0] ?? '{}') as Readonly<Record<string, string>>;
    assert.deepEqual(
      ['own', 'other', 'reader', 'waiting'].map((name) => during[name]),
      ['paused', 'paused', 'running', 'paused'],
    );
  });

  it('runs the hooks of its labels, and nothing is backed up when one fails before', async () => {
    await bench.docker('volume', 'create', '--label', `${testLabel}=1`, 'hook-data');
    const labels = (before: string): readonly string[] => [
      ...['--label', `dev.drydock.hook.before=${before}`],
      ...['--label', 'dev.drydock.hook.after=rm /data/locked; touch /data/after'],
      ...['--volume', 'hook-data:/data'],
    ];
    await bench.run('hooked', labels('touch /data/locked'), 'sleep 600');
    const { snapshot, remarks } = await backUp({ container: 'hooked' });
    const files = await bench.filesOf(await bench.contents(snapshot), 'hook-data');
    assert.deepEqual([files.has('locked'), files.has('after')], [true, false]);
    assert.deepEqual(
      remarks.filter(({ kind }) => kind === 'hookFailed'),
      [],
    );
    assert.equal(await bench.engine.containers.statPath('hooked', '/data/locked'), undefined);

    await bench.run('failing', labels('echo no room >&2; exit 4'), 'sleep 600');
    const count = (await readSnapshots(bench.vault)).length;
    const error = await failureOf(backUp({ container: 'failing' }));
    assert.equal(error.code, 'hookFailed');
    assert.match(error.message, /4: no room/);
    assert.equal((await readSnapshots(bench.vault)).length, count);
  });

  it('refuses to stop one that would be removed then, and pauses it', async () => {
    await bench.run('once', ['--rm'], 'sleep 600');
    assert.equal(
      (await failureOf(backUp({ container: 'once', consistency: 'stop' }))).code,
      'stopWouldRemove',
    );
    await backUp({ container: 'once' });
    assert.equal((await bench.states())['once'], 'running');
  });

  it('lets everything go on when it is cancelled while it reads', async () => {
    await bench.docker('volume', 'create', '--label', `${testLabel}=1`, 'cut-data');
    await bench.run('cut', ['--volume', 'cut-data:/data'], 'touch /etc/own; sleep 600');
    await ready('cut', '/etc/own');
    const count = (await readSnapshots(bench.vault)).length;
    for (const at of ['containers.pause', 'containers.commit', 'containers.readArchive', 'images.save']) {
      const controller = new AbortController();
      const engine = watchedEngine(bench.engine, {
        after: (call) => {
          if (call === at) controller.abort();
        },
      });
      const operation = { ...unattended(), signal: controller.signal };
      await assert.rejects(backUp({ container: 'cut' }, engine, operation), { name: 'AbortError' }, at);
      assert.equal((await bench.states())['cut'], 'running', at);
      assert.deepEqual(await bench.leftovers(), [], at);
    }
    assert.equal((await readSnapshots(bench.vault)).length, count);
  });

  it('says what it could not put back when the engine went away, and does so when it is there again', async () => {
    await bench.docker('volume', 'create', '--label', `${testLabel}=1`, 'gone-data');
    await bench.run('gone', ['--volume', 'gone-data:/data'], 'touch /etc/own; sleep 600');
    await ready('gone', '/etc/own');
    let wasLeftPaused = false;
    for (let calls = 2; ; calls += 5) {
      const dying = engineThatDies(bench.engine, calls);
      const work = backUp({ container: 'gone' }, dying.engine);
      if (
        await work.then(
          () => !dying.hasDied(),
          () => false,
        )
      )
        break;
      const { code } = await failureOf(work);
      const isPaused = (await bench.states())['gone'] === 'paused';
      if (isPaused) assert.equal(code, 'notPutBack', `after ${calls} calls`);
      wasLeftPaused ||= isPaused;
      for (const { left } of await recoverVault(bench)) assert.deepEqual(left, [], `after ${calls} calls`);
      assert.equal((await bench.states())['gone'], 'running', `after ${calls} calls`);
      assert.deepEqual(await bench.leftovers(), [], `after ${calls} calls`);
    }
    assert.ok(wasLeftPaused);
  });

  it('needs the container that was named', async () => {
    assert.equal((await failureOf(backUp({ container: 'no-such' }))).code, 'engineNotFound');
  });

  /** What the child says, or undefined when it was killed. */
  const inChild = async (...args: readonly string[]): Promise<number | undefined> => {
    const process_ = spawn(process.execPath, [child, bench.vault.paths.root, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said, [code, signal]] = await Promise.all([
      text(process_.stdout),
      once(process_, 'exit') as Promise<[number | null, string | null]>,
    ]);
    if (signal === 'SIGKILL') return undefined;
    assert.equal(code, 0);
    return Number(said);
  };

  for (const consistency of ['pause', 'stop'] as const)
    it(`leaves no trace of a process that was killed at any moment of a backup with ${consistency}`, async () => {
      await bench.docker('volume', 'create', '--label', `${testLabel}=1`, 'killed-data');
      await bench.run(
        'killed',
        [
          '--volume',
          'killed-data:/data',
          '--label',
          'dev.drydock.hook.after=rm -f /etc/held',
          '--label',
          'dev.drydock.hook.before=touch /etc/held',
        ],
        'echo x > /data/file; sleep 600',
      );
      await ready('killed', '/data/file');
      const moments = await inChild('killed', consistency);
      assert.ok(moments !== undefined && moments > 15, `${moments}`);
      let landed = (await readSnapshots(bench.vault)).length;
      let isAnyPausedOrStopped = false;
      // Most moments are the same in both, and trying them all once is enough.
      const step = consistency === 'pause' ? 1 : 2;
      for (let at = 1; at <= moments; at += step) {
        assert.equal(
          await inChild('killed', consistency, String(at)),
          undefined,
          `moment ${at} did not come`,
        );
        isAnyPausedOrStopped ||= (await bench.states())['killed'] !== 'running';
        for (const { outcome, left } of await recoverVault(bench)) {
          assert.deepEqual(left, [], `moment ${at}`);
          assert.equal(outcome, 'undone');
        }
        assert.equal((await bench.states())['killed'], 'running', `moment ${at}`);
        assert.equal(
          await bench.engine.containers.statPath('killed', '/etc/held'),
          undefined,
          `moment ${at}`,
        );
        assert.deepEqual(await bench.leftovers(), [], `moment ${at}`);
        const snapshots = await readSnapshots(bench.vault);
        assert.ok(snapshots.length >= landed, `moment ${at}`);
        landed = snapshots.length;
      }
      assert.ok(isAnyPausedOrStopped);
      for (const snapshot of await readSnapshots(bench.vault)) await bench.contents(snapshot);
    });
});
