import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backupVolume } from '../../../src/core/backup/backupVolume.ts';
import { unattended } from '../../../src/core/progress.ts';
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
import { testLabel } from '../../support/engine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { factsOf, fillOddly } from '../../support/oddVolume.ts';
import { VolumeBench } from '../../support/volumeBench.ts';

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
  ): Promise<PutBackResult> => {
    const { engineId } = engineIdentity(await bench.engine.info());
    const what = { kind: 'put back', subject: path };
    return withVaultSession(bench, what, unattended(), (session) =>
      putBackFiles(
        { engine: bench.engine, engineId, session },
        { files, path, target, replace },
        unattended(),
      ),
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
});
