import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { openEngineImage } from '../../../src/core/fileTrees/engineImage.ts';
import { downloadFiles } from '../../../src/core/fileTrees/downloadFiles.ts';
import { imageTree } from '../../../src/core/fileTrees/imageTree.ts';
import {
  containerFiles,
  liveFile,
  volumeFiles,
  type LiveFiles,
} from '../../../src/core/fileTrees/liveFiles.ts';
import { uploadFiles, type UploadInput } from '../../../src/core/fileTrees/uploadFiles.ts';
import { unattended } from '../../../src/core/progress.ts';
import { ownedHelpers } from '../../../src/core/volumes/ownedHelpers.ts';
import { cancelledWhen } from '../../support/cancelledWhen.ts';
import { testHost } from '../../support/engine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { factsOf, fillOddly } from '../../support/oddVolume.ts';
import { makeShellImage, shellImage } from '../../support/shellImage.ts';
import { diskFacts } from '../../support/treeFacts.ts';
import { dockerCli, type DockerCli } from '../../support/variedImages.ts';
import { VolumeBench } from '../../support/volumeBench.ts';
import { watchedEngine } from '../../support/watchedEngine.ts';

describe('files of containers and volumes as they are now', function () {
  this.timeout(120_000);
  let bench: VolumeBench;
  let docker: DockerCli;
  let folder: string;

  before(async () => {
    bench = await VolumeBench.open();
    docker = await dockerCli(testHost());
    await makeShellImage(testHost());
  });
  after(async () => {
    await bench.close();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'drydock-live-'));
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true, force: true });
    assert.deepEqual(await bench.leftovers(), []);
  });

  const container = (config: object = {}): Promise<string> =>
    bench.host.createContainer({ Image: shellImage, Cmd: ['sleep', '600'], ...config });

  const names = async (files: LiveFiles, path: string): Promise<readonly string[]> =>
    (await files.list(path, unattended())).map(({ name }) => name);

  const text = async (files: LiveFiles, path: string): Promise<string> => {
    for await (const { data } of liveFile(files, path, unattended())) return (await buffer(data)).toString();
    throw new Error('no file');
  };

  const put = async (id: string, path: string, content: string): Promise<void> => {
    writeFileSync(join(folder, 'put'), content);
    await docker('cp', join(folder, 'put'), `${id}:${path}`);
  };

  describe('browsing', () => {
    it('lists a container whose image is known from its changes, without reading any file', async () => {
      const id = await container();
      await put(id, '/etc/own', 'own');
      const { root } = await imageTree(
        await openEngineImage({ engine: bench.engine }, shellImage, unattended()),
        unattended().signal,
      );
      const calls: string[] = [];
      const engine = watchedEngine(bench.engine, { before: (call) => void calls.push(call) });
      const files = containerFiles({ engine, imageRoot: () => Promise.resolve(root) }, { id, name: 'web' });
      assert.deepEqual(await names(files, 'etc'), ['own']);
      assert.ok((await names(files, 'bin')).includes('sleep'));
      assert.ok(!calls.includes('containers.exportRootfs'));
      const whole = containerFiles(bench, { id, name: 'web' });
      assert.deepEqual(await names(files, 'bin'), await names(whole, 'bin'));
      // What the engine puts in by itself when the container is made is in no image.
      const own = new Set(['dev', 'proc', 'sys', 'etc', '.dockerenv']);
      assert.deepEqual(
        (await names(files, '')).filter((name) => !own.has(name)),
        (await names(whole, '')).filter((name) => !own.has(name)),
      );
    });

    it('shows what is mounted where it is mounted, and reads it from there', async () => {
      const { name, folder: data } = await bench.volume('mount');
      mkdirSync(join(data, 'deep'));
      writeFileSync(join(data, 'deep/in'), 'volume');
      const id = await container({
        HostConfig: { Mounts: [{ Type: 'volume', Source: name, Target: '/var/lib/data' }] },
      });
      const files = containerFiles(bench, { id, name: 'web' });
      const [mount] = (await files.list('var/lib', unattended())).filter((one) => one.name === 'data');
      assert.deepEqual([mount?.isMount, mount?.type], [true, 'directory']);
      assert.deepEqual(await names(files, 'var/lib/data'), ['deep']);
      assert.deepEqual(await names(files, 'var/lib/data/deep'), ['in']);
      assert.equal(await text(files, 'var/lib/data/deep/in'), 'volume');
    });

    it('shows what came since only when it is asked to look again, and reads files as they are', async () => {
      const id = await container();
      await put(id, '/etc/one', 'first');
      const files = containerFiles(bench, { id, name: 'web' });
      assert.ok((await names(files, 'etc')).includes('one'));
      await put(id, '/etc/two', 'second');
      await put(id, '/etc/one', 'changed');
      assert.ok(!(await names(files, 'etc')).includes('two'));
      assert.equal(await text(files, 'etc/one'), 'changed');
      files.refresh();
      assert.ok((await names(files, 'etc')).includes('two'));
    });

    it('says what is not there, and what is no folder and no file', async () => {
      const id = await container();
      const files = containerFiles(bench, { id, name: 'web' });
      assert.equal((await failureOf(files.list('nowhere', unattended()))).code, 'pathMissing');
      assert.equal((await failureOf(files.list('bin/sh', unattended()))).code, 'pathIsNot');
      assert.equal((await failureOf(text(files, 'etc'))).code, 'pathIsNot');
      assert.equal((await failureOf(text(files, 'etc/nowhere'))).code, 'fileChanged');
    });

    it('follows links inside a container, and never out of a volume', async () => {
      const { name, folder: data } = await bench.volume('links');
      writeFileSync(join(data, 'file'), 'in the volume');
      mkdirSync(join(data, 'sub'));
      symlinkSync('../file', join(data, 'sub/up'));
      symlinkSync('/etc/own', join(data, 'out'));
      symlinkSync('circle', join(data, 'circle'));
      const id = await container({
        HostConfig: { Mounts: [{ Type: 'volume', Source: name, Target: '/data' }] },
      });
      await put(id, '/etc/own', 'of the container');
      const files = containerFiles(bench, { id, name: 'web' });
      assert.equal(await text(files, 'data/sub/up'), 'in the volume');
      assert.equal(await text(files, 'data/out'), 'of the container');
      // Some engines say it themselves.
      const { code } = await failureOf(text(files, 'data/circle'));
      assert.ok(code === 'pathUnreadable' || code === 'engineRefused', code);
      const alone = volumeFiles(ownedHelpers(bench), name);
      assert.equal(await text(alone, 'sub/up'), 'in the volume');
      assert.equal((await failureOf(text(alone, 'out'))).code, 'pathUnreadable');
    });

    it('lists and reads a volume that no container uses', async () => {
      const { name, folder: data } = await bench.volume('alone');
      fillOddly(data);
      const files = volumeFiles(ownedHelpers(bench), name);
      const listed = await files.list('z-dir', unattended());
      assert.deepEqual(
        listed.map((one) => [one.name, one.uid, one.mode]),
        [
          ['dangling', 0, 0o777],
          ['hard', 0, 0o644],
          ['owned', 99_999, 0o604],
        ],
      );
      assert.equal(await text(files, 'z-dir/owned'), 'mine');
      assert.equal(await text(files, 'bytes-\udcff\udcfe\udc80'), 'raw name');
    });
  });

  describe('downloading', () => {
    it('brings a folder with all kinds of names, links and modes, as docker cp does', async () => {
      const { name, folder: data } = await bench.volume('download');
      fillOddly(data);
      symlinkSync('/etc/shadow', join(data, 'z-dir/out'));
      const id = await container({
        HostConfig: { Mounts: [{ Type: 'volume', Source: name, Target: '/data' }] },
      });
      const into = join(folder, 'into');
      mkdirSync(into);
      const { left } = await downloadFiles(
        containerFiles(bench, { id, name: 'web' }),
        { path: 'data/z-dir', into, replace: false },
        unattended(),
      );
      const plain = (facts: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
        Object.fromEntries(
          Object.entries(facts).map(([path, fact]) => [path, fact.replace(/ \d+:\d+ /, ' ')]),
        );
      assert.deepEqual(plain(diskFacts(join(into, 'z-dir'))), plain(diskFacts(join(data, 'z-dir'))));
      assert.equal(readlinkSync(join(into, 'z-dir/out')), '/etc/shadow');
      assert.deepEqual(left, []);
      await docker('cp', `${id}:/data/z-dir`, join(folder, 'cp'));
      assert.deepEqual(
        Object.keys(diskFacts(join(into, 'z-dir'))),
        Object.keys(diskFacts(join(folder, 'cp'))),
      );
      assert.deepEqual(readdirSync(into), ['z-dir']);
    });

    it('brings a whole volume and names what can’t come along', async () => {
      const { name, folder: data } = await bench.volume('whole');
      fillOddly(data);
      const { left, fileCount } = await downloadFiles(
        volumeFiles(ownedHelpers(bench), name),
        { path: '', into: folder, replace: false },
        unattended(),
      );
      assert.deepEqual(left.map(({ path, reason }) => `${path} ${reason}`).toSorted(), [
        'block device',
        'capable attributes',
        'capable-link attributes',
        'char device',
        'fifo fifo',
      ]);
      assert.ok(fileCount > 10);
      assert.equal(readFileSync(join(folder, 'setuid'), 'utf8'), '#!');
      assert.equal(lstatSync(join(folder, 'setuid')).mode & 0o7777, 0o755);
    });

    it('never replaces a file unless it is told, and then only a file', async () => {
      const id = await container();
      await put(id, '/etc/note', 'theirs');
      writeFileSync(join(folder, 'note'), 'mine');
      const files = containerFiles(bench, { id, name: 'web' });
      const again = (replace: boolean): Promise<unknown> =>
        downloadFiles(files, { path: 'etc/note', into: folder, replace }, unattended());
      assert.equal((await failureOf(again(false))).code, 'fileExists');
      assert.equal(readFileSync(join(folder, 'note'), 'utf8'), 'mine');
      await again(true);
      assert.equal(readFileSync(join(folder, 'note'), 'utf8'), 'theirs');
    });

    it('fails, and leaves nothing, when a file gets shorter while it is read', async () => {
      const { name, folder: data } = await bench.volume('shrinks');
      const log = join(data, 'a-log');
      writeFileSync(log, Buffer.alloc(60_000_000, 'x'));
      writeFileSync(join(data, 'b-after'), 'after');
      const files = volumeFiles(ownedHelpers(bench), name);
      const operation = {
        signal: unattended().signal,
        progress: {
          report: ({ doneBytes = 0 }: { readonly doneBytes?: number }) => {
            if (doneBytes > 0 && doneBytes < 10_000_000) truncateSync(log, 10);
          },
        },
      };
      const error = await failureOf(
        downloadFiles(files, { path: '', into: folder, replace: false }, operation),
      );
      assert.equal(error.code, 'streamCut');
      assert.deepEqual(readdirSync(folder), []);
    });

    it('leaves nothing behind when it is cancelled', async () => {
      const { name, folder: data } = await bench.volume('cancel');
      writeFileSync(join(data, 'large'), Buffer.alloc(20_000_000));
      const operation = cancelledWhen(({ phase }) => phase === 'reading');
      await assert.rejects(
        downloadFiles(
          volumeFiles(ownedHelpers(bench), name),
          { path: '', into: folder, replace: false },
          operation,
        ),
        { name: 'AbortError' },
      );
      assert.deepEqual(readdirSync(folder), []);
    });
  });

  describe('uploading', () => {
    const upload = (
      input: Omit<UploadInput, 'owner' | 'replace'> & Partial<UploadInput>,
      engine = bench.engine,
    ) =>
      uploadFiles(
        ownedHelpers({ engine, owner: bench.owner }),
        { owner: 'folder', replace: false, ...input },
        unattended(),
      );

    /** A folder with links, modes and odd names. */
    function source(): string {
      const place = join(folder, 'sent');
      mkdirSync(join(place, 'deep/er'), { recursive: true });
      writeFileSync(join(place, 'deep/er/file'), 'file');
      writeFileSync(join(place, 'run'), '#!');
      chmodSync(join(place, 'run'), 0o4751);
      writeFileSync(join(place, 'large'), Buffer.alloc(3_000_001, 'l'));
      writeFileSync(join(place, 'empty'), '');
      writeFileSync(join(place, 'ünï \n cödé \u202e'), 'named');
      writeFileSync(Buffer.concat([Buffer.from(`${place}/raw-`), Buffer.from([0xff])]), 'raw');
      writeFileSync(join(place, 'n'.repeat(120)), 'long');
      symlinkSync('../../outside', join(place, 'link'));
      utimesSync(join(place, 'run'), 1_000_000_000, 1_000_000_000);
      execFileSync('mkfifo', [join(place, 'pipe')]);
      return place;
    }

    const withoutOwners = (facts: Readonly<Record<string, string>>): unknown =>
      Object.fromEntries(
        Object.entries(facts)
          .filter(([path]) => path !== 'pipe')
          .map(([path, fact]) => [path, fact.replace(/ \d+:\d+ /, ' ').replace(/^file 4751/, 'file 751')]),
      );

    for (const state of ['created', 'running', 'paused'] as const)
      it(`brings bytes, modes, times, links and owners into a ${state} container`, async () => {
        const id = await container({
          Cmd: ['sh', '-c', 'mkdir /srv; chown 12:34 /srv; echo . >/srv/go; sleep 600'],
        });
        const folderThere = state === 'created' ? '/tmp' : '/srv';
        if (state !== 'created') {
          await bench.engine.containers.start(id);
          while ((await bench.engine.containers.statPath(id, '/srv/go')) === undefined);
        }
        if (state === 'paused') await bench.engine.containers.pause(id);
        const { left, fileCount } = await upload({
          sources: [source()],
          target: { kind: 'container', name: id, folder: folderThere },
        });
        // docker cp itself would refuse the link when it unpacks.
        const tar = join(folder, 'back.tar');
        execFileSync('sh', [
          '-c',
          'docker -H "$1" cp "$2" - >"$3"',
          '-',
          testHost(),
          `${id}:${folderThere}/sent`,
          tar,
        ]);
        mkdirSync(join(folder, 'back'));
        execFileSync('tar', [
          '-xpf',
          tar,
          '--same-owner',
          '--absolute-names',
          '--strip-components=1',
          '-C',
          join(folder, 'back'),
        ]);
        assert.deepEqual(
          withoutOwners(diskFacts(join(folder, 'back'))),
          withoutOwners(diskFacts(join(folder, 'sent'))),
        );
        const owners = new Set(
          Object.values(diskFacts(join(folder, 'back'))).map((fact) => / (\d+:\d+) /.exec(fact)?.[1]),
        );
        assert.deepEqual([...owners], [state === 'created' ? '0:0' : '12:34']);
        assert.deepEqual(left, [{ path: 'sent/pipe', reason: 'fifo' }]);
        assert.equal(fileCount, 8);
        if (state === 'paused') await bench.engine.containers.unpause(id);
      });

    it('brings files into a folder of a volume with owners that are given', async () => {
      const { name, folder: data } = await bench.volume('upload');
      mkdirSync(join(data, 'in'));
      await upload({
        sources: [source(), join(folder, 'sent/run')],
        target: { kind: 'volume', name, folder: '/in' },
        owner: { uid: 1001, gid: 3_000_000 },
      });
      assert.deepEqual(
        withoutOwners(diskFacts(join(data, 'in/sent'))),
        withoutOwners(diskFacts(join(folder, 'sent'))),
      );
      assert.equal(lstatSync(join(data, 'in/run')).gid, 3_000_000);
      await upload({ sources: [join(folder, 'sent/empty')], target: { kind: 'volume', name, folder: '/' } });
      assert.ok(existsSync(join(data, 'empty')));
    });

    it('overwrites only when told, keeps other files, and makes no file of a folder', async () => {
      const { name, folder: data } = await bench.volume('replace');
      mkdirSync(join(data, 'sent/deep'), { recursive: true });
      writeFileSync(join(data, 'sent/deep/own'), 'stays');
      writeFileSync(join(data, 'sent/run'), 'old');
      const before = factsOf(data);
      const target = { kind: 'volume', name, folder: '/' } as const;
      const sources = [source()];
      assert.equal((await failureOf(upload({ sources, target }))).code, 'fileExists');
      assert.deepEqual(factsOf(data), before);
      await upload({ sources, target, replace: true });
      assert.equal(readFileSync(join(data, 'sent/run'), 'utf8'), '#!');
      assert.equal(readFileSync(join(data, 'sent/deep/own'), 'utf8'), 'stays');
      mkdirSync(join(data, 'empty'));
      const error = await failureOf(upload({ sources: [join(folder, 'sent/empty')], target, replace: true }));
      assert.equal(error.code, 'fileExists');
      assert.ok(lstatSync(join(data, 'empty')).isDirectory());
    });

    it('tells no success when the engine has made something else of it', async () => {
      const { name, folder: data } = await bench.volume('lies');
      const engine = watchedEngine(bench.engine, {
        after: (call) => {
          if (call === 'containers.writeArchive') writeFileSync(join(data, 'sent/run'), '##');
        },
      });
      const error = await failureOf(
        upload({ sources: [source()], target: { kind: 'volume', name, folder: '/' } }, engine),
      );
      assert.equal(error.code, 'uploadDiffers');
      assert.equal(error.details['path'], 'sent/run');
    });

    it('says that some of it is there when a file changes while it is sent, and sends nothing of one that is gone', async () => {
      const { name } = await bench.volume('changes');
      const target = { kind: 'volume', name, folder: '/' } as const;
      const place = source();
      const engine = watchedEngine(bench.engine, {
        before: (call) => {
          if (call === 'containers.writeArchive') writeFileSync(join(place, 'run'), 'longer than it was');
        },
      });
      const error = await failureOf(upload({ sources: [place], target }, engine));
      assert.equal(error.code, 'uploadCut');
      assert.match(error.message, /changed while it was read/);
      const gone = await failureOf(upload({ sources: [join(folder, 'nowhere')], target }));
      assert.equal(gone.code, 'fileMissing');
    });

    it('says what a cancelled upload has left, and nothing where it left nothing', async () => {
      const { name, folder: data } = await bench.volume('cancels');
      const target = { kind: 'volume', name, folder: '/' } as const;
      const input = { sources: [source()], target, owner: 'folder', replace: false } as const;
      const early = cancelledWhen(({ phase }) => phase === 'sending');
      const error: unknown = await uploadFiles(ownedHelpers(bench), input, early).catch(
        (one: unknown) => one,
      );
      assert.ok(error instanceof Error);
      assert.equal(
        existsSync(join(data, 'sent')),
        error.message.includes('Some of sent may be there'),
        error.message,
      );
      assert.ok(!existsSync(join(data, 'sent/run')));
    });

    it('refuses a folder that is not there and a mount that is read-only', async () => {
      const { name } = await bench.volume('read-only');
      const id = await container({
        HostConfig: { Mounts: [{ Type: 'volume', Source: name, Target: '/data', ReadOnly: true }] },
      });
      const sources = [source()];
      const missing = upload({ sources, target: { kind: 'container', name: id, folder: '/nowhere' } });
      assert.equal((await failureOf(missing)).code, 'pathMissing');
      const denied = upload({ sources, target: { kind: 'container', name: id, folder: '/data' } });
      assert.equal((await failureOf(denied)).code, 'engineRefused');
    });
  });
});
