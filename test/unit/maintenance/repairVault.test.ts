import assert from 'node:assert/strict';
import { chmod, cp, readFile, readdir, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { annotateSnapshots } from '../../../src/core/maintenance/annotateSnapshots.ts';
import { copySnapshots } from '../../../src/core/maintenance/copySnapshots.ts';
import { isNothingWrong, planRepair } from '../../../src/core/maintenance/planRepair.ts';
import { pruneVault } from '../../../src/core/maintenance/pruneVault.ts';
import { repairVault, type RepairResult } from '../../../src/core/maintenance/repairVault.ts';
import { verifyVault } from '../../../src/core/maintenance/verifyVault.ts';
import { hexOf } from '../../../src/core/digest.ts';
import { unattended } from '../../../src/core/progress.ts';
import { openSnapshot, readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { putDocument } from '../../../src/core/vault/blobStore.ts';
import { createVault, openVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess, type ProcessIdentity } from '../../../src/core/vault/processIdentity.ts';
import { blobPath } from '../../../src/core/vault/vaultPaths.ts';
import { runCliHere } from '../cli/runCliHere.ts';
import { blobsIn, keep } from '../../support/keptVault.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const operation = unattended();

describe('repairing a vault', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let vault: Vault;
  let from: Vault;
  let owner: ProcessIdentity;
  beforeEach(async () => {
    vault = await createVault({ path: join(folder.path(), 'vault'), compression: 'zstd' });
    from = await createVault({ path: join(folder.path(), 'from'), compression: 'zstd' });
    owner = await currentProcess();
  });
  const repair = (change: { from?: Vault; isDropping?: boolean } = {}): Promise<RepairResult> =>
    repairVault(
      { vault, owner, ...(change.from && { from: change.from }) },
      { isDropping: change.isDropping ?? false },
      operation,
    );
  async function harm(path: string): Promise<void> {
    const bytes = await readFile(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await chmod(path, 0o644);
    await writeFile(path, bytes);
  }
  const problems = async (): Promise<number> =>
    (await verifyVault({ vault, owner }, { depth: 'contents' }, operation)).problems.length;

  it('has nothing to do for a whole one', async () => {
    await keep(vault, { name: 'a' });
    assert.ok(isNothingWrong(await planRepair({ vault }, operation)));
    const before = await readFile(vault.paths.index);
    const { problems: left, ...done } = await repair();
    assert.deepEqual([left, done.isIndexNew, done.fetched, done.dropped], [[], false, [], []]);
    assert.equal((await readSnapshots(vault)).length, 1);
    assert.ok(before.length > 0);
  });

  it('brings back every blob from another vault, whatever was lost of it', async () => {
    const { id } = await keep(vault, { name: 'a' });
    await keep(vault, { name: 'app:1', kind: 'image' });
    const ids = (await readSnapshots(vault)).map((one) => one.id);
    await copySnapshots({ from: vault, to: from, owner }, { ids }, operation);
    const all = await blobsIn(vault.blobs);
    for (const { digest } of all) await unlink(blobPath(vault.paths, digest));
    const plan = await planRepair({ vault, from }, operation);
    // Only the snapshots' own documents are known to be missing: what they name comes to light later.
    assert.deepEqual([...plan.fetched].sort(), [...ids].sort());
    const { fetched, problems: left } = await repair({ from });
    assert.deepEqual([...fetched].sort(), all.map(({ digest }) => digest).sort());
    assert.deepEqual(left, []);
    assert.equal(await problems(), 0);
    for (const { digest } of all) await harm(blobPath(vault.paths, digest));
    assert.equal((await repair({ from })).fetched.length, all.length);
    assert.equal(await problems(), 0);
    assert.ok((await readSnapshots(vault)).some((one) => one.id === id && one.damaged === undefined));
  });

  it('does not take a copy that is damaged as well', async () => {
    const { id } = await keep(vault, { name: 'a' });
    await copySnapshots({ from: vault, to: from, owner }, { ids: [id] }, operation);
    const [blob] = (await blobsIn(vault.blobs)).filter(({ digest }) => digest !== id);
    assert.ok(blob);
    for (const { paths } of [vault, from]) await harm(blobPath(paths, blob.digest));
    const bad = await readFile(blobPath(vault.paths, blob.digest));
    const plan = await planRepair({ vault, from }, operation);
    assert.deepEqual([plan.fetched, plan.setAside], [[], [blob.digest]]);
    assert.deepEqual(
      plan.damaged.map((one) => one.id),
      [id],
    );
    const { setAside, problems: left } = await repair({ from });
    assert.deepEqual(setAside, [blob.digest]);
    assert.deepEqual(
      left.map(({ snapshots }) => snapshots),
      [[id]],
    );
    // Its bytes are kept, and a backup can store them anew.
    const aside = join(vault.paths.root, 'drydock', 'damaged', hexOf(blob.digest));
    assert.deepEqual(await readFile(aside), bad);
    assert.ok((await readSnapshots(vault))[0]?.damaged);
    await keep(vault, { name: 'a', createdMs: 1_000 });
    assert.equal(await problems(), 0);
  });

  it('removes damaged snapshots only when asked, and no pinned one', async () => {
    const first = await keep(vault, { name: 'a' });
    const pinned = await keep(vault, { name: 'b' });
    const sound = await keep(vault, { name: 'c' });
    await annotateSnapshots({ vault, owner }, { ids: [pinned.id], change: { isPinned: true } });
    for (const { id } of [first, pinned]) await harm(blobPath(vault.paths, id));
    await repair();
    assert.equal((await readSnapshots(vault)).length, 3);
    const { dropped } = await repair({ isDropping: true });
    assert.deepEqual(
      dropped.map(({ id }) => id),
      [first.id],
    );
    assert.deepEqual((await readSnapshots(vault)).map(({ id }) => id).sort(), [pinned.id, sound.id].sort());
  });

  it('makes a new index.json of the snapshots in the blobs when the old one can’t be read', async () => {
    const volume = await keep(vault, { name: 'data', tags: ['t'], createdMs: 1_000 });
    const image = await keep(vault, { name: 'app:1', kind: 'image' });
    await writeFile(vault.paths.index, '{"schemaVersion":2,"manifests":[{');
    const plan = await planRepair({ vault }, operation);
    assert.match(plan.brokenIndex ?? '', /./);
    assert.equal(plan.relisted.length, 2);
    const { isIndexNew, problems: left } = await repair();
    assert.deepEqual([isIndexNew, left], [true, []]);
    const found = await readSnapshots(vault);
    assert.deepEqual(
      found.map(({ id, refName, source, createdMs, tags }) => ({ id, refName, source, createdMs, tags })),
      [image, volume].map(({ id, refName, source, createdMs, tags }) => ({
        id,
        refName,
        source,
        createdMs,
        tags: [...tags, 'recovered'],
      })),
    );
    // Marks of a verification are made anew.
    assert.ok(found.every(({ verified, unreadable }) => verified?.depth === 'digests' && !unreadable));
    assert.equal((await readdir(join(vault.paths.root, 'drydock', 'damaged'))).length, 1);
    assert.equal(await problems(), 0);
    const { removed } = await pruneVault({ vault, owner }, { graceMs: 0, isDryRun: false }, operation);
    assert.equal(removed.blobs, 0);
  });

  it('lists a snapshot again whose own document is damaged too, where another vault has a good copy', async () => {
    const { id } = await keep(vault, { name: 'data' });
    await copySnapshots({ from: vault, to: from, owner }, { ids: [id] }, operation);
    await harm(blobPath(vault.paths, id));
    await writeFile(vault.paths.index, '{"schemaVersion":2,"manifests":[{');
    const plan = await planRepair({ vault, from }, operation);
    assert.deepEqual(
      plan.relisted.map((snapshot) => snapshot.id),
      [id],
    );
    const { relisted, fetched, problems: left } = await repair({ from });
    assert.deepEqual([relisted, fetched, left], [[id], [id], []]);
    assert.deepEqual(
      (await readSnapshots(vault)).map((snapshot) => [snapshot.id, snapshot.source.name]),
      [[id, 'data']],
    );
    assert.equal(await problems(), 0);
  });

  it('mends entries that were changed, or that name nothing any more', async () => {
    const snapshot = await keep(vault, { name: 'a' });
    const text = await readFile(vault.paths.index, 'utf8');
    const changes = [
      ['"dev.drydock.source":"a"', '"dev.drydock.source":"b"'],
      ['drydock.snapshot.v1', 'drydock.snapshut.v1'],
      [`"digest":"${snapshot.id}"`, `"digest":"${snapshot.id.slice(0, -1)}g"`],
      [`"size":${snapshot.sizeBytes}`, `"size":${snapshot.sizeBytes + 1}`],
    ] as const;
    for (const [before, after] of changes) {
      assert.ok(text.includes(before), before);
      await writeFile(vault.paths.index, text.replace(before, after));
      assert.ok((await problems()) > 0, after);
      assert.ok(!isNothingWrong(await planRepair({ vault }, operation)));
      assert.deepEqual((await repair()).problems, [], after);
      assert.equal(await problems(), 0, after);
      assert.deepEqual(
        (await readSnapshots(vault)).map(({ id }) => id),
        [snapshot.id],
        after,
      );
    }
  });

  it('touches no whole blob of which somebody states another size', async () => {
    const snapshot = await keep(vault, { name: 'app:1', kind: 'image' });
    await cp(vault.paths.root, join(folder.path(), 'copy'), { recursive: true });
    const copy = await openVault({ path: join(folder.path(), 'copy'), access: 'read' });
    const [image] = (await openSnapshot(vault, snapshot)).images;
    assert.ok(image);
    const index = JSON.parse(await readFile(vault.paths.index, 'utf8')) as { manifests: unknown[] };
    index.manifests.push({ ...image.target, size: image.target.size + 1, annotations: {} });
    await writeFile(vault.paths.index, JSON.stringify(index));
    const before = await blobsIn(vault.blobs);
    for (const other of [undefined, copy]) {
      const plan = await planRepair({ vault, ...(other && { from: other }) }, operation);
      assert.deepEqual([plan.fetched, plan.setAside, plan.lost.length], [[], [], 1]);
      const done = await repair({ ...(other && { from: other }) });
      assert.deepEqual([done.fetched, done.setAside, done.problems.length], [[], [], 1]);
      assert.deepEqual(await blobsIn(vault.blobs), before);
    }
  });

  it('refuses to take good copies from itself, by whatever name', async () => {
    const link = join(folder.path(), 'link');
    await symlink(vault.paths.root, link);
    const same = await openVault({ path: link, access: 'read' });
    await assert.rejects(repair({ from: same }), { code: 'vaultsAreSame' });
  });

  it('puts a damaged blob that nothing reaches out of the way', async () => {
    const { digest } = await putDocument(vault.blobs, 'nothing reaches this');
    await harm(blobPath(vault.paths, digest));
    const { setAside, problems: left } = await repair();
    assert.deepEqual([setAside, left], [[digest], []]);
    assert.equal(await problems(), 0);
  });

  it('is shown first on the command line, and done with --yes', async () => {
    const { id, refName } = await keep(vault, { name: 'a' });
    await cp(vault.paths.root, join(folder.path(), 'copy'), { recursive: true });
    await harm(blobPath(vault.paths, id));
    const argv = ['repair', '--vault', vault.paths.root, '--from', join(folder.path(), 'copy')];
    const plan = await runCliHere(argv);
    assert.equal(plan.exitCode, 1);
    assert.ok(plan.stdout.startsWith(`Would fetch a good copy: ${id}\n`));
    assert.match(`${plan.stdout}${plan.stderr}`, /Nothing was changed; add --yes to do this/);
    assert.equal(await problems(), 1);
    const lost = await runCliHere(argv.slice(0, 3));
    assert.match(lost.stdout, new RegExp(`Lost: wrongDigest: ${id}: .* hurts ${refName}\n`));
    const done = await runCliHere([...argv, '--yes']);
    assert.equal(done.exitCode, 0);
    assert.match(done.stdout, /^Fetched a good copy: /);
    assert.equal((await runCliHere(argv)).stdout, 'Nothing is wrong\n');
  });
});
