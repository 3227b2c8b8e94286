import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backupVolume } from '../../../src/core/backup/backupVolume.ts';
import { unattended, type Operation, type ProgressFact } from '../../../src/core/progress.ts';
import { restoreVolume } from '../../../src/core/restore/restoreVolume.ts';
import { readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { cancelledWhen } from '../../support/cancelledWhen.ts';
import { testLabel } from '../../support/engine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { factsOf } from '../../support/oddVolume.ts';
import { sleepingRootfs } from '../../support/tinyImage.ts';
import { VolumeBench } from '../../support/volumeBench.ts';
import { watchedEngine } from '../../support/watchedEngine.ts';

/** More than an engine and the connection hold back while nobody reads. */
const largeBytes = 96 << 20;

describe('volumes that change and are used meanwhile', function () {
  this.timeout(120_000);
  let bench: VolumeBench;
  let image: string;

  before(async () => {
    bench = await VolumeBench.open();
    const rootfs = await sleepingRootfs();
    image = await bench.engine.images.importRootfs(
      (async function* () {
        yield await Promise.resolve(rootfs);
      })(),
      { changes: [`LABEL ${testLabel}=1`, 'CMD ["/bin/sleep", "1000"]'] },
    );
  });
  after(async () => {
    await bench.close();
  });
  afterEach(async () => {
    assert.deepEqual(await bench.leftovers(), []);
  });

  const run = async (volume: string, more: object = {}): Promise<string> => {
    const Mounts = [{ Type: 'volume', Source: volume, Target: '/data', ...more }];
    const id = await bench.host.createContainer({
      Image: image,
      HostConfig: { Mounts, NetworkMode: 'none' },
    });
    await bench.engine.containers.start(id);
    return id;
  };
  const following = (onFact: (fact: ProgressFact) => void): Operation => ({
    signal: new AbortController().signal,
    progress: { report: onFact },
  });
  const snapshotsOf = async (name: string) =>
    (await readSnapshots(bench.vault)).filter(({ source }) => source.name === name);

  it('names a file that got shorter while it was read, and reads all again', async () => {
    const { name, folder } = await bench.volume('shrinks');
    writeFileSync(join(folder, 'log'), Buffer.alloc(largeBytes, 'x'));
    writeFileSync(join(folder, 'z-later'), 'not lost');
    let hasShrunk = false;
    const operation = following(({ phase }) => {
      if (phase !== 'reading' || hasShrunk) return;
      hasShrunk = true;
      truncateSync(join(folder, 'log'), 1000);
    });

    const { remarks, snapshot } = await backupVolume(bench, { name, consistency: 'none' }, operation);

    assert.deepEqual(
      remarks.filter(({ kind }) => kind === 'changed'),
      [{ kind: 'changed', subject: 'log', detail: 'size' }],
    );
    const target = bench.name('shrunk');
    const volume = await bench.volumeIn(snapshot);
    await restoreVolume(bench, { volume, target: { name: target, mode: 'new' } }, unattended());
    assert.deepEqual(factsOf(await bench.folderOf(target)), factsOf(folder));
  });

  it('gives up on a file that gets shorter every time, names it, and leaves no snapshot', async () => {
    const { name, folder } = await bench.volume('keeps-shrinking');
    const file = join(folder, 'log');
    writeFileSync(file, '');
    truncateSync(file, 128 << 20);
    let last = Infinity;
    const operation = following(({ phase, doneBytes = 0 }) => {
      if (phase !== 'reading') return;
      if (doneBytes < last) truncateSync(file, Math.floor(statSync(file).size / 2));
      last = doneBytes;
    });
    const error = await failureOf(backupVolume(bench, { name, consistency: 'none' }, operation));
    assert.equal(error.code, 'volumeFileShrinks');
    assert.equal(error.details['file'], 'log');
    assert.deepEqual(await snapshotsOf(name), []);
  });

  it('names what changed, came and went where a container may write and nothing was paused', async () => {
    const { name, folder } = await bench.volume('written');
    for (const file of ['changes', 'goes', 'stays']) writeFileSync(join(folder, file), file);
    await run(name);
    // So that its time differs when something comes and goes within a second.
    utimesSync(folder, 1_000_000_000, 1_000_000_000);
    let readings = 0;
    const engine = watchedEngine(bench.engine, {
      before: (call) => {
        if (call !== 'containers.readArchive' || (readings += 1) !== 2) return;
        writeFileSync(join(folder, 'changes'), 'CHANGED');
        writeFileSync(join(folder, 'comes'), 'new');
        rmSync(join(folder, 'goes'));
      },
    });
    const { remarks } = await backupVolume(
      bench.through(engine),
      { name, consistency: 'none' },
      unattended(),
    );
    const told = remarks
      .filter(({ kind }) => kind !== 'xattrs')
      .map(({ kind, subject }) => `${kind} ${subject}`);
    assert.deepEqual(told.sort(), ['changed .', 'changed changes', 'changed comes', 'vanished goes']);
  });

  it('reads once, with everything at hand, while the containers that write stand still', async () => {
    const { name, folder } = await bench.volume('paused');
    writeFileSync(join(folder, 'file'), 'data');
    const [writer, reader] = [await run(name), await run(name, { ReadOnly: true })];
    const calls: string[] = [];
    const engine = watchedEngine(bench.engine, {
      before: (call, args) => {
        calls.push(call);
        if (call === 'containers.pause') assert.equal(args[0], writer);
      },
    });

    await backupVolume(bench.through(engine), { name, consistency: 'pause' }, unattended());

    const order = ['images.importRootfs', 'containers.create', 'containers.pause', 'containers.readArchive'];
    const later = [...order, 'containers.unpause', 'containers.remove', 'images.remove'];
    assert.deepEqual(
      calls.filter((call) => later.includes(call)),
      later,
    );
    for (const id of [writer, reader])
      assert.equal((await bench.engine.containers.inspect(id)).state, 'running');
  });

  it('names a container that came while the volume was read', async () => {
    const { name, folder } = await bench.volume('late');
    writeFileSync(join(folder, 'file'), 'data');
    let late = '';
    const engine = watchedEngine(bench.engine, {
      after: async (call) => {
        if (call === 'containers.readArchive') late = await run(name);
      },
    });
    const { remarks } = await backupVolume(
      bench.through(engine),
      { name, consistency: 'pause' },
      unattended(),
    );
    const { name: own } = await bench.engine.containers.inspect(late);
    assert.ok(remarks.some(({ kind, subject }) => kind === 'notPaused' && subject === own));
  });

  for (const state of ['stopped', 'paused'] as const)
    it(`names a container that was ${state} before and runs while the volume is read`, async () => {
      const { name, folder } = await bench.volume('woken');
      writeFileSync(join(folder, 'file'), 'data');
      const { containers } = bench.engine;
      const id = await run(name);
      await (state === 'stopped' ? containers.stop(id, { graceSeconds: 0 }) : containers.pause(id));
      const engine = watchedEngine(bench.engine, {
        after: async (call) => {
          if (call === 'containers.readArchive')
            await (state === 'stopped' ? containers.start(id) : containers.unpause(id));
        },
      });
      const { remarks } = await backupVolume(
        bench.through(engine),
        { name, consistency: 'pause' },
        unattended(),
      );
      const { name: own, state: now } = await containers.inspect(id);
      const told = remarks.filter(({ kind }) => kind === 'notPaused').map(({ subject }) => subject);
      assert.deepEqual(told, [own]);
      assert.equal(now, 'running');
    });

  it('names what the host changed in a volume that is a folder of it, though no container uses that', async () => {
    const { folder } = await bench.volume('host');
    const options = { type: 'none', o: 'bind', device: folder };
    const { name } = await bench.volume('shared', {}, options);
    writeFileSync(join(folder, 'file'), 'data');
    let readings = 0;
    const engine = watchedEngine(bench.engine, {
      before: (call) => {
        if (call === 'containers.readArchive' && (readings += 1) === 2)
          writeFileSync(join(folder, 'file'), 'DATA, and more');
      },
    });
    const { remarks } = await backupVolume(
      bench.through(engine),
      { name, consistency: 'none' },
      unattended(),
    );
    assert.ok(remarks.some(({ kind, subject }) => kind === 'changed' && subject === 'file'));
  });

  it('is not replaced under a container that runs', async () => {
    const { name, folder } = await bench.volume('busy');
    writeFileSync(join(folder, 'file'), 'data');
    const { volume } = await bench.backUp(name);
    const id = await run(name);
    const work = () => restoreVolume(bench, { volume, target: { name, mode: 'replace' } }, unattended());
    assert.equal((await failureOf(work())).code, 'volumeInUse');
    await bench.engine.containers.stop(id, { graceSeconds: 0 });
    writeFileSync(join(folder, 'file'), 'other');
    await work();
    assert.equal((await bench.engine.containers.inspect(id)).state, 'exited');
  });

  it('is not made anew when it goes while it is about to be read', async () => {
    const { name } = await bench.volume('vanishes');
    const engine = watchedEngine(bench.engine, {
      before: async (call) => {
        if (call === 'containers.create') await bench.engine.volumes.remove(name);
      },
    });
    const work = backupVolume(bench.through(engine), { name, consistency: 'none' }, unattended());
    assert.equal((await failureOf(work)).code, 'engineNotFound');
    assert.equal((await failureOf(bench.engine.volumes.inspect(name))).code, 'engineNotFound');
  });

  for (const phase of ['reading', 'checking', 'sending'] as const)
    it(`leaves no helper and no half when it is cancelled while ${phase}`, async () => {
      const { name, folder } = await bench.volume('cancelled');
      writeFileSync(join(folder, 'file'), Buffer.alloc(20 << 20, 'c'));
      const cancel = () => cancelledWhen((fact) => fact.phase === phase);
      if (phase !== 'sending') {
        const backup = backupVolume(bench, { name, consistency: 'none' }, cancel());
        await assert.rejects(backup, { name: 'AbortError' });
        assert.deepEqual(await snapshotsOf(name), []);
      }
      if (phase === 'reading') return;
      const { volume } = await bench.backUp(name);
      const target = bench.name('cancelled-new');
      const restore = restoreVolume(bench, { volume, target: { name: target, mode: 'new' } }, cancel());
      await assert.rejects(restore, { name: 'AbortError' });
      assert.equal((await failureOf(bench.engine.volumes.inspect(target))).code, 'engineNotFound');
      mkdirSync(join(folder, 'newer'));
      const old = factsOf(folder);
      const replace = restoreVolume(bench, { volume, target: { name, mode: 'replace' } }, cancel());
      await assert.rejects(replace, { name: 'AbortError' });
      assert.deepEqual(factsOf(folder), old);
    });

  describe('on a small disk', () => {
    let disk: string;

    beforeEach(async () => {
      disk = (await bench.volume('disk')).folder;
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk]);
    });
    afterEach(() => {
      execFileSync('umount', [disk]);
    });

    it('is not called restored when that ran full, and what was there is put back', async () => {
      const options = { type: 'none', o: 'bind', device: disk };
      const { name: full } = await bench.volume('full', {}, options);
      writeFileSync(join(disk, 'old'), Buffer.alloc(2 << 20, 'o'));
      const old = factsOf(disk);
      const { name, folder } = await bench.volume('too-large');
      writeFileSync(join(folder, 'large'), Buffer.alloc(5 << 20, 'l'));
      const { volume } = await bench.backUp(name);

      const replace = restoreVolume(bench, { volume, target: { name: full, mode: 'replace' } }, unattended());
      assert.equal((await failureOf(replace)).code, 'engineRefused');
      assert.deepEqual(factsOf(disk), old);

      const { volume: itself } = await bench.backUp(full);
      writeFileSync(join(disk, 'filled'), Buffer.alloc(900_000, 'f'));
      await restoreVolume(bench, { volume: itself, target: { name: full, mode: 'replace' } }, unattended());
      assert.deepEqual(factsOf(disk), old);

      rmSync(join(disk, 'old'));
      const again = { ...volume, document: { ...volume.document, options } };
      const target = bench.name('full-new');
      const fresh = restoreVolume(
        bench,
        { volume: again, target: { name: target, mode: 'new' } },
        unattended(),
      );
      assert.equal((await failureOf(fresh)).code, 'engineRefused');
      assert.equal((await failureOf(bench.engine.volumes.inspect(target))).code, 'engineNotFound');
    });
  });
});
