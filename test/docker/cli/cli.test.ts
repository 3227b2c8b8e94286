import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, truncate, watch, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { testHost, testLabel } from '../../support/engine.ts';
import { engineHost, filesIn, tarOf, type EngineHost } from '../../support/tinyImage.ts';
import { bundleCli, runCli, startCli, type Ended } from './bundledCli.ts';

const label = `LABEL ${testLabel}=1`;
const failed = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const imported = z.object({ id: z.string(), name: z.string(), entries: z.number() });
const saved = z.object({
  path: z.string(),
  digest: z.string(),
  images: z.array(z.object({ id: z.string() })),
});
const loaded = z.object({
  archives: z.array(
    z.object({
      file: z.string(),
      images: z
        .array(z.object({ id: z.string(), tags: z.array(z.string()), wasThere: z.boolean() }))
        .default([]),
      movedTags: z
        .array(z.object({ tag: z.string(), fromId: z.string(), keptAs: z.string().nullable() }))
        .default([]),
      error: z.object({ code: z.string() }).optional(),
    }),
  ),
});
const listed = z.object({ images: z.array(z.object({ id: z.string(), tags: z.array(z.string()) })) });

describe('the bundled command drydock', function () {
  this.timeout(120_000);
  let bundle: string;
  let folder: string;
  let host: EngineHost;
  const drydock = (argv: readonly string[], stdin?: Uint8Array): Promise<Ended> =>
    runCli(bundle, argv, { cwd: folder, ...(stdin === undefined ? {} : { stdin }) });

  /** Runs it with --json, requires exit code 0, and reads what it printed. */
  async function document<T>(schema: z.ZodType<T>, argv: readonly string[], stdin?: Uint8Array): Promise<T> {
    const { exitCode, stdout, stderr } = await drydock([...argv, '--json'], stdin);
    assert.equal(exitCode, 0, stderr);
    return schema.parse(JSON.parse(stdout));
  }

  async function importImage(name: string, content: string | Uint8Array): Promise<string> {
    const tar = await tarOf([{ name: 'etc/' }, { name: 'etc/content', content }]);
    return (await document(imported, ['import', '-', name, '--change', label], tar)).id;
  }

  async function tagged(name: string): Promise<string | undefined> {
    const { images } = await document(listed, ['images']);
    return images.find(({ tags }) => tags.includes(name))?.id;
  }

  before(async () => {
    host = engineHost(testHost());
    folder = await mkdtemp(join(tmpdir(), 'drydock-cli-test-'));
    bundle = await bundleCli(folder);
  });
  afterEach(() => host.removeLabelled());
  after(() => rm(folder, { recursive: true, force: true }));

  it('saves, removes and loads an image with the same ID, in every form and compression', async () => {
    const id = await importImage('cli/app:1', 'one');
    for (const form of ['docker-archive', 'oci-archive']) {
      for (const ending of ['tar', 'tar.gz', 'tar.zst']) {
        const file = `${form}.${ending}`;
        const done = await document(saved, ['save', 'cli/app:1', '--format', form, '-o', file]);
        const bytes = await readFile(join(folder, file));
        assert.equal(done.digest, `sha256:${createHash('sha256').update(bytes).digest('hex')}`);
        assert.equal(
          await readFile(join(folder, `${file}.sha256`), 'utf8'),
          `${done.digest.slice('sha256:'.length)}  ${file}\n`,
        );
        await host.call('DELETE', '/images/cli/app:1');
        const { archives } = await document(loaded, ['load', file]);
        assert.deepEqual(archives[0]?.images, [{ id, tags: ['cli/app:1'], wasThere: false }], file);
        assert.equal(await tagged('cli/app:1'), id);
      }
    }
    assert.match(
      (await drydock(['archive', 'check', 'oci-archive.tar.zst'])).stdout,
      /is whole: 1 image, 1 layer/,
    );
  });

  it('saves several images into one archive, and shows it without an engine', async () => {
    const ids = [await importImage('cli/one:1', 'one'), await importImage('cli/two:2', 'two')];
    await drydock(['save', 'cli/one:1', ids[1]?.slice(7, 27) ?? '', '-o', 'both.tar']);
    const shown = await drydock(['-H', 'unix:///nowhere.sock', 'archive', 'show', 'both.tar', '--json']);
    const schema = z.object({
      archives: z.array(
        z.object({ images: z.array(z.object({ configDigest: z.string(), tags: z.array(z.string()) })) }),
      ),
    });
    assert.deepEqual(schema.parse(JSON.parse(shown.stdout)).archives[0]?.images, [
      { configDigest: ids[0], tags: ['cli/one:1'] },
      { configDigest: ids[1], tags: ['cli/two:2'] },
    ]);
  });

  it('refuses a load that takes a name away, keeps the old image when told to, or moves the name', async () => {
    const oldId = await importImage('cli/moving:1', 'old');
    await drydock(['save', 'cli/moving:1', '-o', 'old.tar']);
    const newId = await importImage('cli/other:1', 'new');
    await host.call('POST', `/images/${newId}/tag?repo=cli/moving&tag=1`);

    const refused = await drydock(['load', 'old.tar', '--json']);
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /cli\/moving:1 \(now [0-9a-f]{12}\).*--keep-old.*--move-tags/);
    assert.equal(failed.parse(JSON.parse(refused.stdout)).error.code, 'tagsWouldMove');
    assert.equal(await tagged('cli/moving:1'), newId);

    const kept = (await document(loaded, ['load', 'old.tar', '--keep-old'])).archives[0]?.movedTags[0];
    assert.equal(kept?.fromId, newId);
    assert.equal(await tagged('cli/moving:1'), oldId);
    assert.equal(await tagged(kept.keptAs ?? ''), newId);

    await host.call('POST', `/images/${newId}/tag?repo=cli/moving&tag=1`);
    const moved = await document(loaded, ['load', 'old.tar', '--move-tags']);
    assert.equal(moved.archives[0]?.movedTags[0]?.keptAs, null);
    assert.equal(await tagged('cli/moving:1'), oldId);
  });

  it('loads what it can of several files and ends with 3, or with 1 when nothing was loaded', async () => {
    const id = await importImage('cli/part:1', 'part');
    await drydock(['save', 'cli/part:1', '-o', 'good.tar']);
    await drydock(['save', 'cli/part:1', '-o', 'cut.tar']);
    await truncate(join(folder, 'cut.tar'), 3_000);
    await writeFile(join(folder, 'junk.tar'), 'this is no archive');
    await host.call('DELETE', '/images/cli/part:1');

    const partly = await drydock(['load', 'cut.tar', 'good.tar', 'junk.tar', '--json']);
    const { archives } = loaded.parse(JSON.parse(partly.stdout));
    assert.equal(partly.exitCode, 3);
    assert.deepEqual(
      archives.map(({ file, images, error }) => [file, images[0]?.id, error?.code]),
      [
        ['cut.tar', undefined, 'archiveCut'],
        ['good.tar', id, undefined],
        ['junk.tar', undefined, 'notAnArchive'],
      ],
    );
    assert.equal(failed.parse(JSON.parse(partly.stdout)).error.code, 'partlyFailed');
    assert.match(partly.stderr, /^drydock: .*cut\.tar.*\ndrydock: .*junk\.tar.*\n$/);

    for (const argv of [
      ['load', 'cut.tar', 'junk.tar'],
      ['archive', 'check', 'junk.tar'],
      ['archive', 'show', 'missing.tar'],
    ]) {
      const { exitCode, stdout } = await drydock(argv);
      assert.deepEqual({ exitCode, stdout }, { exitCode: 1, stdout: '' });
    }
  });

  it('loads from standard input and leaves nothing of it behind', async () => {
    const id = await importImage('cli/piped:1', 'piped');
    await drydock(['save', 'cli/piped:1', '-o', 'piped.tar.gz']);
    await host.call('DELETE', '/images/cli/piped:1');
    const { child, ended } = startCli(bundle, ['load', '-', '--json'], {
      cwd: folder,
      env: { TMPDIR: folder },
    });
    child.stdin?.end(await readFile(join(folder, 'piped.tar.gz')));
    const { exitCode, stdout, stderr } = await ended;
    assert.equal(exitCode, 0, stderr);
    assert.equal(loaded.parse(JSON.parse(stdout)).archives[0]?.images[0]?.id, id);
    assert.deepEqual(await left('drydock-stdin-'), []);
  });

  it('replaces no file without --force', async () => {
    await importImage('cli/twice:1', 'twice');
    await writeFile(join(folder, 'there.tar'), 'precious');
    const refused = await drydock(['save', 'cli/twice:1', '-o', 'there.tar']);
    assert.equal(refused.exitCode, 1);
    assert.equal(await readFile(join(folder, 'there.tar'), 'utf8'), 'precious');
    assert.equal((await drydock(['save', 'cli/twice:1', '-o', 'there.tar', '--force'])).exitCode, 0);
    assert.equal((await drydock(['archive', 'check', 'there.tar'])).exitCode, 0);
  });

  it('exports the files of a container, and imports them as an image again', async () => {
    const image = await importImage('cli/files:1', 'inside');
    const container = await host.createContainer({ Image: image, Cmd: ['x'] }, 'cli-files');
    const done = await document(z.object({ tarDigest: z.string(), entries: z.number() }), [
      ...['export', container.slice(0, 12), '-o', 'files.tar'],
    ]);
    const tar = await readFile(join(folder, 'files.tar'));
    assert.equal(done.tarDigest, `sha256:${createHash('sha256').update(tar).digest('hex')}`);
    assert.equal((await filesIn(tar)).get('etc/content')?.toString(), 'inside');

    assert.equal((await drydock(['export', 'cli-files', '-o', 'files.tar.zst'])).exitCode, 0);
    const back = await document(imported, ['import', 'files.tar.zst', 'cli/back:1', '--change', label]);
    assert.equal(back.entries, done.entries);
    assert.equal(await tagged('cli/back:1'), back.id);
  });

  it('commits a container, and takes a name from another image only when allowed', async () => {
    const image = await importImage('cli/base:1', 'base');
    await host.createContainer({ Image: image, Cmd: ['x'] }, 'cli-commit');
    const argv = ['commit', 'cli-commit', 'cli/base:1', '-m', 'kept', '-a', 'me', '--change', 'ENV A=b'];
    assert.equal((await drydock(argv)).exitCode, 1);
    assert.equal(await tagged('cli/base:1'), image);
    const committed = await document(z.object({ id: z.string(), layers: z.number() }), [
      ...argv,
      '--move-tags',
    ]);
    assert.equal(await tagged('cli/base:1'), committed.id);
    const raw = z
      .object({ Author: z.string(), Config: z.object({ Env: z.array(z.string()) }) })
      .parse(await host.call('GET', `/images/${committed.id}/json`));
    assert.deepEqual([raw.Author, raw.Config.Env.includes('A=b')], ['me', true]);
    const history = await document(z.object({ steps: z.array(z.object({ comment: z.string() })) }), [
      'history',
      'cli/base:1',
    ]);
    assert.equal(history.steps[0]?.comment, 'kept');
  });

  it('lists what the engine has', async () => {
    const image = await importImage('cli/listed:1', 'listed');
    await host.createVolume('cli-volume');
    const container = await host.createContainer(
      { Image: image, Cmd: ['x'], HostConfig: { Binds: ['cli-volume:/data'] } },
      'cli-listed',
    );
    const rows = await document(
      z.object({ containers: z.array(z.object({ id: z.string(), state: z.string() })) }),
      ['containers'],
    );
    assert.deepEqual(
      rows.containers.find(({ id }) => id === container),
      { id: container, state: 'created' },
    );
    const measured = await drydock(['volumes', '--size']);
    assert.match(measured.stdout, /^cli-volume +local +0 B +cli-listed$/m);
    assert.match((await drydock(['images'])).stdout, /^cli\/listed:1 +[0-9a-f]{12} .* 1$/m);
  });

  it('ends with 1 for what is not there and 2 for what it does not understand', async () => {
    assert.equal((await drydock(['save', 'cli/none:1', '-o', 'none.tar'])).exitCode, 1);
    assert.equal((await drydock(['history', 'cli/none:1'])).exitCode, 1);
    assert.equal((await drydock(['export', 'cli-none', '-o', 'none.tar'])).exitCode, 1);
    assert.equal((await drydock(['-H', 'unix:///nowhere.sock', 'images'])).exitCode, 1);
    assert.equal((await drydock(['images', '--what'])).exitCode, 2);
    assert.deepEqual(await left('none.tar'), []);
  });

  it('leaves no file and no image behind when it is interrupted in the middle of a save', async () => {
    await importImage('cli/large:1', randomBytes(96 << 20));
    const own = await mkdtemp(join(folder, 'own-'));
    const changes = watch(own);
    const { child, ended } = startCli(bundle, ['save', 'cli/large:1', '-o', 'large.tar.gz'], { cwd: own });
    for await (const { filename } of changes) {
      if (filename?.endsWith('.partial') !== true) continue;
      // Not there any more would mean that the save is over: then the exit code tells.
      if ((await stat(join(own, filename))).size > 0) break;
    }
    child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await ended;
    assert.deepEqual(
      { exitCode, stdout, stderr },
      { exitCode: 130, stdout: '', stderr: 'drydock: Cancelled.\n' },
    );
    assert.deepEqual(await readdir(own), []);
  });

  it('shows progress on a terminal, and only there', async () => {
    await importImage('cli/seen:1', randomBytes(1 << 20));
    const commandLine = (argv: readonly string[]) =>
      [process.execPath, bundle, ...argv].map((word) => `'${word}'`).join(' ');
    const inTerminal = (argv: readonly string[]) =>
      promisify(execFile)('script', ['--quiet', '--return', '--command', commandLine(argv), '/dev/null'], {
        cwd: folder,
        env: { ...process.env, DOCKER_HOST: testHost(), TERM: 'xterm' },
      });
    const { stdout } = await inTerminal(['save', 'cli/seen:1', '-o', 'seen.tar']);
    assert.match(stdout, /\r\u001b\[KChecking seen\.tar/);
    assert.doesNotMatch((await inTerminal(['save', 'cli/seen:1', '-o', 'quiet.tar', '-q'])).stdout, /\u001b/);
    assert.equal((await drydock(['save', 'cli/seen:1', '-o', 'piped.tar'])).stderr, '');
  });

  async function left(beginning: string): Promise<readonly string[]> {
    return (await readdir(folder)).filter((name) => name.startsWith(beginning));
  }
});
