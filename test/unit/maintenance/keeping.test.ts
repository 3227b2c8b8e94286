import assert from 'node:assert/strict';
import { readFile, readdir, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { annotateSnapshots } from '../../../src/core/maintenance/annotateSnapshots.ts';
import { forgetSnapshots } from '../../../src/core/maintenance/forgetSnapshots.ts';
import { pruneVault } from '../../../src/core/maintenance/pruneVault.ts';
import { digestOf } from '../../../src/core/digest.ts';
import { unattended } from '../../../src/core/progress.ts';
import { openSnapshot, readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { putDocument } from '../../../src/core/vault/blobStore.ts';
import { createVault, type Vault } from '../../../src/core/vault/layout.ts';
import { acquireLock } from '../../../src/core/vault/locks.ts';
import { currentProcess, type ProcessIdentity } from '../../../src/core/vault/processIdentity.ts';
import { updateSnapshotIndex } from '../../../src/core/vault/updateIndex.ts';
import { newEntry } from '../../../src/core/vault/snapshotIndex.ts';
import { blobPath } from '../../../src/core/vault/vaultPaths.ts';
import { blobsIn, keep } from '../../support/keptVault.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const operation = unattended();

describe('snapshots that are kept', function () {
  this.timeout(30_000);
  const folder = temporaryFolder();
  let vault: Vault;
  let deps: { readonly vault: Vault; readonly owner: ProcessIdentity };
  beforeEach(async () => {
    vault = await createVault({ path: folder.path(), compression: 'zstd' });
    deps = { vault, owner: await currentProcess() };
  });
  const names = async (): Promise<readonly string[]> =>
    (await readSnapshots(vault)).map(({ source }) => source.name).sort();
  const prune = (graceMs = 0, isDryRun = false): ReturnType<typeof pruneVault> =>
    pruneVault(deps, { graceMs, isDryRun }, operation);

  it('are pinned, tagged and marked, and say nothing else anew', async () => {
    const [first, other] = [await keep(vault, { name: 'a', tags: ['x'] }), await keep(vault, { name: 'b' })];
    const change = {
      isPinned: true,
      addTags: ['y', 'x'],
      damaged: { atMs: 5_000, reason: 'a blob is missing' },
    };
    const [changed] = await annotateSnapshots(deps, { ids: [first.id], change });
    const { isPinned, damaged } = change;
    assert.deepEqual(changed, { ...first, isPinned, damaged, tags: ['x', 'y'] });
    const back = { isPinned: false, removeTags: ['y'], damaged: 'none' as const };
    await annotateSnapshots(deps, { ids: [first.id], change: back });
    assert.deepEqual(
      (await readSnapshots(vault)).find(({ id }) => id === first.id),
      first,
    );
    assert.deepEqual(
      (await readSnapshots(vault)).find(({ id }) => id === other.id),
      other,
    );
    assert.deepEqual(await readdir(vault.paths.locks), []);
  });

  it('are marked damaged even when their own document is gone', async () => {
    const { id } = await keep(vault, { name: 'a' });
    await unlink(blobPath(vault.paths, id));
    const [marked] = await annotateSnapshots(deps, {
      ids: [id],
      change: { damaged: { atMs: 1_000, reason: 'lost' } },
    });
    assert.deepEqual(marked?.damaged, { atMs: 1_000, reason: 'lost' });
  });

  it('keep what can’t be read in them as it stands', async () => {
    const { id } = await keep(vault, { name: 'a' });
    const text = await readFile(vault.paths.index, 'utf8');
    await writeFile(vault.paths.index, text.replace(/"dev\.drydock\.size":"\d+"/, '"dev.drydock.size":"??"'));
    await annotateSnapshots(deps, { ids: [id], change: { isPinned: true } });
    assert.match(await readFile(vault.paths.index, 'utf8'), /"dev\.drydock\.size":"\?\?"/);
    assert.deepEqual(
      (await readSnapshots(vault)).map(({ isPinned }) => isPinned),
      [true],
    );
  });

  it('are not changed when one of them is gone', async () => {
    const { id } = await keep(vault, { name: 'a' });
    const before = await readFile(vault.paths.index, 'utf8');
    const ids = [id, digestOf('none')];
    await assert.rejects(annotateSnapshots(deps, { ids, change: { isPinned: true } }), {
      code: 'snapshotGone',
    });
    await assert.rejects(forgetSnapshots(deps, { ids }), { code: 'snapshotGone' });
    assert.equal(await readFile(vault.paths.index, 'utf8'), before);
  });

  it('are forgotten without a blob being touched, unless they are pinned', async () => {
    const [first, second] = [await keep(vault, { name: 'a' }), await keep(vault, { name: 'b' })];
    const before = await blobsIn(vault.blobs);
    await annotateSnapshots(deps, { ids: [second.id], change: { isPinned: true } });
    await assert.rejects(forgetSnapshots(deps, { ids: [first.id, second.id] }), { code: 'snapshotPinned' });
    assert.deepEqual(await names(), ['a', 'b']);
    const forgotten = await forgetSnapshots(deps, { ids: [first.id] });
    assert.deepEqual(
      forgotten.map(({ id }) => id),
      [first.id],
    );
    assert.deepEqual(await names(), ['b']);
    assert.deepEqual(await blobsIn(vault.blobs), before);
  });

  it('are not forgotten when one for whose sake they may go is gone or damaged by now', async () => {
    const [first, second] = [await keep(vault, { name: 'a' }), await keep(vault, { name: 'b' })];
    const damaged = { atMs: 5_000, reason: 'a blob is missing' };
    await annotateSnapshots(deps, { ids: [second.id], change: { damaged } });
    const input = { ids: [first.id], kept: [second] };
    await assert.rejects(forgetSnapshots(deps, input), { code: 'keptDamaged' });
    await forgetSnapshots(deps, { ids: [second.id] });
    await assert.rejects(forgetSnapshots(deps, input), { code: 'snapshotGone' });
    assert.deepEqual(await names(), ['a']);
  });

  it('keep every blob that they need when the vault is pruned', async () => {
    const shared = { data: 'shared by both' };
    const gone = await keep(vault, { name: 'a', files: shared });
    const left = await keep(vault, { name: 'b', files: shared });
    await keep(vault, { name: 'app:1', kind: 'image', files: { other: 'x' } });
    await forgetSnapshots(deps, { ids: [gone.id] });
    await writeFile(join(vault.paths.partial, 'x.partial'), 'left by somebody');
    const before = await blobsIn(vault.blobs);

    const preview = await prune(0, true);
    assert.deepEqual(await blobsIn(vault.blobs), before);
    // Its index, the volume's manifest and the volume's document; the layer is shared.
    assert.equal(preview.removed.blobs, 3);
    assert.deepEqual(await prune(), preview);
    assert.equal(preview.partials, 1);
    assert.equal((await blobsIn(vault.blobs)).length, before.length - 3);
    assert.equal(preview.kept.blobs, before.length - 3);
    for (const snapshot of await readSnapshots(vault)) await openSnapshot(vault, snapshot);
    assert.ok((await readSnapshots(vault)).some(({ id }) => id === left.id));
    assert.deepEqual(await readdir(vault.paths.partial), []);
  });

  it('leave young blobs to whoever tries again', async () => {
    const { id } = await keep(vault, { name: 'a' });
    await forgetSnapshots(deps, { ids: [id] });
    const [first] = await blobsIn(vault.blobs);
    assert.ok(first);
    const longAgo = new Date(Date.now() - 7_200_000);
    await utimes(blobPath(vault.paths, first.digest), longAgo, longAgo);
    const { removed, young } = await prune(3_600_000);
    assert.deepEqual(removed, { blobs: 1, bytes: first.sizeBytes });
    assert.equal(young.blobs, (await blobsIn(vault.blobs)).length);
  });

  it('keep what other tools listed', async () => {
    const config = await putDocument(vault.blobs, '{"architecture":"amd64"}');
    const manifest = await putDocument(
      vault.blobs,
      JSON.stringify({
        schemaVersion: 2,
        config: { digest: config.digest, size: config.sizeBytes },
        layers: [],
      }),
    );
    const entry = newEntry({
      ...manifest,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      annotations: {},
    });
    await updateSnapshotIndex(deps, (entries) => [...entries, entry]);
    assert.equal((await prune()).removed.blobs, 0);
  });

  const harms: readonly (readonly [string, (root: string) => Promise<void>])[] = [
    [
      'index.json is no JSON',
      (root) => writeFile(join(root, 'index.json'), '{"schemaVersion":2,"manifests":['),
    ],
    [
      'the list of entries is no longer found',
      async (root) => {
        const path = join(root, 'index.json');
        await writeFile(path, (await readFile(path, 'utf8')).replace('"manifests"', '"manifestr"'));
      },
    ],
    [
      'an entry lost its digest',
      async (root) => {
        const path = join(root, 'index.json');
        await writeFile(path, (await readFile(path, 'utf8')).replace('"digest"', '"digesu"'));
      },
    ],
    [
      'an entry is no longer marked as a snapshot',
      async (root) => {
        const path = join(root, 'index.json');
        const text = await readFile(path, 'utf8');
        await writeFile(
          path,
          text.replace('drydock.snapshot', 'drydock.snapshut').replace(/,"annotations":\{[^}]*\}/, ''),
        );
      },
    ],
    [
      'an entry was changed',
      async (root) => {
        const path = join(root, 'index.json');
        await writeFile(path, (await readFile(path, 'utf8')).replace('engine-1', 'engine-2'));
      },
    ],
  ];
  for (const [name, harm] of harms)
    it(`lose nothing to prune when ${name}`, async () => {
      await keep(vault, { name: 'a' });
      const before = await blobsIn(vault.blobs);
      await harm(vault.paths.root);
      await assert.rejects(prune(), { code: 'pruneUnsure' });
      assert.deepEqual(await blobsIn(vault.blobs), before);
    });

  it('lose nothing to prune when any of their documents is missing or damaged', async () => {
    const { id } = await keep(vault, { name: 'app:1', kind: 'image' });
    const [manifest] = (await openSnapshot(vault, (await readSnapshots(vault))[0] ?? assert.fail())).images;
    assert.ok(manifest);
    for (const digest of [id, manifest.target.digest]) {
      const path = blobPath(vault.paths, digest);
      const bytes = await readFile(path);
      const before = await blobsIn(vault.blobs);
      for (const bad of [bytes.subarray(1), undefined]) {
        await unlink(path);
        if (bad) await writeFile(path, bad);
        await assert.rejects(prune(), { code: 'pruneUnsure' });
      }
      await writeFile(path, bytes);
      assert.deepEqual(await blobsIn(vault.blobs), before);
    }
    assert.equal((await prune()).removed.blobs, 0);
  });

  it('are safe from prune while anybody writes', async () => {
    const held = await acquireLock(
      { paths: vault.paths, owner: deps.owner },
      { scope: 'vault', mode: 'shared', waitMs: 0 },
    );
    const controller = new AbortController();
    const waiting = pruneVault(
      deps,
      { graceMs: 0, isDryRun: false },
      { signal: controller.signal, progress: { report: () => assert.fail('it began') } },
    );
    await putDocument(vault.blobs, 'not yet named by anything');
    controller.abort();
    await assert.rejects(waiting, { name: 'AbortError' });
    assert.equal((await blobsIn(vault.blobs)).length, 1);
    await held.release();
    assert.deepEqual(await readdir(vault.paths.locks), []);
  });
});
