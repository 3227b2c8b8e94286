import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  containerChanges,
  type ChangedNode,
  type ContainerChanges,
} from '../../../src/core/fileTrees/containerChanges.ts';
import { unattended } from '../../../src/core/progress.ts';
import { testHost } from '../../support/engine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { makeShellImage, shellImage } from '../../support/shellImage.ts';
import { dockerCli, type DockerCli } from '../../support/variedImages.ts';
import { VolumeBench } from '../../support/volumeBench.ts';
import { watchedEngine } from '../../support/watchedEngine.ts';

describe('what a container has changed', function () {
  this.timeout(120_000);
  let bench: VolumeBench;
  let docker: DockerCli;
  const image = 'drydock-test/changes:1';

  before(async () => {
    bench = await VolumeBench.open();
    docker = await dockerCli(testHost());
    await makeShellImage(testHost());
    // An image with folders to be changed, made by the shell itself.
    const id = await ended(
      shellImage,
      'mkdir -p /app/old /app/anew /app/gone/deep /srv && echo old >/app/old/file && echo x >/app/anew/before && echo y >/app/gone/deep/y && echo stays >/app/stays && ln -s stays /app/link',
    );
    await docker('commit', '--change', 'LABEL dev.drydock.test=1', id, image);
  });
  after(async () => {
    await bench.close();
  });

  /** A container that has run a script to its end. */
  async function ended(from: string, script: string, config: object = {}): Promise<string> {
    const id = await bench.host.createContainer({ Image: from, Cmd: ['sh', '-ec', script], ...config });
    await bench.engine.containers.start(id);
    assert.equal((await docker('wait', id)).trim(), '0');
    return id;
  }

  const lettersOf = { added: 'A', modified: 'C', deleted: 'D' } as const;

  /** As `docker diff` writes it. */
  const told = ({ root }: ContainerChanges): readonly string[] => {
    const lines: string[] = [];
    const visit = ({ path, kind, children }: ChangedNode): void => {
      if (kind !== undefined) lines.push(`${lettersOf[kind]} /${path}`);
      for (const child of children.values()) visit(child);
    };
    visit(root);
    return lines.toSorted();
  };

  const nodeAt = ({ root }: ContainerChanges, path: string): ChangedNode => {
    let node: ChangedNode | undefined = root;
    for (const part of path.split('/')) node = node?.children.get(part);
    assert.ok(node, `no ${path}`);
    return node;
  };

  const changesOf = (container: string): Promise<ContainerChanges> =>
    containerChanges(bench, { container }, unattended());

  it('is what docker diff tells, with what each name is now', async () => {
    const id = await ended(
      image,
      'echo longer >/app/old/file; echo new >/srv/new; chmod 640 /srv/new; chown 7:8 /srv/new; rm -r /app/gone; ln -s /nowhere /srv/link; mkfifo /srv/pipe; chmod 700 /app/stays; rm /app/link',
    );
    const changes = await changesOf(id);
    const expected = (await docker('diff', id)).trim().split('\n').toSorted();
    assert.deepEqual(told(changes), expected);
    assert.deepEqual(changes.counts, {
      added: expected.filter((line) => line.startsWith('A')).length,
      modified: expected.filter((line) => line.startsWith('C')).length,
      deleted: expected.filter((line) => line.startsWith('D')).length,
    });
    const added = nodeAt(changes, 'srv/new').file;
    assert.deepEqual([added?.type, added?.mode, added?.sizeBytes], ['file', 0o640, 4]);
    const link = nodeAt(changes, 'srv/link').file;
    assert.deepEqual([link?.type, link?.link], ['symlink', '/nowhere']);
    assert.equal(nodeAt(changes, 'srv/pipe').file?.type, 'fifo');
    assert.equal(nodeAt(changes, 'app/stays').file?.mode, 0o700);
    assert.deepEqual(nodeAt(changes, 'app/gone'), {
      name: 'gone',
      path: 'app/gone',
      kind: 'deleted',
      children: new Map(),
      hidesLower: true,
    });
    assert.equal(changes.sizeBytes, 'longer\n'.length + 'new\n'.length + 'stays\n'.length);
  });

  it('says of a folder that was made anew that the image’s files in it are gone', async () => {
    const id = await ended(image, 'rm -r /app/anew; mkdir /app/anew; echo z >/app/anew/after');
    const changes = await changesOf(id);
    const anew = nodeAt(changes, 'app/anew');
    assert.equal(anew.kind, 'modified');
    assert.equal(anew.file?.type, 'directory');
    // Some engines say that the folder hides the image's, others name each file that went.
    assert.ok(anew.hidesLower || anew.children.get('before')?.kind === 'deleted');
    assert.equal(anew.children.get('after')?.kind, 'added');
  });

  it('leaves out what is mounted, and the folders that were made for it', async () => {
    const { name, folder } = await bench.volume('mounted');
    const id = await ended(image, 'echo 1 >/mnt/inside/volume; echo 2 >/srv/own', {
      HostConfig: { Mounts: [{ Type: 'volume', Source: name, Target: '/mnt/inside' }] },
    });
    writeFileSync(join(folder, 'more'), 'more');
    const lines = told(await changesOf(id));
    assert.ok(lines.includes('A /srv/own'));
    assert.deepEqual(
      lines.filter((line) => line.includes('/mnt/inside')),
      [],
    );
  });

  it('is told of a container that runs and of one that stands still', async () => {
    const id = await bench.host.createContainer({
      Image: image,
      Cmd: ['sh', '-c', 'echo ready >/srv/ready; sleep 600'],
    });
    await bench.engine.containers.start(id);
    while ((await bench.engine.containers.statPath(id, '/srv/ready'))?.sizeBytes !== 6);
    assert.ok(told(await changesOf(id)).includes('A /srv/ready'));
    await bench.engine.containers.pause(id);
    assert.ok(told(await changesOf(id)).includes('A /srv/ready'));
    await bench.engine.containers.unpause(id);
  });

  it('asks an engine a few times, not ten thousand, for a folder of ten thousand changed files', async () => {
    const script =
      'mkdir /srv/many; i=0; while [ $i -lt 10000 ]; do echo $i >/srv/many/f$i; i=$((i+1)); done; i=0; while [ $i -lt 100 ]; do echo $i >/app/f$i; i=$((i+1)); done';
    const id = await ended(image, script);
    let asked = 0;
    const engine = watchedEngine(bench.engine, {
      before: () => {
        asked += 1;
      },
    });
    const changes = await containerChanges({ engine }, { container: id }, unattended());
    assert.equal(nodeAt(changes, 'srv/many').children.size, 10_000);
    const last = nodeAt(changes, 'srv/many/f9999').file;
    assert.deepEqual([last?.sizeBytes, last?.uid], [5, 0]);
    assert.equal(nodeAt(changes, 'app/f42').file?.sizeBytes, 3);
    assert.ok(asked < 20, `asked ${asked} times`);
  });

  it('keeps a name whose file went while it was looked at', async () => {
    const id = await ended(image, 'echo 1 >/srv/goes; echo 2 >/srv/stays');
    const engine = watchedEngine(bench.engine, {});
    const containers = {
      ...engine.containers,
      changes: (ref: string) => bench.engine.containers.changes(ref),
      inspect: (ref: string) => bench.engine.containers.inspect(ref),
      readArchive: (ref: string, path: string) => bench.engine.containers.readArchive(ref, path),
      statPath: (ref: string, path: string) =>
        path === '/srv/goes' ? Promise.resolve(undefined) : bench.engine.containers.statPath(ref, path),
    };
    const changes = await containerChanges(
      { engine: { ...engine, containers } },
      { container: id },
      unattended(),
    );
    assert.equal(nodeAt(changes, 'srv/goes').file, undefined);
    assert.equal(nodeAt(changes, 'srv/goes').kind, 'added');
    assert.equal(nodeAt(changes, 'srv/stays').file?.sizeBytes, 2);
  });

  it('is refused for a container that is not there', async () => {
    assert.equal((await failureOf(changesOf('drydock-test-nowhere'))).code, 'engineNotFound');
  });
});
