import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireChecksum } from '../../src/core/archive/checksumFile.ts';
import { fileSource } from '../../src/core/archive/fileSource.ts';
import { readArchive } from '../../src/core/archive/readArchive.ts';
import { tarEnd, tarFile } from '../../src/core/archive/tarWriter.ts';
import { commitContainer } from '../../src/core/backup/commitContainer.ts';
import { exportContainer } from '../../src/core/backup/exportContainer.ts';
import { saveImages, type SavedArchive } from '../../src/core/backup/saveImages.ts';
import type { Digest } from '../../src/core/digest.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import { unattended, type Operation, type ProgressFact } from '../../src/core/progress.ts';
import { importRootfs } from '../../src/core/restore/importRootfs.ts';
import { loadArchive } from '../../src/core/restore/loadArchive.ts';
import { planLoad } from '../../src/core/restore/planLoad.ts';
import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';
import { testEngine, testLabel, type OwnEngine } from '../support/engine.ts';
import { failureOf } from '../support/failureOf.ts';
import { engineHost, type EngineHost } from '../support/tinyImage.ts';

const megabytes = 24;
const names = ['drydock-test/faults:1', 'drydock-test/faults:2'] as const;
const label = { changes: [`LABEL ${testLabel}=1`, 'CMD ["x"]'] };

async function* rootfs(size: number): AsyncGenerator<Uint8Array> {
  for (let count = 0; count < size; count += 1)
    yield await Promise.resolve(tarFile(`file-${count}`, randomBytes(1 << 20)));
  yield tarEnd;
}

describe('faults in the middle of the work on a real engine', function () {
  this.timeout(120_000);
  let own: OwnEngine;
  let engine: Engine;
  let host: EngineHost;
  let folder: string;
  let large: Digest;
  let small: Digest;
  let containerId: string;

  before(async () => {
    own = await testEngine();
    const endpoint = parseAddress(own.host);
    assert.ok(endpoint);
    engine = connect(endpoint);
    host = engineHost(own.host);
    folder = await mkdtemp(join(tmpdir(), 'drydock-faults-'));
    large = await engine.images.importRootfs(rootfs(megabytes), label);
    small = await engine.images.importRootfs(rootfs(1), label);
    await engine.images.tag(large, names[0]);
    await engine.images.tag(small, names[1]);
    containerId = await host.createContainer({ Image: large, Cmd: ['x'] });
  });

  after(async () => {
    await own.start();
    await host.removeLabelled();
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });

  const state = async (): Promise<readonly string[]> =>
    (await engine.images.list()).map(({ id, tags }) => `${id} ${[...tags].sort().join()}`).sort();

  const save = (
    path: string,
    compression: 'none' | 'gzip' = 'none',
    operation = unattended(),
  ): Promise<SavedArchive> =>
    saveImages(
      { engine },
      {
        images: [
          { id: large, tags: [names[0]] },
          { id: small, tags: [names[1]] },
        ],
        path,
        form: 'docker-archive',
        compression,
        replace: false,
      },
      operation,
    );

  /** Does `what` once, when the first fact comes that `matches`. */
  function onFact(
    matches: (fact: ProgressFact) => boolean,
    what: () => void,
    signal?: AbortSignal,
  ): Operation {
    let isDone = false;
    return {
      signal: signal ?? new AbortController().signal,
      progress: {
        report: (fact) => {
          if (isDone || !matches(fact)) return;
          isDone = true;
          what();
        },
      },
    };
  }

  /** A load of an archive with both images, one of which is not on the engine. */
  async function loadWithout(missing: Digest, operation: Operation): Promise<unknown> {
    const path = join(folder, 'both.tar');
    if (!(await readdir(folder)).includes('both.tar')) await save(path);
    const name = missing === large ? names[0] : names[1];
    await engine.images.remove(name);
    if (missing === large) await engine.images.tag(small, name);
    const before = await state();
    const plan = await planLoad({ engine }, { path }, unattended());
    const outcome = await loadArchive({ engine }, { plan, keepAs: new Map() }, operation).catch(
      (error: unknown) => error,
    );
    await own.start();
    if (outcome instanceof Error) assert.deepEqual(await state(), before);
    return outcome;
  }

  async function bringBack(): Promise<void> {
    const plan = await planLoad({ engine }, { path: join(folder, 'both.tar') }, unattended());
    await loadArchive({ engine }, { plan, keepAs: new Map() }, unattended());
    assert.equal((await engine.images.inspect(names[0])).id, large);
    assert.equal((await engine.images.inspect(names[1])).id, small);
  }

  it('leaves the engine as it was when a load is cancelled after the last byte was sent', async () => {
    const controller = new AbortController();
    const stop = onFact(
      ({ phase, doneBytes, totalBytes }) => phase === 'sending' && doneBytes === totalBytes,
      () => {
        controller.abort();
      },
      controller.signal,
    );
    await host.call('DELETE', `/containers/${containerId}?force=true`);
    const outcome = await loadWithout(large, stop);
    assert.ok(outcome instanceof Error && outcome.name === 'AbortError', String(outcome));
    await bringBack();
    containerId = await host.createContainer({ Image: large, Cmd: ['x'] });
  });

  it('leaves the engine as it was when a load is cancelled while bytes are sent', async () => {
    for (const share of [0, 0.3, 0.99]) {
      const controller = new AbortController();
      const stop = onFact(
        ({ phase, doneBytes = 0, totalBytes = 1 }) => phase === 'sending' && doneBytes / totalBytes >= share,
        () => {
          controller.abort();
        },
        controller.signal,
      );
      const outcome = await loadWithout(small, stop);
      assert.ok(outcome instanceof Error && outcome.name === 'AbortError', String(outcome));
      await bringBack();
    }
  });

  it('leaves an image that was there without a name as it was', async () => {
    await engine.images.tag(large, 'drydock-test/stand-in:1');
    await host.call('DELETE', `/containers/${containerId}?force=true`);
    await engine.images.tag(small, names[0]);
    await engine.images.tag(large, names[0]);
    await engine.images.remove('drydock-test/stand-in:1');
    // Its only name goes to another image, which leaves it without any.
    await engine.images.tag(small, names[0]);
    await engine.images.remove(names[0]);
    const before = await state();
    assert.ok(before.includes(`${large} `));
    const controller = new AbortController();
    const plan = await planLoad({ engine }, { path: join(folder, 'both.tar') }, unattended());
    const stop = onFact(
      ({ doneBytes, totalBytes, phase }) => phase === 'sending' && doneBytes === totalBytes,
      () => {
        controller.abort();
      },
      controller.signal,
    );
    await assert.rejects(loadArchive({ engine }, { plan, keepAs: new Map() }, stop), { name: 'AbortError' });
    assert.deepEqual(await state(), before);
    await bringBack();
    containerId = await host.createContainer({ Image: large, Cmd: ['x'] });
  });

  it('leaves no image of a commit or an import that was cancelled while the engine made it', async () => {
    const before = await state();
    const path = join(folder, 'rootfs.tar');
    await exportContainer(
      { engine },
      { containerId, path, compression: 'none', replace: true },
      unattended(),
    );
    const name = 'drydock-test/made:1';
    const commits = new AbortController();
    const committing = commitContainer(
      { engine },
      { containerId, name, pause: false },
      onFact(
        ({ phase }) => phase === 'finishing',
        () => {
          setImmediate(() => {
            commits.abort();
          });
        },
        commits.signal,
      ),
    );
    await assert.rejects(committing, { name: 'AbortError' });
    const imports = new AbortController();
    const stop = onFact(
      ({ phase, doneBytes, totalBytes }) => phase === 'sending' && doneBytes === totalBytes,
      () => {
        imports.abort();
      },
      imports.signal,
    );
    await assert.rejects(importRootfs({ engine }, { path, name }, stop), { name: 'AbortError' });
    assert.deepEqual(await state(), before);
  });

  it('leaves no file of a save or an export whose engine is killed', async () => {
    const target = await mkdtemp(join(folder, 'killed-'));
    const kill = (): Operation =>
      onFact(
        ({ phase }) => phase === 'reading',
        () => void own.kill(),
      );
    await failureOf(save(join(target, 'a.tar'), 'gzip', kill()));
    await own.start();
    const exporting = {
      containerId,
      path: join(target, 'b.tar'),
      compression: 'gzip',
      replace: false,
    } as const;
    await failureOf(exportContainer({ engine }, exporting, kill()));
    await own.start();
    assert.deepEqual(await readdir(target), []);
  });

  it('leaves a full disk as it was', async () => {
    const target = join(folder, 'small-disk');
    await mkdir(target);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', target]);
    try {
      assert.equal((await failureOf(save(join(target, 'a.tar')))).code, 'diskFull');
      // Random bytes do not shrink, which nobody can know before.
      assert.equal((await failureOf(save(join(target, 'a.tar'), 'gzip'))).code, 'diskFilledUp');
      const exporting = {
        containerId,
        path: join(target, 'b.tar'),
        compression: 'gzip',
        replace: false,
      } as const;
      const failed = await failureOf(exportContainer({ engine }, exporting, unattended()));
      assert.equal(failed.code, 'diskFilledUp');
      assert.deepEqual(await readdir(target), []);
    } finally {
      execFileSync('umount', [target]);
    }
  });

  it('gives no file its name when the command line is killed in the middle, and saves the next time', async () => {
    const target = await mkdtemp(join(folder, 'cli-'));
    const args = ['src/cli/main.ts', '--host', own.host, 'save', ...names, '-o', join(target, 'a.tar')];
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    const exit = once(child, 'exit');
    while (!(await readdir(target)).some((name) => name.endsWith('.partial'))) {
      assert.equal(child.exitCode, null, 'it ended before it wrote anything');
      await new Promise((resolve) => setImmediate(resolve));
    }
    child.kill('SIGKILL');
    await exit;
    assert.ok((await readdir(target)).every((name) => name.startsWith('.')));
    const path = join(target, 'a.tar');
    await save(path);
    await requireChecksum(await readArchive(fileSource(path), unattended()), path);
  });

  it('names the tags when the engine is killed in the middle of a load', async () => {
    const path = join(folder, 'both.tar');
    // What is there is not sent, so that no byte of it could be cut off.
    await engine.containers.remove(containerId);
    await engine.images.remove(names[0]);
    const plan = await planLoad({ engine }, { path }, unattended());
    const killed = loadArchive(
      { engine },
      { plan, keepAs: new Map() },
      onFact(
        ({ phase, doneBytes = 0 }) => phase === 'sending' && doneBytes > 4 << 20,
        () => void own.kill(),
      ),
    );
    const { code, details } = await failureOf(killed);
    await own.start();
    assert.equal(code, 'rollbackFailed');
    for (const name of names) assert.ok(String(details['tags']).includes(name));
    await bringBack();
  });
});
