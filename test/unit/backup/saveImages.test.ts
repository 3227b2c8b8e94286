import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { requireChecksum } from '../../../src/core/archive/checksumFile.ts';
import { fileSource } from '../../../src/core/archive/fileSource.ts';
import { readArchive } from '../../../src/core/archive/readArchive.ts';
import { saveImages, type SavedArchive } from '../../../src/core/backup/saveImages.ts';
import { failure } from '../../../src/core/errors.ts';
import { passingName } from '../../../src/core/files/passingName.ts';
import { unattended, type Operation, type ProgressFact } from '../../../src/core/progress.ts';
import { collect } from '../../support/archives/byteStreams.ts';
import { sampleImage, sampleLayer, type SampleImage } from '../../support/archives/sampleImages.ts';
import { failureOf } from '../../support/failureOf.ts';
import { LyingEngine } from '../../support/lyingEngine.ts';

const [one, two] = [sampleLayer(1, 3000), sampleLayer(2, 5000)];
const app = sampleImage([one, two], ['app:1', 'app:latest']);
const base = sampleImage([one], ['base:1']);

describe('saving images from an engine that errs, onto a disk that fails', function () {
  this.timeout(60_000);
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-save-'));
    path = join(folder, 'a.tar');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  interface How {
    readonly images?: readonly SampleImage[];
    readonly replace?: boolean;
    readonly form?: 'docker-archive' | 'oci-archive';
    readonly operation?: Operation;
    readonly path?: string;
  }
  const save = (engine: LyingEngine, how: How = {}): Promise<SavedArchive> =>
    saveImages(
      { engine },
      {
        images: (how.images ?? [app]).map(({ configDigest, tags }) => ({ id: configDigest, tags })),
        path: how.path ?? path,
        form: how.form ?? 'oci-archive',
        compression: 'none',
        replace: how.replace ?? false,
      },
      how.operation ?? unattended(),
    );

  const cancelOn = (matches: (fact: ProgressFact) => boolean): Operation => {
    const controller = new AbortController();
    return {
      signal: controller.signal,
      progress: {
        report: (fact) => {
          if (matches(fact)) controller.abort();
        },
      },
    };
  };

  /** The archive that was there first and its checksum must both be as they were. */
  async function withOldArchive(work: () => Promise<unknown>): Promise<void> {
    await save(new LyingEngine([base]), { images: [base] });
    const files = (await readdir(folder)).sort();
    const read = (): Promise<readonly string[]> =>
      Promise.all(files.map((name) => readFile(join(folder, name), 'latin1')));
    const old = await read();
    await work();
    assert.deepEqual((await readdir(folder)).sort(), files);
    assert.deepEqual(await read(), old);
  }

  it('saves an image that was chosen twice once, with all its names', async () => {
    const engine = new LyingEngine([app, base]);
    const chosen = [
      { ...app, tags: ['app:1'] },
      { ...app, tags: ['app:latest'] },
    ];
    const saved = await save(engine, { images: [...chosen, base] });
    const archive = await readArchive(fileSource(path), unattended());
    assert.deepEqual(
      archive.images.map(({ tags }) => [...tags].sort()),
      [['app:1', 'app:latest'], ['base:1']],
    );
    await requireChecksum(archive, path);
    assert.equal(saved.images.length, 2);
    assert.deepEqual((await readdir(folder)).sort(), ['a.tar', 'a.tar.sha256']);
  });

  it('refuses a name that has gone to another image since it was chosen', async () => {
    const engine = new LyingEngine([app, sampleImage([two], ['app:1'])]);
    assert.equal((await failureOf(save(engine))).code, 'tagMoved');
    assert.deepEqual(await readdir(folder), []);
  });

  it('refuses an image whose bytes are not what the engine says of them', async () => {
    const engine = new LyingEngine([app]);
    engine.lies.save = async (truth) => {
      const bytes = await collect(await truth());
      const at = bytes.indexOf(two.subarray(512, 1024));
      bytes[at + 20] = (bytes[at + 20] ?? 0) ^ 1;
      return Readable.from([bytes]);
    };
    for (const form of ['docker-archive', 'oci-archive'] as const) {
      await failureOf(save(engine, { form }));
      assert.deepEqual(await readdir(folder), [], form);
    }
  });

  it('refuses what an engine cuts, at any hundredth of it', async () => {
    const engine = new LyingEngine([app]);
    const whole = await collect(await engine.images.save([app.configDigest]));
    for (let percent = 0; percent < 100; percent += 1) {
      engine.lies.save = () =>
        Promise.resolve(Readable.from([whole.subarray(0, Math.floor((whole.length * percent) / 100))]));
      await failureOf(save(engine, { form: percent % 2 === 0 ? 'docker-archive' : 'oci-archive' }));
      assert.deepEqual(await readdir(folder), [], `${percent} %`);
    }
  });

  it('keeps the old archive and its checksum when the engine fails', async () => {
    await withOldArchive(async () => {
      const engine = new LyingEngine([app]);
      engine.lies.save = () => Promise.reject(failure('engineRefused', { call: 'image save', reason: 'no' }));
      await failureOf(save(engine, { replace: true }));
    });
  });

  it('keeps the old archive and its checksum when it is cancelled, wherever the work is', async () => {
    await withOldArchive(async () => {
      for (const phase of ['preparing', 'reading', 'checking'] as const) {
        for (const form of ['docker-archive', 'oci-archive'] as const) {
          const operation = cancelOn((fact) => fact.phase === phase);
          await assert.rejects(save(new LyingEngine([app]), { replace: true, form, operation }), {
            name: 'AbortError',
          });
        }
      }
    });
  });

  it('keeps the checksum of an archive whose name can’t be given to the new one', async () => {
    // A folder in the way lets the rename fail, after everything was written and checked.
    await mkdir(path);
    await writeFile(`${path}.sha256`, 'of the folder');
    assert.equal((await failureOf(save(new LyingEngine([app]), { replace: true }))).code, 'fileUnusable');
    assert.equal(await readFile(`${path}.sha256`, 'utf8'), 'of the folder');
    assert.deepEqual((await readdir(folder)).sort(), ['a.tar', 'a.tar.sha256']);
  });

  it('takes the archive back when its checksum finds its name taken', async () => {
    const operation: Operation = {
      signal: new AbortController().signal,
      progress: {
        report: ({ phase }) => {
          if (phase === 'checking') void writeFile(`${path}.sha256`, 'of someone else');
        },
      },
    };
    assert.equal((await failureOf(save(new LyingEngine([app]), { operation }))).code, 'fileExists');
    assert.deepEqual(await readdir(folder), ['a.tar.sha256']);
  });

  for (const replace of [false, true]) {
    it(`never leaves a checksum of another archive when two write at once (${replace ? 'replacing' : 'not replacing'})`, async () => {
      for (let round = 0; round < 20; round += 1) {
        const writers = [app, base].map((image) =>
          save(new LyingEngine([image]), { images: [image], replace }),
        );
        const outcomes = await Promise.allSettled(writers);
        const done = outcomes.filter(({ status }) => status === 'fulfilled').length;
        assert.ok(replace ? done >= 1 : done <= 1, `${done} were done`);
        for (const outcome of outcomes) {
          if (outcome.status === 'fulfilled') continue;
          const { code } = await failureOf(Promise.reject(outcome.reason as Error));
          assert.ok(code === 'archiveChanged' || code === 'fileExists', code);
        }
        const files = (await readdir(folder)).sort();
        if (files.includes('a.tar')) {
          await requireChecksum(await readArchive(fileSource(path), unattended()), path);
        }
        assert.ok(['', 'a.tar', 'a.tar,a.tar.sha256'].includes(files.join()), files.join());
        await rm(path, { force: true });
        await rm(`${path}.sha256`, { force: true });
      }
    });
  }

  it('refuses a name that is taken before the engine is asked for a byte', async () => {
    await writeFile(path, 'precious');
    const engine = new LyingEngine([app]);
    assert.equal((await failureOf(save(engine))).code, 'fileExists');
    assert.equal(await readFile(path, 'utf8'), 'precious');
    assert.ok(!engine.calls.some(({ name }) => name === 'save'));
  });

  it('lets go of the engine’s stream when the file can’t even be begun', async () => {
    const engine = new LyingEngine([app]);
    let stream: Readable | undefined;
    const vanishing = join(folder, 'vanishing');
    await mkdir(vanishing);
    engine.lies.save = async (truth) => {
      await rm(vanishing, { recursive: true });
      return (stream = await truth());
    };
    const failed = await failureOf(save(engine, { path: join(vanishing, 'a.tar') }));
    assert.equal(failed.code, 'folderMissing');
    assert.equal(stream?.destroyed, true);
    assert.deepEqual(await readdir(folder), []);
  });

  it('takes file names as long as the disk does', async () => {
    const name = 'n'.repeat(255 - '.sha256'.length);
    await save(new LyingEngine([app]), { path: join(folder, name) });
    assert.deepEqual((await readdir(folder)).sort(), [name, `${name}.sha256`]);
  });

  it('sweeps what a killed save left in the folder', async () => {
    const dead = spawnSync(process.execPath, ['--version']).pid;
    await writeFile(join(folder, passingName().replace(`-${process.pid}-`, `-${dead}-`)), 'half an archive');
    await save(new LyingEngine([app]));
    assert.deepEqual((await readdir(folder)).sort(), [basename(path), `${basename(path)}.sha256`].sort());
  });

  it('does not refuse for want of room what images share', async () => {
    const totals: (number | undefined)[] = [];
    const operation: Operation = {
      signal: new AbortController().signal,
      progress: {
        report: ({ phase, totalBytes }) => {
          if (phase === 'reading') totals.push(totalBytes);
        },
      },
    };
    const engine = new LyingEngine([app, base]);
    const huge = Number.MAX_SAFE_INTEGER / 4;
    engine.lies.inspect = async (truth) => {
      const details = await truth();
      return { ...details, sizeBytes: details.id === base.configDigest ? 10 : 20 };
    };
    await save(engine, { images: [app, base], operation });
    assert.ok(totals.length > 0);
    assert.deepEqual([...new Set(totals)], [undefined]);
    engine.lies.inspect = async (truth) => ({ ...(await truth()), sizeBytes: huge });
    const tooLarge = save(engine, { images: [app, base], path: join(folder, 'b.tar') });
    assert.equal((await failureOf(tooLarge)).code, 'diskFull');
  });

  it('leaves no open file, no listener and nothing on disk after two hundred cancels', async () => {
    const open = async (): Promise<number> => (await readdir('/proc/self/fd')).length;
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => {
      unhandled.push(reason);
    };
    process.on('unhandledRejection', note);
    try {
      const before = await open();
      const controllers = Array.from({ length: 200 }, () => new AbortController());
      for (const [count, controller] of controllers.entries()) {
        let facts = 0;
        const report = (): void => {
          facts += 1;
          if (facts === 1 + (count % 9)) controller.abort();
        };
        await save(new LyingEngine([app]), {
          form: count % 2 === 0 ? 'docker-archive' : 'oci-archive',
          operation: { signal: controller.signal, progress: { report } },
        }).then(
          () => Promise.all([rm(path), rm(`${path}.sha256`)]),
          (error: unknown) => {
            assert.ok(error instanceof Error && error.name === 'AbortError', String(error));
          },
        );
        assert.deepEqual(await readdir(folder), [], `cancel ${count}`);
      }
      // What was being closed when the last one ended needs a turn or two.
      for (let turn = 0; turn < 50 && (await open()) > before; turn += 1)
        await new Promise((resolve) => setImmediate(resolve));
      assert.ok((await open()) <= before);
      assert.deepEqual(unhandled, []);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  it('names the folder that is missing', async () => {
    const failed = await failureOf(save(new LyingEngine([app]), { path: join(folder, 'none', 'a.tar') }));
    assert.equal(failed.code, 'folderMissing');
  });

  it('reports bytes that only grow within a phase, and phases that only go on', async () => {
    const phases = ['preparing', 'reading', 'checking'];
    const facts: ProgressFact[] = [];
    const operation = {
      signal: new AbortController().signal,
      progress: { report: (fact: ProgressFact) => facts.push(fact) },
    };
    await save(new LyingEngine([app]), { operation });
    for (const [index, fact] of facts.entries()) {
      const last = facts[index - 1];
      if (last === undefined) continue;
      assert.ok(phases.indexOf(fact.phase) >= phases.indexOf(last.phase), fact.phase);
      if (last.phase === fact.phase) assert.ok((fact.doneBytes ?? 0) >= (last.doneBytes ?? 0));
    }
    assert.deepEqual([...new Set(facts.map(({ phase }) => phase))], phases);
  });

  it('says so when the folder can’t be written to', async function () {
    if (process.getuid?.() === 0) {
      // Root may write everywhere but into what is no folder.
      await writeFile(join(folder, 'file'), '');
      const failed = await failureOf(save(new LyingEngine([app]), { path: join(folder, 'file', 'a.tar') }));
      assert.equal(failed.code, 'fileUnusable');
      return;
    }
    await chmod(folder, 0o500);
    assert.equal((await failureOf(save(new LyingEngine([app])))).code, 'fileUnusable');
    await chmod(folder, 0o700);
  });
});
