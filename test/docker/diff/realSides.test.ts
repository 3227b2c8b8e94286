import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeDiffReport } from '../../../src/core/diff/makeDiffReport.ts';
import type { DiffReport, Strictness } from '../../../src/core/diff/diffReport.ts';
import { containerTree } from '../../../src/core/fileTrees/containerTree.ts';
import { openEngineImage } from '../../../src/core/fileTrees/engineImage.ts';
import type { FileTree } from '../../../src/core/fileTrees/fileTree.ts';
import { imageTree } from '../../../src/core/fileTrees/imageTree.ts';
import { unattended } from '../../../src/core/progress.ts';
import { testHost, testLabel } from '../../support/engine.ts';
import { makeShellImage, shellImage } from '../../support/shellImage.ts';
import { differencesOf, namesBelow, type FoundName } from '../../support/treeReference.ts';
import { dockerCli, type DockerCli } from '../../support/variedImages.ts';
import { VolumeBench } from '../../support/volumeBench.ts';

const run = promisify(execFile);
const operation = unattended();

describe('differences of what an engine has', function () {
  this.timeout(120_000);
  const [first, second] = ['drydock-test/diff:1', 'drydock-test/diff:2'];
  let bench: VolumeBench;
  let docker: DockerCli;
  let folder: string;

  before(async () => {
    bench = await VolumeBench.open();
    docker = await dockerCli(testHost());
    folder = await mkdtemp(join(tmpdir(), 'drydock-diff-'));
    await makeShellImage(testHost());
    const id = await ended(
      shellImage,
      `mkdir -p /app/gone/deep /var/lib/dpkg /opt && echo old >/app/text && echo same >/app/same && echo moves >/app/here
       echo linked >/app/a && ln /app/a /app/b && echo y >/app/gone/deep/y && ln -s same /app/link && echo x >/opt/x
       printf 'Package: tool\\nStatus: install ok installed\\nVersion: 1.9-1\\nArchitecture: all\\n' >/var/lib/dpkg/status`,
    );
    await docker('commit', '--change', 'LABEL dev.drydock.test=1', '--change', 'ENV MODE=one', id, first);
    const changed = await ended(first, script);
    await docker('commit', '--change', 'ENV MODE=two', changed, second);
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
    await bench.close();
  });

  /** Changes of every kind. */
  const script = `echo newer >/app/text; mv /app/here /app/there; rm -r /app/gone; chmod 600 /app/same; chown 7:8 /opt/x
    rm /app/link; ln -s text /app/link; rm /app/b; cat /app/a >/app/b; mkdir /app/new; echo z >/app/new/z; mkfifo /opt/pipe
    printf 'Package: tool\\nStatus: install ok installed\\nVersion: 1.10-1\\nArchitecture: all\\n' >/var/lib/dpkg/status`;

  async function ended(from: string, text: string): Promise<string> {
    const id = await bench.host.createContainer({ Image: from, Cmd: ['sh', '-ec', text] });
    await bench.engine.containers.start(id);
    assert.equal((await docker('wait', id)).trim(), '0');
    return id;
  }

  async function tree(image: string): Promise<FileTree> {
    return imageTree(await openEngineImage(bench, image, operation), operation.signal);
  }

  const compared = (left: FileTree, right: FileTree, strictness: Strictness): Promise<DiffReport> =>
    makeDiffReport({ left, right, strictness }, operation);

  const lines = ({ files }: DiffReport): readonly string[] =>
    files.map(({ kind, path, from, fields }) =>
      [kind, ...(from === undefined ? [] : [from, '>']), path, ...fields].join(' '),
    );

  /** What `docker export` gives of a new container, unpacked. */
  async function exported(image: string, name: string): Promise<ReadonlyMap<string, FoundName>> {
    const [tar, root] = [join(folder, `${name}.tar`), join(folder, name)];
    const id = (await docker('create', '--label', testLabel, image, 'x')).trim();
    try {
      await docker('export', '--output', tar, id);
    } finally {
      await docker('rm', id);
    }
    await mkdir(root);
    await run('tar', [
      '--extract',
      '--preserve-permissions',
      '--same-owner',
      '--numeric-owner',
      '--file',
      tar,
      '--directory',
      root,
    ]);
    return namesBelow(root);
  }

  it('are, of two images, those of what the engine exports of them', async () => {
    const report = await compared(await tree(first), await tree(second), 'strict');
    const expected = differencesOf(await exported(first, 'first'), await exported(second, 'second'));
    // The engine's own names are in the exports alone, made anew for each.
    const own = /^\S+ (\.dockerenv|dev|dev\/\S+|etc\/(hosts|hostname|mtab|resolv\.conf)|proc|sys)( |$)/;
    assert.deepEqual(
      withoutFolderTimes(lines(report), report),
      expected.filter((line) => !own.test(line)),
    );
    for (const kind of ['added', 'removed', 'content', 'metadata', 'moved'])
      assert.ok(
        report.files.some((change) => change.kind === kind),
        kind,
      );
    assert.deepEqual(
      report.config.filter(({ setting }) => setting.startsWith('Env')),
      [{ setting: 'Env MODE', left: 'one', right: 'two' }],
    );
    assert.deepEqual(report.packages, [
      {
        manager: 'dpkg',
        name: 'tool',
        architecture: 'all',
        kind: 'upgraded',
        left: '1.9-1',
        right: '1.10-1',
      },
    ]);
    assert.deepEqual(report.remarks, []);
    assert.equal(report.history.filter(({ kind }) => kind === 'same').length, report.history.length - 1);
  });

  it('are none between an image and a new container of it', async () => {
    const id = await bench.host.createContainer({ Image: second, Cmd: ['x'] });
    const report = await compared(
      await tree(second),
      await containerTree(bench, { container: id }, operation),
      'semantic',
    );
    assert.deepEqual([lines(report), report.packages], [[], []]);
  });

  it('are, of a container and its image, what docker diff tells', async () => {
    const id = await ended(first, script);
    const container = await containerTree(bench, { container: id }, operation);
    const { files, packages } = await compared(await tree(first), container, 'semantic');
    const told = (await docker('diff', id)).trim().split('\n');
    const ofLetter = (letter: string): readonly string[] =>
      told
        .filter((line) => line.startsWith(letter))
        .map((line) => line.slice(3))
        .toSorted();
    const came = files.flatMap(({ kind, path }) => (kind === 'added' || kind === 'moved' ? [path] : []));
    const went = files.flatMap(({ kind, path, from }) => (kind === 'removed' ? [path] : (from ?? [])));
    assert.deepEqual(came.toSorted(), ofLetter('A'));
    // Of a folder that is gone docker diff names nothing below.
    assert.deepEqual(
      went.filter((path) => !went.some((other) => path.startsWith(`${other}/`))).toSorted(),
      ofLetter('D'),
    );
    const touched = new Set(ofLetter('C'));
    for (const { kind, path } of files)
      if (kind === 'content' || kind === 'metadata') assert.ok(touched.has(path), path);
    assert.equal(packages.length, 1);
  });
});

/** Unpacking sets times of folders as it goes. */
function withoutFolderTimes(all: readonly string[], { files }: DiffReport): readonly string[] {
  return all.flatMap((line, at) => {
    if (files[at]?.right?.type !== 'directory') return [line];
    const kept = line.replace(/ time\b/, '');
    return /^metadata \S+$/.test(kept) ? [] : [kept];
  });
}
