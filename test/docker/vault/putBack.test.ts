import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { backupVolume } from '../../../src/core/backup/backupVolume.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { failure } from '../../../src/core/errors.ts';
import { unattended } from '../../../src/core/progress.ts';
import { recoverVault } from '../../../src/core/recovery/recoverVault.ts';
import { engineIdentity } from '../../../src/core/snapshot/engineIdentity.ts';
import { openSnapshot } from '../../../src/core/snapshot/snapshots.ts';
import {
  putBackFiles,
  type PutBackInput,
  type PutBackResult,
} from '../../../src/core/snapshotFiles/putBackFiles.ts';
import type { RootFiles } from '../../../src/core/snapshotFiles/rootFiles.ts';
import { openSnapshotTree } from '../../../src/core/snapshotFiles/snapshotTree.ts';
import { withVaultSession } from '../../../src/core/vault/vaultSession.ts';
import { cancelledWhen } from '../../support/cancelledWhen.ts';
import { testLabel } from '../../support/engine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { factsOf, fillOddly } from '../../support/oddVolume.ts';
import { VolumeBench } from '../../support/volumeBench.ts';
import { watchedEngine } from '../../support/watchedEngine.ts';

describe('putting files of a snapshot back', function () {
  this.timeout(120_000);
  let bench: VolumeBench;
  let name: string;
  let folder: string;
  let files: RootFiles;

  before(async () => {
    bench = await VolumeBench.open();
  });
  after(async () => {
    await bench.close();
  });
  beforeEach(async () => {
    ({ name, folder } = await bench.volume('put-back'));
    mkdirSync(join(folder, 'db'));
    fillOddly(join(folder, 'db'));
    writeFileSync(join(folder, 'beside'), 'beside');
    const { snapshot } = await backupVolume(bench, { name, consistency: 'none' }, unattended());
    const [root] = openSnapshotTree(bench.vault, await openSnapshot(bench.vault, snapshot)).roots;
    assert.ok(root);
    files = root;
  });
  afterEach(async () => {
    assert.deepEqual(await bench.leftovers(), []);
  });

  const putBack = async (
    path: string,
    target: PutBackInput['target'],
    replace = false,
    engine: Engine = bench.engine,
    operation = unattended(),
  ): Promise<PutBackResult> => {
    const { engineId } = engineIdentity(await bench.engine.info());
    const what = { kind: 'put back', subject: path };
    return withVaultSession(bench, what, unattended(), (session) =>
      putBackFiles({ engine, engineId, session }, { files, path, target, replace }, operation),
    );
  };

  it('brings a folder that was deleted back into its volume, entry by entry', async () => {
    const before = factsOf(join(folder, 'db'));
    rmSync(join(folder, 'db'), { recursive: true });
    const { left } = await putBack('db', { kind: 'volume', name, folder: '/' });
    assert.deepEqual(factsOf(join(folder, 'db')), before);
    assert.deepEqual(left, []);
    assert.equal(readFileSync(join(folder, 'beside'), 'utf8'), 'beside');
  });

  it('overwrites only when told, keeps other files, and makes no file of a folder', async () => {
    writeFileSync(join(folder, 'db', 'plain'), 'changed since');
    writeFileSync(join(folder, 'db', 'newer'), 'newer');
    const target = { kind: 'volume', name, folder: '/' } as const;
    assert.equal((await failureOf(putBack('db', target))).code, 'fileExists');
    assert.equal(readFileSync(join(folder, 'db', 'plain'), 'utf8'), 'changed since');
    await putBack('db/z-dir', { ...target, folder: '/db' }, true);
    await putBack('db', target, true);
    assert.equal(readFileSync(join(folder, 'db', 'plain'), 'utf8'), 'plain a\n');
    assert.equal(readFileSync(join(folder, 'db', 'newer'), 'utf8'), 'newer');
    rmSync(join(folder, 'db', 'plain'));
    mkdirSync(join(folder, 'db', 'plain'));
    writeFileSync(join(folder, 'db', 'plain', 'precious'), '');
    assert.equal((await failureOf(putBack('db', target, true))).code, 'fileExists');
    assert.ok(existsSync(join(folder, 'db', 'plain', 'precious')));
  });

  it('brings files into a container that never ran, through its mounts', async () => {
    const container = bench.name('target');
    const image = await bench.engine.images.importRootfs(
      (async function* () {
        yield await Promise.resolve(Buffer.alloc(1024));
      })(),
      { name: `${container}:1` },
    );
    await bench.engine.containers.create({
      name: container,
      body: {
        Image: image,
        Cmd: ['x'],
        Labels: { [testLabel]: '1' },
        HostConfig: { NetworkMode: 'none', Mounts: [{ Type: 'volume', Source: name, Target: '/data' }] },
      },
    });
    try {
      const before = factsOf(join(folder, 'db'));
      rmSync(join(folder, 'db'), { recursive: true });
      await putBack('db', { kind: 'container', name: container, folder: '/data' });
      assert.deepEqual(factsOf(join(folder, 'db')), before);
      const nowhere = putBack('beside', { kind: 'container', name: container, folder: '/nowhere' });
      assert.equal((await failureOf(nowhere)).code, 'pathMissing');
    } finally {
      await bench.engine.containers.remove(container, { force: true });
      await bench.engine.images.remove(image, { force: true });
    }
  });

  it('tells no success when it is cut off, keeps other files, and can be done again', async () => {
    const before = factsOf(join(folder, 'db'));
    const target = { kind: 'volume', name, folder: '/' } as const;
    const { containers } = bench.engine;
    for (const cutAfter of [0, 5000, 3_000_000]) {
      rmSync(join(folder, 'db'), { recursive: true });
      mkdirSync(join(folder, 'db'));
      writeFileSync(join(folder, 'db', 'newer'), 'newer');
      const writeArchive: Engine['containers']['writeArchive'] = (ref, path, tar, options) =>
        containers.writeArchive(ref, path, cutOff(tar, cutAfter), options);
      const cut = { ...bench.engine, containers: { ...containers, writeArchive } };
      assert.equal((await failureOf(putBack('db', target, true, cut))).code, 'uploadCut');
      assert.deepEqual(await bench.leftovers(), []);
      assert.equal(readFileSync(join(folder, 'db', 'newer'), 'utf8'), 'newer');
      await putBack('db', target, true);
      rmSync(join(folder, 'db', 'newer'));
      utimesSync(join(folder, 'db'), mtimeIn(before, '.'), mtimeIn(before, '.'));
      assert.deepEqual(factsOf(join(folder, 'db')), before);
    }
  });

  it('leaves no helper behind when the engine goes away after the files were sent', async () => {
    const gone = (): never => {
      throw failure('engineUnreachable', { endpoint: bench.engine.endpoint });
    };
    let isGone = false;
    const engine = watchedEngine(bench.engine, {
      before: () => {
        if (isGone) gone();
      },
      after: (call) => {
        isGone ||= call === 'containers.writeArchive';
        if (isGone) gone();
      },
    });
    const target = { kind: 'volume', name, folder: '/' } as const;
    assert.equal((await failureOf(putBack('db', target, true, engine))).code, 'uploadCut');
    for (const { left } of await recoverVault(bench)) assert.deepEqual(left, []);
  });

  it('says that files are there when it is cancelled while they are compared', async () => {
    rmSync(join(folder, 'db'), { recursive: true });
    let isSent = false;
    const engine = watchedEngine(bench.engine, {
      after: (call) => void (isSent ||= call === 'containers.writeArchive'),
    });
    const operation = cancelledWhen(({ phase }) => isSent && phase === 'checking');
    const work = putBack('db', { kind: 'volume', name, folder: '/' }, false, engine, operation);
    assert.equal((await failureOf(work)).code, 'uploadCut');
    assert.ok(existsSync(join(folder, 'db/plain')));
  });

  const changes: Readonly<Record<string, (path: string) => void>> = {
    data: (path) => {
      writeFileSync(join(path, 'plain'), 'plain b\n');
    },
    mode: (path) => {
      chmodSync(join(path, 'setuid'), 0o755);
    },
    capability: (path) => {
      execFileSync('setcap', ['-r', join(path, 'capable')]);
    },
    device: (path) => {
      rmSync(join(path, 'char'));
      execFileSync('mknod', ['-m', '600', join(path, 'char'), 'c', '1', '5']);
    },
    missing: (path) => {
      rmSync(join(path, 'z-dir', 'owned'));
    },
  };
  for (const [what, change] of Object.entries(changes))
    it(`tells no success when the engine has made something else of it (${what})`, async () => {
      rmSync(join(folder, 'db'), { recursive: true });
      const engine = watchedEngine(bench.engine, {
        after: (call) => {
          if (call !== 'containers.writeArchive') return;
          // A folder's time would tell of it first.
          const folders = [join(folder, 'db'), join(folder, 'db', 'z-dir')];
          const times = folders.map((one) => statSync(one).mtime);
          change(join(folder, 'db'));
          for (const [place, time] of times.entries()) utimesSync(folders[place] ?? '', time, time);
        },
      });
      const error = await failureOf(putBack('db', { kind: 'volume', name, folder: '/' }, false, engine));
      assert.equal(error.code, 'putBackDiffers');
      assert.match(error.message, new RegExp(what));
    });
});

/** The first bytes of a stream, and then a failure. */
async function* cutOff(bytes: AsyncIterable<Uint8Array>, after: number): AsyncGenerator<Uint8Array> {
  let left = after;
  for await (const piece of bytes) {
    yield piece.subarray(0, left);
    left -= piece.length;
    if (left <= 0) throw failure('streamCut', { call: 'put back', bytes: after });
  }
}

function mtimeIn(facts: Readonly<Record<string, string>>, path: string): number {
  return Number(/mtime (\d+)/.exec(facts[path] ?? '')?.[1]);
}
