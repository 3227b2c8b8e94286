import assert from 'node:assert/strict';
import { writeFile, chmod, readFile } from 'node:fs/promises';
import {
  openSnapshotTree,
  pathInSnapshot,
  type SnapshotTree,
} from '../../../src/core/snapshotFiles/snapshotTree.ts';
import type { RootFiles } from '../../../src/core/snapshotFiles/rootFiles.ts';
import { openSnapshot, readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import type { Vault } from '../../../src/core/vault/layout.ts';
import { blobPath } from '../../../src/core/vault/vaultPaths.ts';
import { collect } from '../../support/archives/byteStreams.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';
import { vaultWithContainer } from '../../support/snapshotVault.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

describe('the files of a snapshot', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  let vault: Vault;
  let tree: SnapshotTree;
  const big = seededRandom(7)
    .bytes(9 << 20)
    .toString('latin1');

  beforeEach(async () => {
    ({ vault } = await vaultWithContainer(folder.path(), {
      base: [
        ['bin/'],
        ['bin/sh', 'shell'],
        ['etc/'],
        ['etc/conf', 'from the image'],
        ['lib', { type: 'symlink', linkPath: 'usr/lib' }],
        ['usr/lib/'],
        ['usr/lib/so', 'library'],
        ['up', { type: 'symlink', linkPath: '../../../etc' }],
        ['abs', { type: 'symlink', linkPath: '/etc/conf' }],
        ['round', { type: 'symlink', linkPath: 'about' }],
        ['about', { type: 'symlink', linkPath: 'round' }],
        ['dot', { type: 'symlink', linkPath: 'lib/../bin' }],
      ],
      writable: [
        ['etc/conf', 'changed'],
        ['bin/.wh.sh', ''],
      ],
      data: [
        ['v/'],
        ['v/db/'],
        ['v/db/rows', 'rows'],
        ['v/db/again', { type: 'hardlink', linkPath: 'v/db/rows' }],
        ['v/big', big],
      ],
    }));
    const [snapshot] = await readSnapshots(vault);
    assert.ok(snapshot);
    tree = openSnapshotTree(vault, await openSnapshot(vault, snapshot));
  });

  const rootOf = (name: string): RootFiles => {
    const found = tree.roots.find(({ root }) => root.name === name);
    assert.ok(found);
    return found;
  };
  const textOf = async (files: RootFiles, path: string): Promise<string> =>
    (await collect((await files.open(path)).bytes)).toString();

  it('are those of its containers, volumes and images, each under its name', () => {
    assert.deepEqual(
      tree.roots.map(({ root: { name, kind, mountedAt } }) => ({ name, kind, mountedAt })),
      [
        { name: 'web', kind: 'container', mountedAt: [] },
        { name: 'data', kind: 'volume', mountedAt: [{ container: 'web', target: '/data' }] },
        { name: 'app:1', kind: 'image', mountedAt: [] },
      ],
    );
  });

  it('are a container’s with its own changes, and its image’s without', async () => {
    assert.equal(await textOf(rootOf('web'), '/etc/conf'), 'changed');
    assert.equal(await textOf(rootOf('app:1'), 'etc/conf'), 'from the image');
    assert.equal(await rootOf('web').stat('/bin/sh'), undefined);
    assert.equal((await rootOf('app:1').stat('/bin/sh'))?.sizeBytes, 5);
  });

  for (const isListed of [false, true])
    it(`follow links within their root, ${isListed ? 'after' : 'before'} a folder was listed`, async () => {
      const files = rootOf('app:1');
      if (isListed) await files.list('/');
      assert.equal(await textOf(files, '/lib/so'), 'library');
      assert.equal(await textOf(files, '/up/conf'), 'from the image');
      assert.equal(await textOf(files, '/abs'), 'from the image');
      assert.equal((await files.stat('/lib/so'))?.path, 'usr/lib/so');
      assert.equal((await files.stat('/abs'))?.type, 'symlink');
      // What `lib` leads to is left again, not the folder that it lies in.
      assert.equal(await files.stat('/dot/sh'), undefined);
      assert.equal((await files.stat('/lib/../lib/so'))?.path, 'usr/lib/so');
      assert.equal((await files.stat('/../../etc'))?.path, 'etc');
      await assert.rejects(files.open('/round'), { code: 'pathUnreadable', message: /circle/ });
    });

  it('are listed by name, folder by folder', async () => {
    const names = (await rootOf('data').list('/db')).map(({ name, path, type, sizeBytes }) => ({
      name,
      path,
      type,
      sizeBytes,
    }));
    assert.deepEqual(names, [
      { name: 'again', path: 'db/again', type: 'file', sizeBytes: 4 },
      { name: 'rows', path: 'db/rows', type: 'file', sizeBytes: 4 },
    ]);
    assert.deepEqual((await rootOf('web').list('bin')).length, 0);
    await assert.rejects(rootOf('web').list('/etc/conf'), { code: 'pathIsNot' });
    await assert.rejects(rootOf('web').list('/nowhere'), { code: 'pathMissing' });
    await assert.rejects(rootOf('web').open('/etc'), { code: 'pathIsNot' });
    await assert.rejects(rootOf('web').open('/etc/conf/x'), { code: 'pathMissing' });
  });

  it('come whole from behind a hard link and across frames', async () => {
    assert.equal(await textOf(rootOf('data'), '/db/again'), 'rows');
    assert.ok((await textOf(rootOf('data'), '/big')) === big);
  });

  it('list again after a list that was cancelled', async () => {
    const cancelled = new AbortController();
    const first = rootOf('data').list('/', { signal: cancelled.signal });
    const second = rootOf('data').list('/');
    cancelled.abort();
    await assert.rejects(first, { name: 'AbortError' });
    assert.equal((await second).length, 2);
  });

  it('fail at their end when the vault has other bytes', async () => {
    const files = rootOf('data');
    const digest = files.root.strata[0]?.layers[0]?.index.digest;
    assert.ok(digest);
    const path = blobPath(vault.paths, digest);
    const bytes = await readFile(path);
    const at = bytes.length - 300_000;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    await chmod(path, 0o644);
    await writeFile(path, bytes);
    const { bytes: stream } = await files.open('/big');
    await assert.rejects(collect(stream), (error: { code: string }) =>
      ['blobDamaged', 'fileDamaged'].includes(error.code),
    );
  });

  it('are found by ROOT:PATH, and by PATH where that is clear', () => {
    const at = (text: string): string => {
      const { files, path } = pathInSnapshot(tree, text);
      return `${files.root.name} ${path}`;
    };
    assert.equal(at('/etc'), 'web /etc');
    assert.equal(at('etc'), 'web etc');
    assert.equal(at('data:/db'), 'data /db');
    assert.equal(at('data'), 'data ');
    assert.equal(at('app:1:/bin/sh'), 'app:1 /bin/sh');
    const images = { name: 's', roots: [rootOf('data'), rootOf('app:1')] };
    assert.throws(() => pathInSnapshot(images, '/x'), { code: 'rootUnclear' });
    assert.throws(() => pathInSnapshot(images, 'other:/x'), { code: 'rootMissing' });
  });
});
