import assert from 'node:assert/strict';
import { cp, readFile, readdir, writeFile, chmod, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { annotateSnapshots } from '../../../src/core/maintenance/annotateSnapshots.ts';
import { copySnapshots } from '../../../src/core/maintenance/copySnapshots.ts';
import { forgetSnapshots } from '../../../src/core/maintenance/forgetSnapshots.ts';
import { vaultStats } from '../../../src/core/maintenance/vaultStats.ts';
import { verifyVault } from '../../../src/core/maintenance/verifyVault.ts';
import { unattended } from '../../../src/core/progress.ts';
import { readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { createVault, openVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess, type ProcessIdentity } from '../../../src/core/vault/processIdentity.ts';
import { blobPath } from '../../../src/core/vault/vaultPaths.ts';
import { blobsIn, keep } from '../../support/keptVault.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const operation = unattended();

describe('copying snapshots', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let from: Vault;
  let to: Vault;
  let owner: ProcessIdentity;
  beforeEach(async () => {
    from = await createVault({ path: join(folder.path(), 'from'), compression: 'zstd' });
    to = await createVault({ path: join(folder.path(), 'to'), compression: 'gzip' });
    owner = await currentProcess();
  });

  it('brings them whole, under their IDs, and only what the other vault lacks', async () => {
    const first = await keep(from, { name: 'a', files: { x: 'shared' }, tags: ['t'] });
    const second = await keep(from, { name: 'b', files: { x: 'shared' } });
    const image = await keep(from, { name: 'app:1', kind: 'image' });
    await annotateSnapshots({ vault: from, owner }, { ids: [first.id], change: { isPinned: true } });
    const one = await copySnapshots({ from, to, owner }, { ids: [first.id] }, operation);
    const ids = [first.id, second.id, image.id];
    const rest = await copySnapshots({ from, to, owner }, { ids }, operation);
    assert.deepEqual(
      rest.map(({ wasThere, copied }) => [wasThere, copied.blobs]),
      // Of the second its index, the volume's manifest and the volume's document: the layer is shared.
      [
        [true, 0],
        [false, 3],
        [false, (await blobsIn(from.blobs)).length - 3 - (one[0]?.copied.blobs ?? 0)],
      ],
    );
    assert.deepEqual(await blobsIn(to.blobs), await blobsIn(from.blobs));
    const there = await readSnapshots(to);
    assert.deepEqual(there.map(({ id }) => id).sort(), [...ids].sort());
    const copy = there.find(({ id }) => id === first.id);
    assert.deepEqual([copy?.tags, copy?.isPinned, copy?.refName], [['t'], true, first.refName]);
    const { problems } = await verifyVault({ vault: to, owner }, { depth: 'contents' }, operation);
    assert.deepEqual(problems, []);
    assert.deepEqual(await readdir(to.paths.journal), []);
  });

  it('stops at what is damaged, names the vault, and lists nothing', async () => {
    const { id } = await keep(from, { name: 'a' });
    for (const [place, { digest }] of (await blobsIn(from.blobs)).entries()) {
      // A new one each time: what a try before has brought over need not be read again.
      to = await createVault({ path: join(folder.path(), `to-${place}`), compression: 'zstd' });
      const path = blobPath(from.paths, digest);
      const bytes = await readFile(path);
      const bad = Buffer.from(bytes);
      bad[bad.length >> 1] = (bad[bad.length >> 1] ?? 0) ^ 1;
      await chmod(path, 0o644);
      await writeFile(path, bad);
      await assert.rejects(copySnapshots({ from, to, owner }, { ids: [id] }, operation), (error: Error) =>
        error.message.includes(from.paths.root),
      );
      to = await createVault({ path: join(folder.path(), `to-${place}-again`), compression: 'zstd' });
      await unlink(path);
      await assert.rejects(copySnapshots({ from, to, owner }, { ids: [id] }, operation), {
        code: 'blobMissing',
      });
      await writeFile(path, bytes);
      assert.deepEqual(await readSnapshots(to), []);
      assert.deepEqual(await readdir(to.paths.partial), []);
    }
  });

  it('notices damage in the other vault of what it would rely on there', async () => {
    const { id } = await keep(from, { name: 'a' });
    await cp(from.paths.blobs, to.paths.blobs, { recursive: true });
    const [blob] = await blobsIn(to.blobs);
    assert.ok(blob);
    const path = blobPath(to.paths, blob.digest);
    await chmod(path, 0o644);
    await writeFile(path, Buffer.alloc(blob.sizeBytes));
    await assert.rejects(copySnapshots({ from, to, owner }, { ids: [id] }, operation), (error: Error) =>
      error.message.includes(to.paths.root),
    );
    // One of another size can't be whole, so it is replaced.
    await writeFile(path, 'x');
    await copySnapshots({ from, to, owner }, { ids: [id] }, operation);
    assert.deepEqual(
      (await verifyVault({ vault: to, owner }, { depth: 'contents' }, operation)).problems,
      [],
    );
  });

  it('refuses the same vault, a changed entry and what is not listed', async () => {
    const { id } = await keep(from, { name: 'a' });
    const same = await openVault({ path: from.paths.root, access: 'write' });
    await assert.rejects(copySnapshots({ from, to: same, owner }, { ids: [id] }, operation), {
      code: 'vaultsAreSame',
    });
    const text = await readFile(from.paths.index, 'utf8');
    await writeFile(from.paths.index, text.replace('engine-1', 'engine-2'));
    await assert.rejects(copySnapshots({ from, to, owner }, { ids: [id] }, operation), {
      code: 'entryChanged',
    });
    await writeFile(from.paths.index, text);
    await forgetSnapshots({ vault: from, owner }, { ids: [id] });
    await assert.rejects(copySnapshots({ from, to, owner }, { ids: [id] }, operation), {
      code: 'snapshotGone',
    });
  });

  it('takes a free name where another snapshot has its own', async () => {
    const createdMs = 1_700_000_000_000;
    const { id } = await keep(from, { name: 'a', createdMs, files: { x: 'here' } });
    const other = await keep(to, { name: 'a', createdMs, files: { x: 'there' } });
    const [copy] = await copySnapshots({ from, to, owner }, { ids: [id] }, operation);
    assert.equal(copy?.snapshot.refName, `${other.refName}-2`);
    assert.equal((await readSnapshots(to)).length, 2);
  });

  it('can be counted afterwards', async () => {
    const first = await keep(from, { name: 'a', files: { x: 'shared' } });
    await keep(from, { name: 'a', files: { x: 'shared', y: 'z' }, createdMs: 1_000 });
    await keep(from, { name: 'app:1', kind: 'image', files: { x: 'shared' } });
    const all = await blobsIn(from.blobs);
    const before = await vaultStats(from);
    assert.deepEqual(
      before.kinds.map(({ kind, sources, snapshots }) => [kind, sources, snapshots]),
      [
        ['image', 1, 1],
        ['volume', 1, 2],
      ],
    );
    assert.equal(before.stored.blobs, all.length);
    assert.deepEqual(before.reclaimable, { blobs: 0, bytes: 0 });
    await forgetSnapshots({ vault: from, owner }, { ids: [first.id] });
    assert.equal((await vaultStats(from)).reclaimable.blobs, 3);
  });
});
