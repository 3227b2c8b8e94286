import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { backUpEach } from '../../../src/cli/backupReport.ts';
import type { Report } from '../../../src/cli/command.ts';
import { remarkWords } from '../../../src/cli/remarkWords.ts';
import type { BackupResult } from '../../../src/core/backup/backupResult.ts';
import { digestOf } from '../../../src/core/digest.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { failure } from '../../../src/core/errors.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import { openVault } from '../../../src/core/vault/layout.ts';
import { sampleImage, sampleLayer } from '../../support/archives/sampleImages.ts';
import { sourceOf } from '../../support/capturedThings.ts';
import { FakeRegistry } from '../../support/fakeRegistry.ts';
import { LyingEngine } from '../../support/lyingEngine.ts';
import { registryHere } from '../../support/registryHere.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';
import { runCliHere, type Ran } from './runCliHere.ts';

const app = sampleImage([sampleLayer(1), sampleLayer(2)], ['app:1']);
const db = sampleImage([sampleLayer(1), sampleLayer(3)], ['db:1']);

/** An engine in the shape that can be spread. */
function plain(engine: LyingEngine): Engine {
  const { endpoint, images, containers, volumes, networks, events } = engine;
  return {
    endpoint,
    images,
    containers: { ...containers, list: () => Promise.resolve([]) },
    volumes: { ...volumes, list: () => Promise.resolve([]) },
    networks: { ...networks, list: () => Promise.resolve([]) },
    events,
    info: (options) => engine.info(options),
    close: () => engine.close(),
  };
}

describe('backing up and restoring on the command line', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  let engine: LyingEngine;
  let vaultFolder: string;
  const run = (...argv: readonly string[]): Promise<Ran> =>
    runCliHere(argv, { vaultFolder, engine: plain(engine) });

  beforeEach(async () => {
    engine = new LyingEngine([app, db]);
    vaultFolder = join(folder.path(), 'vault');
    assert.equal((await run('init')).exitCode, 0);
  });

  it('tells each image that was backed up, and what did not change', async () => {
    const first = await run('backup', 'image', 'app:1', 'db:1', '--tag', 'daily');
    assert.equal(first.exitCode, 0, first.stderr);
    const [one, two] = first.stdout.split('\n');
    assert.match(one ?? '', /^Backed up and verified: image app:1 as [0-9a-f]{12} \(.*new\)$/);
    assert.match(two ?? '', /^Backed up and verified: image db:1 as /);
    const again = await run('backup', 'image', 'app:1');
    assert.match(again.stdout, /nothing changed since the last one/);
  });

  it('prints IDs with --quiet, and the whole snapshot with --json', async () => {
    const quiet = await run('backup', 'image', 'app:1', '-q');
    assert.match(quiet.stdout, /^sha256:[0-9a-f]{64}\n$/);
    const { stdout } = await run('backup', 'image', 'db:1', '--json', '--tag', 'a', '--tag', 'a');
    const { snapshots } = JSON.parse(stdout) as { snapshots: readonly Record<string, unknown>[] };
    assert.equal(snapshots[0]?.['source'], 'db:1');
    assert.deepEqual(snapshots[0]['tags'], ['a']);
    assert.equal(snapshots[0]['isUnchanged'], false);
  });

  it('makes no snapshot when one of several images is not there', async () => {
    const { exitCode, stderr } = await run('backup', 'image', 'app:1', 'absent:1');
    assert.equal(exitCode, 1);
    assert.match(stderr, /absent:1/);
    assert.equal((await run('snapshots', '-q')).stdout, '');
  });

  it('asks no engine where no vault is named', async () => {
    for (const kind of ['image', 'container', 'volume', 'project']) {
      const ran = await runCliHere(['backup', kind, 'x'], { engine: plain(engine) });
      assert.equal(ran.exitCode, 2);
      assert.equal(ran.setting, undefined);
    }
  });

  it('refuses a consistency and a tag that are none', async () => {
    assert.equal((await run('backup', 'volume', 'x', '--consistency', 'hope')).exitCode, 2);
    assert.equal((await run('backup', 'image', 'app:1', '--tag', ' ')).exitCode, 2);
    assert.equal((await run('backup')).exitCode, 2);
  });

  it('says what a restore would do without doing it', async () => {
    await run('backup', 'image', 'app:1');
    await engine.images.remove('app:1', { force: true });
    const before = engine.state();
    const { exitCode, stdout } = await run('restore', 'app:1@latest', '--dry-run');
    assert.equal(exitCode, 0);
    assert.match(stdout, /^WHAT +NAME +ACTION/);
    assert.match(stdout, /image .* create/);
    assert.deepEqual(engine.state(), before);
  });

  it('restores a snapshot straight out of a bundle, and no vault is asked for', async () => {
    const before = engine.state();
    await run('backup', 'image', 'app:1', 'db:1');
    const file = join(folder.path(), 'b.tar');
    const made = await run(
      'bundle',
      'create',
      'app:1@latest',
      'db:1@latest',
      '-o',
      file,
      '--vault',
      vaultFolder,
    );
    assert.equal(made.exitCode, 0, made.stderr);
    await engine.images.remove('app:1', { force: true });
    const [temporaryFolder, dataFolder] = [folder.path(), join(folder.path(), 'data')];
    const apply = (...argv: readonly string[]): Promise<Ran> =>
      runCliHere(['bundle', 'apply', file, ...argv], { engine: plain(engine), temporaryFolder, dataFolder });
    const lost = engine.state();
    const which = await apply('--restore');
    assert.equal(which.exitCode, 2);
    assert.match(which.stderr, /b\.tar holds 2 snapshots: .*app.*--snapshot/);
    const dry = await apply('--restore', '--snapshot', 'app:1@latest', '--dry-run');
    assert.equal(dry.exitCode, 0, dry.stderr);
    assert.match(dry.stdout, /image .* create[^]*To send: /);
    assert.deepEqual(engine.state(), lost);
    assert.deepEqual((await readdir(folder.path())).sort(), ['b.tar', 'b.tar.sha256', 'vault']);
    const done = await apply('--restore', '--snapshot', 'app:1@latest');
    assert.equal(done.exitCode, 0, done.stderr);
    assert.match(done.stdout, /^Restored and verified: app:1/);
    assert.deepEqual(engine.state(), before);
    for (const wrong of [
      ['--restore', '--move-tags'],
      ['--restore', '--vault', vaultFolder],
      ['--dry-run'],
      ['--snapshot', 'x'],
    ])
      assert.equal((await apply(...wrong)).exitCode, 2, wrong.join(' '));
  });

  it('restores an image and says so', async () => {
    const before = engine.state();
    await run('backup', 'image', 'app:1');
    await engine.images.remove('app:1', { force: true });
    const { exitCode, stdout, stderr } = await run('restore', 'app:1@latest');
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /^Restored and verified: /);
    assert.deepEqual(engine.state(), before);
  });

  it('restores an image out of a registry, in a vault of this machine that stays empty', async () => {
    const before = engine.state();
    await run('backup', 'image', 'app:1');
    const server = new FakeRegistry();
    await server.start();
    const dataFolder = join(folder.path(), 'data');
    const remote = `registry://${server.host}/backups`;
    const there = (...argv: readonly string[]): Promise<Ran> =>
      runCliHere([...argv, '--vault', remote], {
        engine: plain(engine),
        dataFolder,
        connectRegistry: (host) => Promise.resolve(registryHere(host)),
      });
    try {
      const copied = await runCliHere(['copy', '--vault', vaultFolder, '--to', remote], {
        connectRegistry: (host) => Promise.resolve(registryHere(host)),
      });
      assert.equal(copied.exitCode, 0, copied.stderr);
      await engine.images.remove('app:1', { force: true });
      assert.match((await there('restore', 'app:1@latest', '--dry-run')).stdout, /image .* create/);
      const { exitCode, stdout, stderr } = await there('restore', 'app:1@latest');
      assert.deepEqual([exitCode, stderr], [0, '']);
      assert.match(stdout, /^Restored and verified: /);
      assert.deepEqual(engine.state(), before);
      const [own = ''] = await readdir(join(dataFolder, 'registries'));
      const { paths } = await openVault({ path: join(dataFolder, 'registries', own), access: 'read' });
      for (const left of [paths.blobs, paths.journal, paths.locks, paths.partial])
        assert.deepEqual(await readdir(left), []);
    } finally {
      await server.stop();
    }
  });

  it('tells how many bytes a restore will send and has sent, and why it sent all of them after all', async () => {
    await run('backup', 'image', 'app:1');
    await engine.images.remove('app:1', { force: true });
    const planned = await run('restore', 'app:1@latest', '--dry-run');
    assert.match(planned.stdout, /To send: .* of .*; the engine has the rest\./);
    const restored = await run('restore', 'app:1@latest', '--json');
    const { sending, sentBytes, sentAgain } = JSON.parse(restored.stdout) as {
      sending: { bytes: number; wholeBytes: number };
      sentBytes: number;
      sentAgain: string | null;
    };
    assert.ok(sending.bytes < sending.wholeBytes);
    assert.deepEqual([sentBytes, sentAgain], [sending.bytes, null]);

    await engine.images.remove('app:1', { force: true });
    engine.lies.load = async (truth) => {
      // The only other image that has its lower layer.
      if (engine.state()['db:1'] !== undefined) await engine.images.remove('db:1');
      return truth();
    };
    const again = await run('restore', 'app:1@latest');
    assert.equal(again.exitCode, 0, again.stderr);
    assert.match(again.stdout, /Sent: /);
    assert.match(again.stderr, /so all of them were sent: .*no such file or directory/);
  });

  it('moves no tag of another image before that was agreed to', async () => {
    await run('backup', 'image', 'app:1');
    await engine.images.tag(db.configDigest, 'app:1');
    const moved = engine.state();
    const kept = await run('restore', 'app:1@latest');
    assert.equal(kept.exitCode, 0);
    assert.match(kept.stderr, /The tag app:1 is on another image/);
    assert.equal(engine.state()['app:1'], moved['app:1']);

    const refused = await run('restore', 'app:1@latest', '--replace');
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /add --yes/);
    assert.equal(engine.state()['app:1'], moved['app:1']);

    assert.equal((await run('restore', 'app:1@latest', '--replace', '--yes')).exitCode, 0);
    assert.equal(engine.state()['app:1'], app.configDigest);
  });

  it('refuses options that don’t fit together or to the snapshot', async () => {
    await run('backup', 'image', 'app:1');
    for (const wrong of [
      ['--replace', '--skip-existing'],
      ['--as', ''],
      ['--as', 'two'],
      ['--as', 'x'],
      ['--as', 'a/../b'],
      ['--as', 'a b'],
      ['--service', 'web'],
    ]) {
      const { exitCode, stderr } = await run('restore', 'app:1@latest', ...wrong);
      assert.equal(exitCode, 2, `${wrong.join(' ')}: ${stderr}`);
    }
    assert.equal((await run('restore', 'nothing@latest')).exitCode, 1);
  });

  it('tells a failure of loading as one, and changes nothing', async () => {
    await run('backup', 'image', 'app:1');
    await engine.images.remove('app:1', { force: true });
    const before = engine.state();
    engine.lies.load = () => Promise.reject(failure('loadFailed', { reason: 'no space left' }));
    const { exitCode, stdout, stderr } = await run('restore', 'app:1@latest', '--json');
    assert.equal(exitCode, 1);
    assert.match(stderr, /no space left/);
    assert.match((JSON.parse(stdout) as { error: { message: string } }).error.message, /no space left/);
    assert.deepEqual(engine.state(), before);
  });
});

describe('backing up several things one after another', () => {
  const snapshot: Snapshot = {
    id: digestOf('s'),
    sizeBytes: 1,
    refName: 'data',
    source: sourceOf('volume', 'data'),
    createdMs: 0,
    plainBytes: 10,
    newBytes: 5,
    imageIds: [],
    tags: [],
    isPinned: false,
    remarkCount: 2,
  };
  const result: BackupResult = {
    snapshot,
    isUnchanged: false,
    remarks: [
      { kind: 'xattrs', subject: '.', detail: 'user.*' },
      { kind: 'changed', subject: 'log/today', detail: 'size' },
    ],
  };
  const backUp = (outcomes: Readonly<Record<string, unknown>>): Promise<Report> =>
    backUpEach(Object.keys(outcomes), ['first of all'], (name) => {
      const outcome = outcomes[name];
      return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(result);
    });
  const missing = failure('engineNotFound', { kind: 'project', name: 'b' });

  it('goes on after a failure and ends with 3', async () => {
    const { exitCode, document, failures, quiet, notes } = await backUp({ a: 1, b: missing, c: 1 });
    assert.equal(exitCode, 3);
    assert.equal(quiet.length, 2);
    assert.deepEqual(failures, [{ item: 'b', error: missing }]);
    assert.deepEqual(
      (document['failed'] as { name: string }[]).map(({ name }) => name),
      ['b'],
    );
    assert.equal((document['error'] as { code: string }).code, 'partlyFailed');
    assert.deepEqual(notes?.slice(0, 2), [
      'first of all',
      'data: log/today changed while it was read (size)',
    ]);
  });

  it('ends with 1 when all failed, and a single failure is the failure of the whole', async () => {
    assert.equal((await backUp({ a: missing, b: missing })).exitCode, 1);
    await assert.rejects(backUp({ b: missing }), missing);
  });

  it('stops at a cancel, ends with 130 and tells what was done', async () => {
    const cancelled = new DOMException('The operation was cancelled', 'AbortError');
    const { exitCode, quiet, failures } = await backUp({ a: 1, b: cancelled, c: 1 });
    assert.equal(exitCode, 130);
    assert.deepEqual([quiet.length, failures?.length], [1, 1]);
  });

  it('has a sentence for everything that can be missing', () => {
    assert.equal(
      remarkWords({ kind: 'bind', subject: '/v', detail: '/srv' }),
      'the mounted folder /v is not included (/srv)',
    );
    assert.equal(
      remarkWords({ kind: 'secret', subject: 'TOKEN' }),
      'TOKEN looks like a secret, and is in the snapshot',
    );
  });
});
