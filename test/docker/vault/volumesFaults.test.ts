import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { tarEnd } from '../../../src/core/archive/tarWriter.ts';
import { backupVolume } from '../../../src/core/backup/backupVolume.ts';
import { unattended } from '../../../src/core/progress.ts';
import { recoverVault } from '../../../src/core/recovery/recoverVault.ts';
import { executeRestore } from '../../../src/core/restore/executeRestore.ts';
import { planRestore } from '../../../src/core/restore/planRestore.ts';
import { restoreVolume } from '../../../src/core/restore/restoreVolume.ts';
import type { SnapshotVolume } from '../../../src/core/snapshot/snapshot.ts';
import { openSnapshot, readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { createVault } from '../../../src/core/vault/layout.ts';
import { failure } from '../../../src/core/errors.ts';
import { collect } from '../../support/archives/byteStreams.ts';
import { failureOf } from '../../support/failureOf.ts';
import { factsOf } from '../../support/oddVolume.ts';
import { VolumeBench } from '../../support/volumeBench.ts';
import { engineThatDies, watchedEngine } from '../../support/watchedEngine.ts';

describe('volumes when something goes wrong', function () {
  this.timeout(240_000);
  let bench: VolumeBench;

  before(async () => {
    bench = await VolumeBench.open();
  });
  after(async () => {
    await bench.close();
  });
  afterEach(async () => {
    assert.deepEqual(await bench.leftovers(), []);
  });

  const smallVolume = async (what: string) => {
    const made = await bench.volume(what);
    mkdirSync(join(made.folder, 'folder'));
    writeFileSync(join(made.folder, 'folder/file'), what);
    return made;
  };
  const setTimes = (folder: string, facts: Readonly<Record<string, string>>): void => {
    for (const path of Object.keys(facts).sort().reverse()) {
      const seconds = Number(/mtime (\d+)/.exec(facts[path] ?? '')?.[1]);
      utimesSync(join(folder, path), seconds, seconds);
    }
  };
  /** The same volume with other things in it than `volume` has. */
  const makeOther = (folder: string): void => {
    rmSync(join(folder, 'folder'), { recursive: true });
    mkdirSync(join(folder, 'other'));
    writeFileSync(join(folder, 'other/file'), 'what was there before');
  };
  const endedWell = (work: Promise<unknown>): Promise<boolean> =>
    work.then(
      () => true,
      () => false,
    );
  const recovered = async (): Promise<void> => {
    for (const { left } of await recoverVault(bench)) assert.deepEqual(left, []);
  };

  it('leaves nothing of a backup after an engine that died at any call, once it is back', async () => {
    const { name, folder } = await smallVolume('dead-backup');
    const facts = factsOf(folder);
    for (let calls = 1; ; calls += 1) {
      const dying = engineThatDies(bench.engine, calls);
      const deps = bench.through(dying.engine);
      const before = (await readSnapshots(bench.vault)).length;
      const work = backupVolume(deps, { name, consistency: 'none' }, unattended());
      if (await endedWell(work)) break;
      await failureOf(work);
      await recovered();
      assert.deepEqual(await bench.leftovers(), [], `after ${calls} calls`);
      assert.equal((await readSnapshots(bench.vault)).length, before);
      assert.deepEqual(factsOf(folder), facts);
      assert.ok(calls < 40);
    }
  });

  it('leaves a whole new volume or none after an engine that died at any call', async () => {
    const { name, folder } = await smallVolume('dead-new');
    const { volume } = await bench.backUp(name);
    for (let calls = 1; ; calls += 1) {
      const dying = engineThatDies(bench.engine, calls);
      const target = bench.name('new');
      const input = { volume, target: { name: target, mode: 'new' as const } };
      const work = restoreVolume(bench.through(dying.engine), input, unattended());
      if (await endedWell(work)) {
        assert.deepEqual(factsOf(await bench.folderOf(target)), factsOf(folder));
        break;
      }
      await recovered();
      assert.deepEqual(await bench.leftovers(), [], `after ${calls} calls`);
      assert.equal((await failureOf(bench.engine.volumes.inspect(target))).code, 'engineNotFound');
      assert.ok(calls < 40);
    }
  });

  it('leaves a replaced volume with all its old or all its new data after an engine that died at any call', async () => {
    const { name, folder } = await smallVolume('dead-replace');
    const wanted = factsOf(folder);
    const { volume } = await bench.backUp(name);
    makeOther(folder);
    const old = factsOf(folder);
    for (let calls = 1; ; calls += 1) {
      const dying = engineThatDies(bench.engine, calls);
      const input = { volume, target: { name, mode: 'replace' as const } };
      const work = restoreVolume(bench.through(dying.engine), input, unattended());
      if (await endedWell(work)) break;
      await recovered();
      assert.deepEqual(await bench.leftovers(), [], `after ${calls} calls`);
      const now = factsOf(folder);
      if (now['folder/file'] === undefined) assert.deepEqual(now, old, `after ${calls} calls`);
      else {
        assert.deepEqual(now, wanted, `after ${calls} calls`);
        makeOther(folder);
        setTimes(folder, old);
      }
      assert.ok(calls < 60);
    }
    assert.deepEqual(factsOf(folder), wanted);
  });

  it('gives a volume its old data back when any single call of a replacement fails', async () => {
    const { name, folder } = await smallVolume('failed-replace');
    const { volume } = await bench.backUp(name);
    makeOther(folder);
    const old = factsOf(folder);
    let wasReplaced = false;
    for (let failing = 1; !wasReplaced; failing += 1) {
      const state = { seen: 0, hasFailed: false };
      const engine = watchedEngine(bench.engine, {
        after: (call) => {
          if (call.endsWith('.remove')) return;
          state.seen += 1;
          if (state.seen !== failing) return;
          state.hasFailed = true;
          throw failure('engineRefused', { call, reason: 'told to' });
        },
      });
      const input = { volume, target: { name, mode: 'replace' as const } };
      const work = restoreVolume(bench.through(engine), input, unattended());
      wasReplaced = await endedWell(work);
      if (wasReplaced && state.hasFailed) assert.ok(factsOf(folder)['folder/file']);
      if (!wasReplaced) assert.deepEqual(factsOf(folder), old, `call ${failing}`);
      assert.deepEqual(await bench.leftovers(), [], `call ${failing}`);
      if (wasReplaced && state.hasFailed) {
        makeOther(folder);
        wasReplaced = false;
        setTimes(folder, old);
      }
      assert.ok(failing < 60);
    }
  });

  it('gives a volume its old data back when recovery from a replacement dies as well, wherever that is', async () => {
    const { name, folder } = await smallVolume('dead-twice');
    const { volume } = await bench.backUp(name);
    makeOther(folder);
    const old = factsOf(folder);
    for (let calls = 1; ; calls += 3) {
      const first = { isGone: false };
      const dying = watchedEngine(bench.engine, {
        before: (call) => {
          if (first.isGone) throw failure('engineUnreachable', { endpoint: bench.engine.endpoint });
          first.isGone = call === 'containers.writeArchive';
        },
      });
      const input = { volume, target: { name, mode: 'replace' as const } };
      await failureOf(restoreVolume(bench.through(dying), input, unattended()));
      assert.ok(!('folder' in factsOf(folder)) && first.isGone);
      const again = engineThatDies(bench.engine, calls);
      await recoverVault(bench.through(again.engine));
      await recovered();
      assert.deepEqual(await bench.leftovers(), [], `after ${calls} calls`);
      assert.deepEqual(factsOf(folder), old, `after ${calls} calls`);
      if (!again.hasDied()) break;
      assert.ok(calls < 60);
    }
  });

  it('does not take a helper that somebody removed for a volume that is gone', async () => {
    const { name, folder } = await smallVolume('pruned');
    const { volume } = await bench.backUp(name);
    makeOther(folder);
    const old = factsOf(folder);
    const state = { isGone: false };
    const dying = watchedEngine(bench.engine, {
      before: () => {
        if (state.isGone) throw failure('engineUnreachable', { endpoint: bench.engine.endpoint });
      },
      after: (call) => {
        state.isGone = call === 'containers.writeArchive';
      },
    });
    const input = { volume, target: { name, mode: 'replace' as const } };
    await failureOf(restoreVolume(bench.through(dying), input, unattended()));
    assert.ok(state.isGone);
    const pruning = watchedEngine(bench.engine, {
      before: async (call, [id]) => {
        if (call === 'containers.readArchive') await bench.engine.containers.remove(String(id));
      },
    });
    const [left] = await recoverVault(bench.through(pruning));
    assert.ok(left?.left.some(({ note }) => note.kind === 'refillVolume'));
    await recovered();
    assert.deepEqual(factsOf(folder), old);
  });

  it('keeps its old data when the helper could not be removed after a replacement, which is told as a failure', async () => {
    const { name, folder } = await smallVolume('stuck-helper');
    const { volume } = await bench.backUp(name);
    makeOther(folder);
    const old = factsOf(folder);
    const engine = watchedEngine(bench.engine, {
      before: (call) => {
        if (call === 'containers.remove') throw failure('engineRefused', { call, reason: 'told to' });
      },
    });
    const input = { volume, target: { name, mode: 'replace' as const } };
    await failureOf(restoreVolume(bench.through(engine), input, unattended()));
    await recovered();
    assert.deepEqual(factsOf(folder), old);
  });

  for (const [times, what] of [
    [1, 'at once'],
    [Infinity, 'by recovery'],
  ] as const)
    it(`is not left when its helper could not be removed after it was made and filled: it goes ${what}`, async () => {
      const { name } = await smallVolume('held');
      const { snapshot, volume } = await bench.backUp(name);
      await bench.engine.volumes.remove(name);
      const contents = await openSnapshot(bench.vault, snapshot);
      for (const restore of [
        (deps: Parameters<typeof executeRestore>[0]) =>
          restoreVolume(deps, { volume, target: { name, mode: 'new' } }, unattended()),
        async (deps: Parameters<typeof executeRestore>[0]) => {
          const plan = await planRestore(deps, { contents, choices: {} });
          return executeRestore(deps, plan, unattended());
        },
      ]) {
        let refused = 0;
        const engine = watchedEngine(bench.engine, {
          before: (call) => {
            if (call !== 'containers.remove' || refused >= times) return;
            refused += 1;
            throw failure('engineRefused', { call, reason: 'told to' });
          },
        });
        await failureOf(restore(bench.through(engine)));
        if (times !== 1) await recovered();
        assert.ok(refused > 0);
        assert.ok((await bench.engine.volumes.list()).every((one) => one.name !== name));
        assert.deepEqual(await bench.leftovers(), []);
      }
    });

  it('is not replaced when something wrote to it after it was backed up', async () => {
    const { name, folder } = await smallVolume('written-since');
    const { volume } = await bench.backUp(name);
    let listings = 0;
    const engine = watchedEngine(bench.engine, {
      after: (call) => {
        // The second look at who uses it: a container has come, written and gone.
        if (call === 'containers.list' && (listings += 1) === 2) writeFileSync(join(folder, 'late'), 'kept');
      },
    });
    const input = { volume, target: { name, mode: 'replace' as const } };
    const error = await failureOf(restoreVolume(bench.through(engine), input, unattended()));
    assert.equal(error.code, 'volumeChanged');
    assert.equal(readFileSync(join(folder, 'late'), 'utf8'), 'kept');
  });

  it('is not replaced when the vault lies in it', async () => {
    const { name, folder } = await bench.volume('vault-inside');
    const path = join(folder, 'backups');
    const vault = await createVault({ path, compression: 'zstd' });
    writeFileSync(join(folder, 'file'), 'data');
    const deps = { engine: bench.engine, owner: bench.owner, vault };
    const { snapshot } = await backupVolume(deps, { name, consistency: 'none' }, unattended());
    const [volume] = (await openSnapshot(vault, snapshot)).volumes;
    assert.ok(volume);
    const work = restoreVolume(deps, { volume, target: { name, mode: 'replace' } }, unattended());
    assert.equal((await failureOf(work)).code, 'volumeChanged');
    assert.ok((await readSnapshots(vault)).some(({ id }) => id === snapshot.id));
  });

  it('takes a tar without an entry for a failure, not for an empty volume', async () => {
    const { name } = await smallVolume('nothing');
    const containers = {
      ...bench.engine.containers,
      readArchive: () => Promise.resolve(Readable.from([tarEnd])),
    };
    const deps = bench.through({ ...bench.engine, containers });
    const work = backupVolume(deps, { name, consistency: 'none' }, unattended());
    assert.equal((await failureOf(work)).code, 'volumeUnreadable');
  });

  it('removes a new volume that an engine filled otherwise than it says', async () => {
    const { name } = await smallVolume('swallowed');
    const { volume } = await bench.backUp(name);
    const writeArchive = async (
      _ref: string,
      _path: string,
      tar: AsyncIterable<Uint8Array>,
    ): Promise<void> => {
      await collect(tar);
    };
    const deps = bench.through({ ...bench.engine, containers: { ...bench.engine.containers, writeArchive } });
    const target = { name: bench.name('never'), mode: 'new' as const };
    const error = await failureOf(restoreVolume(deps, { volume, target }, unattended()));
    assert.equal(error.code, 'volumeDiffers');
    assert.equal((await failureOf(bench.engine.volumes.inspect(target.name))).code, 'engineNotFound');
  });

  it('names a damaged part and touches no volume', async () => {
    const { name, folder } = await smallVolume('damaged');
    const { volume } = await bench.backUp(name);
    makeOther(folder);
    const old = factsOf(folder);
    const [part] = volume.parts;
    assert.ok(part);
    const truncated: SnapshotVolume = {
      ...volume,
      parts: [{ ...part, index: { ...part.index, entryCount: part.index.entryCount - 1 } }],
    };
    const wrong: SnapshotVolume = { ...volume, document: { ...volume.document, entryCount: 99 } };
    for (const one of [truncated, wrong])
      for (const mode of ['new', 'replace'] as const) {
        const target = { name: mode === 'new' ? bench.name('never') : name, mode };
        const { code } = await failureOf(restoreVolume(bench, { volume: one, target }, unattended()));
        assert.ok(['volumeDataWrong', 'blobDamaged'].includes(code), code);
        if (mode === 'new')
          assert.equal((await failureOf(bench.engine.volumes.inspect(target.name))).code, 'engineNotFound');
      }
    assert.deepEqual(factsOf(folder), old);
  });
});
