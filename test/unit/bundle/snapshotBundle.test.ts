import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readArchiveAt } from '../../../src/core/archive/readArchiveAt.ts';
import { applySnapshots, type AppliedSnapshots } from '../../../src/core/bundle/applySnapshots.ts';
import { inventoryFrom } from '../../../src/core/bundle/bundleInventory.ts';
import type { MadeBundle } from '../../../src/core/bundle/bundleImages.ts';
import { bundleSnapshots, type BundleSnapshotsInput } from '../../../src/core/bundle/bundleSnapshots.ts';
import { inventoryBytes, vaultInventory } from '../../../src/core/bundle/inventory.ts';
import { planApply } from '../../../src/core/bundle/planApply.ts';
import { verifyVault } from '../../../src/core/maintenance/verifyVault.ts';
import { unattended } from '../../../src/core/progress.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import { openSnapshot, readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { createVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { cancelledWhen } from '../../support/cancelledWhen.ts';
import { failureOf } from '../../support/failureOf.ts';
import { LyingEngine } from '../../support/lyingEngine.ts';
import { pushedVaults, type PushedVault } from '../../support/pushedVault.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

describe('a bundle of snapshots', function () {
  this.timeout(30_000);
  const made = pushedVaults();
  const folder = temporaryFolder();
  const at = (name: string): string => join(folder.path(), name);
  let from: PushedVault;
  let to: Vault;

  beforeEach(async () => {
    from = await made.copy(at('from'));
    to = await createVault({ path: at('to'), compression: 'zstd' });
  });

  const make = (
    snapshots: readonly Snapshot[],
    more: Partial<BundleSnapshotsInput> = {},
  ): Promise<MadeBundle> =>
    bundleSnapshots(
      { vault: from.vault },
      { snapshots, path: at('b.tar'), replace: true, compression: 'none', nowMs: Date.now(), ...more },
      unattended(),
    );
  const apply = async (vault = to, operation = unattended()): Promise<AppliedSnapshots> =>
    applySnapshots({ vault, owner: await currentProcess() }, { path: at('b.tar') }, operation);

  it('brings every kind of snapshot into another vault, whole and under its ID', async () => {
    const all = [from.container, from.image, from.platforms, from.sparse];
    const bundle = await make(all, { partBytes: 1_000_000 });
    assert.ok(bundle.paths.length > 1);
    const { snapshots } = await apply();
    assert.deepEqual(
      snapshots.map(({ snapshot, wasThere }) => [snapshot.id, wasThere]),
      all.map(({ id }) => [id, false]),
    );
    const listed = await readSnapshots(to);
    for (const { id, refName, source, createdMs, tags } of all) {
      const found = listed.find((one) => one.id === id);
      assert.deepEqual(
        [found?.refName, found?.source, found?.createdMs, found?.tags],
        [refName, source, createdMs, tags],
      );
    }
    const verified = await verifyVault(
      { vault: to, owner: await currentProcess() },
      { depth: 'contents' },
      unattended(),
    );
    assert.deepEqual(verified.problems, []);
    const again = await apply();
    assert.deepEqual([again.stored.blobs, again.snapshots.every(({ wasThere }) => wasThere)], [0, true]);
  });

  it('lacks the data that the other vault has, by its inventory or by the last bundle', async () => {
    await make([from.container], { path: at('first.tar') });
    await writeFile(at('b.tar'), await readFile(at('first.tar')));
    await apply();
    await writeFile(at('to.json'), inventoryBytes(await vaultInventory(to, Date.now())));
    for (const about of [at('to.json'), at('first.tar')]) {
      const had = await inventoryFrom(about, unattended());
      const bundle = await make([from.container, from.image], { had });
      assert.ok(bundle.leftOut.length >= 4 && bundle.sizeBytes < 80_000, `${bundle.sizeBytes}`);
      assert.equal((await apply()).snapshots.length, 2);
      const empty = await createVault({ path: at(`empty-${about.length}`), compression: 'zstd' });
      const error = await failureOf(apply(empty));
      assert.equal(error.code, 'bundleLacks');
      const [first] = bundle.leftOut;
      assert.match(error.message, new RegExp(`the blobs .*${first?.digest.slice(7, 19) ?? '-'}`));
      assert.deepEqual(await readSnapshots(empty), []);
      assert.deepEqual(await readdir(join(empty.paths.root, 'blobs', 'sha256')), []);
    }
  });

  it('that is full is an archive of the images in it', async () => {
    await make([from.image, from.container]);
    const { archive } = await readArchiveAt(at('b.tar'), unattended());
    assert.equal(archive.form, 'docker-archive');
    const [image] = (await openSnapshot(from.vault, from.image)).images;
    const found = archive.images.find(
      ({ configDigest }) => configDigest === image?.manifests[0]?.config.digest,
    );
    assert.ok(image?.tags.every((tag) => found?.tags.includes(tag)));
  });

  it('goes into no engine', async () => {
    await make([from.image]);
    const plan = planApply({ engine: new LyingEngine() }, { path: at('b.tar') }, unattended());
    assert.equal((await failureOf(plan)).code, 'bundleHoldsSnapshots');
  });

  it('is not made of a vault that is damaged, and leaves nothing then', async () => {
    const blobs = join(from.vault.paths.root, 'blobs', 'sha256');
    const sizes = await Promise.all(
      (await readdir(blobs)).map(async (name) => ({ name, bytes: await readFile(join(blobs, name)) })),
    );
    const [largest] = sizes.sort((a, b) => b.bytes.length - a.bytes.length);
    assert.ok(largest);
    largest.bytes[1000] = (largest.bytes[1000] ?? 0) ^ 1;
    await writeFile(join(blobs, largest.name), largest.bytes);
    assert.equal((await failureOf(make([from.container]))).code, 'blobDamaged');
    assert.deepEqual((await readdir(folder.path())).sort(), ['from', 'to']);
  });

  it('has no name when it is killed while it is written or read back, and the next one sweeps what is left', async () => {
    const child = new URL('../../support/bundleOf.ts', import.meta.url).pathname;
    for (const phase of ['reading', 'checking']) {
      const argv = [child, from.vault.paths.root, at('b.tar'), '1000000', phase];
      await assert.rejects(promisify(execFile)(process.execPath, argv), { signal: 'SIGKILL' });
      const left = (await readdir(folder.path())).filter((name) => !['from', 'to'].includes(name));
      assert.ok(left.length === 1 && /^\.drydock-.*\.partial$/.test(left[0] ?? ''), left.join());
    }
    await make([from.image]);
    assert.deepEqual((await readdir(folder.path())).sort(), ['b.tar', 'b.tar.sha256', 'from', 'to']);
  });

  it('leaves nothing when the disk takes no more', async () => {
    const child = new URL('../../support/bundleOf.ts', import.meta.url).pathname;
    for (const partBytes of [0, 3_000_000]) {
      // A limit on the size of files is the full disk that needs no disk of its own.
      const { stdout } = await promisify(execFile)('/bin/sh', [
        '-c',
        'ulimit -f 4096; exec "$0" "$@"',
        process.execPath,
        child,
        from.vault.paths.root,
        at('full.tar'),
        String(partBytes),
      ]);
      assert.match(stdout, /^(fileUnusable|diskFilledUp)\n$/);
      assert.deepEqual((await readdir(folder.path())).sort(), ['from', 'to']);
    }
  });

  it('lists nothing when it is cancelled or the vault’s own part is damaged', async () => {
    await make([from.container]);
    for (const phase of ['checking', 'writing'] as const) {
      const work = apply(
        to,
        cancelledWhen((fact) => fact.phase === phase),
      );
      await assert.rejects(work, { name: 'AbortError' }, phase);
      assert.deepEqual(await readSnapshots(to), []);
      assert.deepEqual(await readdir(join(to.paths.root, 'drydock', 'journal')), []);
    }
    await apply();
    const had = await vaultInventory(to, Date.now());
    const bundle = await make([from.container], { had });
    const [blob] = [...bundle.leftOut].sort((a, b) => b.sizeBytes - a.sizeBytes);
    const other = await createVault({ path: at('other'), compression: 'zstd' });
    for (const { digest } of bundle.leftOut) {
      const name = digest.slice(7);
      const bytes = await readFile(join(to.paths.root, 'blobs', 'sha256', name));
      if (digest === blob?.digest) bytes[100] = (bytes[100] ?? 0) ^ 1;
      await writeFile(join(other.paths.root, 'blobs', 'sha256', name), bytes);
    }
    assert.equal((await failureOf(apply(other))).code, 'blobDamaged');
    assert.deepEqual(await readSnapshots(other), []);
  });
});
