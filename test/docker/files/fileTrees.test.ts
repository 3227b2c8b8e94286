import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { containerTree } from '../../../src/core/fileTrees/containerTree.ts';
import type { FileTree } from '../../../src/core/fileTrees/fileTree.ts';
import { volumeTree } from '../../../src/core/fileTrees/volumeTree.ts';
import { fileAt } from '../../../src/core/layers/treeNode.ts';
import { unattended } from '../../../src/core/progress.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { withHelperContainer } from '../../../src/core/volumes/helperContainer.ts';
import { ownedHelpers, sweepHelpers } from '../../../src/core/volumes/ownedHelpers.ts';
import { testHost } from '../../support/engine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { fillOddly } from '../../support/oddVolume.ts';
import { writeOddTar } from '../../support/oddTar.ts';
import { makeShellImage, shellImage } from '../../support/shellImage.ts';
import { diskFacts, treeFacts } from '../../support/treeFacts.ts';
import { VolumeBench } from '../../support/volumeBench.ts';
import { dockerCli, type DockerCli } from '../../support/variedImages.ts';

describe('the files of containers and volumes', function () {
  this.timeout(120_000);
  let bench: VolumeBench;
  let docker: DockerCli;
  let folder: string;
  const odd = 'drydock-test/odd-files:1';

  before(async () => {
    bench = await VolumeBench.open();
    docker = await dockerCli(testHost());
    folder = mkdtempSync(join(tmpdir(), 'drydock-files-'));
    await makeShellImage(testHost());
    await writeOddTar(join(folder, 'odd.tar'));
    await docker('import', '--change', 'LABEL dev.drydock.test=1', join(folder, 'odd.tar'), odd);
  });
  after(async () => {
    await bench.close();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    assert.deepEqual(await bench.leftovers(), []);
  });

  const exported = async (container: string): Promise<string> => {
    const place = mkdtempSync(join(folder, 'export-'));
    await docker('export', '--output', `${place}.tar`, container);
    execFileSync('tar', ['--absolute-names', '-xpf', `${place}.tar`, '--same-owner', '-C', place]);
    return place;
  };

  const read = async (tree: FileTree, path: string): Promise<Buffer> => {
    const file = fileAt(tree.root, path.split('/'));
    assert.ok(file, `no ${path}`);
    return buffer(tree.read(path, file, unattended()));
  };

  const containerOf = (image: string, config: object = {}): Promise<string> =>
    bench.host.createContainer({ Image: image, Cmd: ['x'], ...config });

  it('are all that docker export gives, with modes, owners, links and hashes', async () => {
    const id = await containerOf(odd);
    const tree = await containerTree(bench, { container: id }, unattended());
    assert.deepEqual(treeFacts(tree.root), diskFacts(await exported(id)));
    assert.equal(tree.kind, 'container');
    assert.equal((await read(tree, 'data/owned')).toString(), 'owned\n');
    assert.equal((await read(tree, 'bin/hard')).toString(), '#!tool\n');
  });

  it('are read of a container that runs, that stands still, and that has ended', async () => {
    const id = await containerOf(shellImage, { Cmd: ['sh', '-c', 'echo hello >/tmp/said; sleep 600'] });
    await bench.engine.containers.start(id);
    const has = async (): Promise<string> => {
      const tree = await containerTree(bench, { container: id }, unattended());
      return (await read(tree, 'tmp/said')).toString();
    };
    while ((await bench.engine.containers.statPath(id, '/tmp/said'))?.sizeBytes !== 6);
    assert.equal(await has(), 'hello\n');
    await bench.engine.containers.pause(id);
    assert.equal(await has(), 'hello\n');
    await bench.engine.containers.unpause(id);
    await bench.engine.containers.stop(id, { graceSeconds: 0 });
    assert.equal(await has(), 'hello\n');
  });

  it('fail to be read when they are not as they were listed', async () => {
    const id = await containerOf(shellImage);
    const put = (content: string): Promise<string> => {
      writeFileSync(join(folder, 'note'), content);
      return docker('cp', join(folder, 'note'), `${id}:/tmp/note`);
    };
    await put('first');
    const tree = await containerTree(bench, { container: id }, unattended());
    await put('other');
    assert.equal((await failureOf(read(tree, 'tmp/note'))).code, 'fileChanged');
    await put('longer than it was');
    assert.equal((await failureOf(read(tree, 'tmp/note'))).code, 'fileChanged');
  });

  it('are read below a mount as the root file system has them', async () => {
    const { name, folder: data } = await bench.volume('hides');
    const id = await containerOf(odd, {
      HostConfig: {
        Mounts: [{ Type: 'volume', Source: name, Target: '/data', VolumeOptions: { NoCopy: true } }],
      },
    });
    writeFileSync(join(data, 'owned'), 'of the volume');
    const tree = await containerTree(bench, { container: id }, unattended());
    assert.equal((await read(tree, 'data/owned')).toString(), 'owned\n');
  });

  it('of a volume are what its folder holds, and none is left out for its name', async () => {
    const { name, folder: data } = await bench.volume('tree');
    fillOddly(data);
    mkdirSync(join(data, 'sub'));
    writeFileSync(join(data, 'sub/.wh.plain'), 'a name like others');
    const tree = await volumeTree(ownedHelpers(bench), { volume: name }, unattended());
    assert.deepEqual(treeFacts(tree.root), diskFacts(data));
    for (const path of ['plain', 'z-dir/hard', 'sub/.wh.plain', 'ünï cödé \n line', 'sparse'])
      assert.deepEqual(await read(tree, path), readFileSync(join(data, path)), path);
    assert.equal((await read(tree, 'bytes-\udcff\udcfe\udc80')).toString(), 'raw name');
  });

  it('of a volume fail to be read when they grew, and leave no helper when the reader goes', async () => {
    const { name, folder: data } = await bench.volume('grows');
    writeFileSync(join(data, 'log'), 'x'.repeat(3_000_000));
    const tree = await volumeTree(ownedHelpers(bench), { volume: name }, unattended());
    const file = fileAt(tree.root, ['log']);
    assert.ok(file);
    for await (const piece of tree.read('log', file, unattended())) {
      assert.ok(piece.length > 0);
      break;
    }
    assert.deepEqual(await bench.leftovers(), []);
    appendFileSync(join(data, 'log'), 'y');
    assert.equal((await failureOf(read(tree, 'log'))).code, 'fileChanged');
  });

  it('leave nothing behind when their listing is cancelled', async () => {
    const { name, folder: data } = await bench.volume('cancelled');
    writeFileSync(join(data, 'large'), Buffer.alloc(8_000_000));
    const controller = new AbortController();
    const operation = {
      signal: controller.signal,
      progress: {
        report: ({ doneBytes = 0 }: { readonly doneBytes?: number }) => {
          if (doneBytes > 0) controller.abort();
        },
      },
    };
    await assert.rejects(volumeTree(ownedHelpers(bench), { volume: name }, operation), {
      name: 'AbortError',
    });
  });

  it('never make a volume that is not there', async () => {
    const name = bench.name('nowhere');
    const error = await failureOf(volumeTree(ownedHelpers(bench), { volume: name }, unattended()));
    assert.equal(error.code, 'engineNotFound');
    assert.equal(
      (await bench.engine.volumes.list()).some((one) => one.name === name),
      false,
    );
  });

  it('sweeps the helpers of a process that was killed, and none of one that lives', async () => {
    const { name } = await bench.volume('swept');
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    try {
      await once(child, 'spawn');
      const own = await currentProcess();
      // Its start time is not known here, as on other systems than Linux.
      const owner = { ...own, pid: child.pid ?? 0, startTime: '' };
      const helpers = ownedHelpers({ engine: bench.engine, owner });
      const mount = { kind: 'volume', source: name, isReadOnly: true } as const;
      const sweep = (): Promise<number> => sweepHelpers({ engine: bench.engine, owner: own }, unattended());
      await withHelperContainer(helpers, mount, unattended().signal, async () => {
        assert.equal(await sweep(), 0);
        child.kill('SIGKILL');
        await once(child, 'exit');
        assert.equal(await sweep(), 2);
      });
    } finally {
      child.kill('SIGKILL');
    }
  });
});
