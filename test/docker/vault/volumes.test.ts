import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backupVolume } from '../../../src/core/backup/backupVolume.ts';
import { unattended } from '../../../src/core/progress.ts';
import { restoreVolume } from '../../../src/core/restore/restoreVolume.ts';
import { openSnapshot, readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { companionVault } from '../../../src/core/transfer/companionVault.ts';
import { copyToRegistry } from '../../../src/core/transfer/copyToRegistry.ts';
import { registryVault } from '../../../src/core/transfer/registryVault.ts';
import { layerEntries } from '../../../src/core/vault/layerIndex.ts';
import { withVaultSession } from '../../../src/core/vault/vaultSession.ts';
import { captureOpen, type VolumeCapture } from '../../../src/core/volumes/captureVolume.ts';
import type { VolumeDeps } from '../../../src/core/volumes/helperContainer.ts';
import { withOpenVolume } from '../../../src/core/volumes/openVolume.ts';
import { failureOf } from '../../support/failureOf.ts';
import { FakeRegistry } from '../../support/fakeRegistry.ts';
import { factsOf, fillOddly } from '../../support/oddVolume.ts';
import { registryHere } from '../../support/registryHere.ts';
import { VolumeBench } from '../../support/volumeBench.ts';
import { watchedEngine } from '../../support/watchedEngine.ts';

describe('a volume on a real engine', function () {
  this.timeout(120_000);
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

  const restoreNew = async (from: string, name = bench.name('new')): Promise<string> => {
    const { volume } = await bench.backUp(from);
    await restoreVolume(bench, { volume, target: { name, mode: 'new' } }, unattended());
    return bench.folderOf(name);
  };

  it('comes back entry by entry as it was, everything odd in it included', async () => {
    const { name, folder } = await bench.volume('odd', { team: 'a/b=c', long: 'l'.repeat(150_000) });
    fillOddly(folder);
    const before = factsOf(folder);
    const target = bench.name('odd-again');

    assert.deepEqual(factsOf(await restoreNew(name, target)), before);

    assert.ok(Object.keys(before).length > 25);
    const { remarks } = await bench.backUp(name);
    assert.deepEqual(
      remarks.map(({ kind }) => kind),
      ['xattrs'],
      'what an engine does not hand out is named',
    );
    const [from, to] = [await bench.engine.volumes.inspect(name), await bench.engine.volumes.inspect(target)];
    assert.deepEqual([to.labels, to.driver, to.options], [from.labels, from.driver, from.options]);
  });

  it('may be empty, and its root folder keeps owner and mode', async () => {
    const { name, folder } = await bench.volume('empty');
    chmodSync(folder, 0o1730);
    assert.deepEqual(factsOf(await restoreNew(name)), factsOf(folder));
  });

  it('comes back without its sockets, which are named as what an engine does not hand out', async () => {
    const { name, folder } = await bench.volume('socket');
    // By way of a number: what a socket may be called is shorter than the path of a volume.
    const number = openSync(folder, 'r');
    const server = createServer().listen(`/proc/self/fd/${number}/socket`);
    await once(server, 'listening');
    writeFileSync(join(folder, 'file'), 'data');
    try {
      const { remarks } = await bench.backUp(name);
      assert.ok(remarks.some(({ detail }) => detail?.includes('sockets')));
      const facts = factsOf(await restoreNew(name));
      assert.deepEqual(Object.keys(facts).sort(), ['.', 'file']);
    } finally {
      server.close();
      await once(server, 'close');
      closeSync(number);
    }
  });

  it('tells beforehand what a sparse file takes when it is restored', async () => {
    const { name, folder } = await bench.volume('sparse');
    writeFileSync(join(folder, 'sparse'), '');
    truncateSync(join(folder, 'sparse'), 24 << 20);
    const { snapshot, volume } = await bench.backUp(name);
    assert.ok(snapshot.plainBytes >= 24 << 20 && volume.document.plainBytes >= 24 << 20);
    assert.ok(snapshot.newBytes < 1 << 20);
  });

  it('is read and written without a process, a log or a command, by a container that never starts', async () => {
    const { name, folder } = await bench.volume('silent');
    writeFileSync(join(folder, 'file'), 'data');
    const calls = new Set<string>();
    const engine = watchedEngine(bench.engine, {
      before: (call) => {
        if (call.startsWith('containers.') || call.startsWith('images.')) calls.add(call);
      },
    });
    const deps = bench.through(engine);
    const { snapshot } = await backupVolume(deps, { name, consistency: 'none' }, unattended());
    const volume = await bench.volumeIn(snapshot);
    await restoreVolume(deps, { volume, target: { name, mode: 'replace' } }, unattended());
    assert.deepEqual([...calls].sort(), [
      'containers.create',
      'containers.list',
      'containers.readArchive',
      'containers.remove',
      'containers.writeArchive',
      'images.importRootfs',
      'images.remove',
    ]);
  });

  it('is another source than a volume of the same name on another engine', async () => {
    const { name, folder } = await bench.volume('twin');
    writeFileSync(join(folder, 'file'), 'data');
    const first = await bench.backUp(name);
    const info = await bench.engine.info();
    const engine = {
      ...watchedEngine(bench.engine, {}),
      info: () => Promise.resolve({ ...info, id: 'other' }),
    };
    const second = await backupVolume(bench.through(engine), { name, consistency: 'none' }, unattended());
    assert.equal(second.isUnchanged, false);
    assert.notEqual(second.snapshot.source.engineId, first.snapshot.source.engineId);
    const both = (await readSnapshots(bench.vault)).filter(({ source }) => source.name === name);
    assert.equal(new Set(both.map(({ refName }) => refName)).size, 2);
  });

  it('is not made by a typo in its name', async () => {
    const name = bench.name('typo');
    const work = backupVolume(bench, { name, consistency: 'none' }, unattended());
    assert.equal((await failureOf(work)).code, 'engineNotFound');
    assert.equal((await failureOf(bench.engine.volumes.inspect(name))).code, 'engineNotFound');
    assert.ok(!(await readSnapshots(bench.vault)).some(({ source }) => source.name === name));
  });

  it('is stored once while it does not change', async () => {
    const { name, folder } = await bench.volume('same');
    fillOddly(folder);
    const first = await bench.backUp(name);
    const again = await bench.backUp(name);
    assert.deepEqual([first.isUnchanged, again.isUnchanged], [false, true]);
    assert.ok(first.snapshot.newBytes > again.snapshot.newBytes);
    assert.deepEqual(
      again.volume.parts.map(({ diffId }) => diffId),
      first.volume.parts.map(({ diffId }) => diffId),
    );
  });

  it('stores only the part that holds a changed file', async () => {
    const { name, folder } = await bench.volume('parts');
    for (const file of ['a', 'b', 'c']) writeFileSync(join(folder, file), Buffer.alloc(33 << 20, file));
    writeFileSync(join(folder, 'd'), 'small');
    const first = (await bench.backUp(name)).volume.parts.map(({ diffId }) => diffId);
    appendFileSync(join(folder, 'b'), 'more');
    const second = (await bench.backUp(name)).volume.parts.map(({ diffId }) => diffId);
    assert.equal(first.length, 5);
    assert.deepEqual(
      second.map((diffId) => first.includes(diffId)),
      [true, true, false, true, true],
    );
  });

  it('is not restored over a volume that is there, nor into one that holds something', async () => {
    const { name, folder } = await bench.volume('taken');
    writeFileSync(join(folder, 'keep'), 'me');
    const { volume } = await bench.backUp(name);
    const work = restoreVolume(bench, { volume, target: { name, mode: 'new' } }, unattended());
    assert.equal((await failureOf(work)).code, 'volumeExists');
    assert.ok('keep' in factsOf(folder));
  });

  it('is replaced as a whole, and what it held is a snapshot', async () => {
    const { name, folder } = await bench.volume('replaced');
    fillOddly(folder, 'n');
    const wanted = factsOf(folder);
    const { volume } = await bench.backUp(name);
    rmSync(join(folder, 'plain'));
    mkdirSync(join(folder, 'later/deep'), { recursive: true });
    writeFileSync(join(folder, 'later/deep/file'), 'to be kept in a snapshot');
    symlinkSync('..', join(folder, 'top-link'));
    const old = factsOf(folder);

    const { before } = await restoreVolume(
      bench,
      { volume, target: { name, mode: 'replace' } },
      unattended(),
    );

    assert.deepEqual(factsOf(folder), wanted);
    assert.ok(before);
    const target = bench.name('old');
    const kept = { volume: await bench.volumeIn(before), target: { name: target, mode: 'new' as const } };
    await restoreVolume(bench, kept, unattended());
    assert.deepEqual(factsOf(await bench.folderOf(target)), old);
  });

  it('is replaced out of a registry, what it held kept on this machine, and left alone when that lacks a part', async () => {
    const { name, folder } = await bench.volume('far');
    writeFileSync(join(folder, 'file'), 'as it was backed up');
    const wanted = factsOf(folder);
    const { snapshot } = await bench.backUp(name);
    writeFileSync(join(folder, 'file'), 'written since');
    const old = factsOf(folder);
    const server = new FakeRegistry();
    await server.start();
    const registry = registryHere(server.host);
    const place = await mkdtemp(join(tmpdir(), 'drydock-companion-'));
    try {
      const ids = [snapshot.id];
      const to = registryVault(registry.repository('far'));
      await copyToRegistry({ from: bench.vault, to }, { ids }, unattended());
      const remote = registryVault(registry.repository('far'));
      const vault = await companionVault({ remote, folder: place });
      const [volume] = (await openSnapshot(remote, snapshot)).volumes;
      assert.ok(volume);
      const { engine, owner } = bench;
      const restore = () =>
        restoreVolume({ engine, owner, vault }, { volume, target: { name, mode: 'replace' } }, unattended());

      const [part] = volume.parts;
      const key = `far ${part?.descriptor.digest ?? ''}`;
      const bytes = server.blobs.get(key);
      assert.ok(bytes && part);
      server.blobs.delete(key);
      await failureOf(restore());
      assert.deepEqual(factsOf(folder), old);

      server.blobs.set(key, bytes);
      const { before } = await restore();
      assert.deepEqual(factsOf(folder), wanted);
      assert.deepEqual(
        (await readSnapshots(vault)).map(({ id }) => id),
        [before?.id],
      );
      assert.equal(await vault.blobs.stat(part.descriptor.digest).then((found) => found?.storedMs), 0);
      assert.deepEqual(readdirSync(vault.paths.journal), []);
    } finally {
      registry.close();
      await server.stop();
      await rm(place, { recursive: true, force: true });
    }
  });

  it('is not called restored where it would keep nothing, and is named as such', async () => {
    const { name } = await bench.volume('memory', {}, { type: 'tmpfs', device: 'tmpfs', o: 'size=1m' });
    const { volume, remarks } = await bench.backUp(name);
    assert.ok(remarks.some(({ kind }) => kind === 'tmpfs'));
    for (const target of [
      { name: bench.name('never'), mode: 'new' },
      { name, mode: 'replace' },
    ] as const)
      assert.equal(
        (await failureOf(restoreVolume(bench, { volume, target }, unattended()))).code,
        'volumeForgets',
      );
  });

  it('keeps its driver options whole and names a secret one; data behind them is not written over', async () => {
    const { folder } = await bench.volume('behind');
    writeFileSync(join(folder, 'file'), 'data');
    const options = { type: 'none', o: 'bind,password=secret', device: folder };
    const { name } = await bench.volume('options', {}, options);
    const { volume, remarks } = await bench.backUp(name);
    assert.deepEqual(volume.document.options, options);
    assert.deepEqual(
      remarks.filter(({ kind }) => kind === 'maskedOption'),
      [{ kind: 'maskedOption', subject: 'o' }],
    );
    const facts = factsOf(folder);
    const target = { name: bench.name('never'), mode: 'new' as const };
    const work = restoreVolume(bench, { volume, target }, unattended());
    assert.equal((await failureOf(work)).code, 'volumeNotEmpty');
    assert.deepEqual(factsOf(folder), facts);
    assert.equal((await failureOf(bench.engine.volumes.inspect(target.name))).code, 'engineNotFound');
  });

  describe('a folder of the host', () => {
    const readBind = (deps: VolumeDeps, path: string): Promise<VolumeCapture> =>
      withOpenVolume(deps, { kind: 'bind', name: path, access: 'read' }, deps.session.signal, (open) =>
        captureOpen(deps, open, { isWrittenMeanwhile: true }, unattended()),
      );
    const capture = (path: string): Promise<VolumeCapture> =>
      withVaultSession(bench, { kind: 'backup', subject: path }, unattended(), (session) =>
        readBind({ engine: bench.engine, engineId: 'test', session }, path),
      );
    const pathsIn = async ({ parts }: VolumeCapture): Promise<readonly string[]> => {
      const found: string[] = [];
      for (const { index } of parts)
        for await (const { path } of layerEntries(bench.vault.blobs, index)) found.push(path);
      return found;
    };

    it('is captured like a volume, and so is a single file', async () => {
      const { folder } = await bench.volume('bind');
      writeFileSync(join(folder, 'file'), 'data');
      const whole = await capture(folder);
      assert.deepEqual([whole.document.kind, whole.document.name], ['bind', folder]);
      assert.deepEqual([whole.document.root, await pathsIn(whole)], ['v/', ['v/', 'v/file']]);
      const file = await capture(join(folder, 'file'));
      assert.deepEqual([file.document.root, await pathsIn(file)], ['v', ['v']]);
    });

    it('is not made by a typo', async () => {
      const { folder } = await bench.volume('no-bind');
      assert.ok((await failureOf(capture(join(folder, 'typo')))).code.startsWith('engine'));
      assert.deepEqual(Object.keys(factsOf(folder)), ['.']);
    });
  });
});
