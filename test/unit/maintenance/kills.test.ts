import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, readFile, readdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../../src/core/digest.ts';
import { DrydockError } from '../../../src/core/errors.ts';
import { copySnapshots } from '../../../src/core/maintenance/copySnapshots.ts';
import { pruneVault } from '../../../src/core/maintenance/pruneVault.ts';
import { repairVault } from '../../../src/core/maintenance/repairVault.ts';
import { recoverVault } from '../../../src/core/recovery/recoverVault.ts';
import { verifyVault } from '../../../src/core/maintenance/verifyVault.ts';
import { unattended } from '../../../src/core/progress.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import { readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { createVault, openVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { blobPath } from '../../../src/core/vault/vaultPaths.ts';
import { collect } from '../../support/archives/byteStreams.ts';
import { blobsIn, keep } from '../../support/keptVault.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const program = new URL('../../support/vaultKeeper.ts', import.meta.url).pathname;

async function run(...args: readonly string[]): Promise<{ isKilled: boolean; said: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const said = String(await collect(child.stdout as AsyncIterable<Uint8Array>)).trim();
  await exit;
  assert.ok(child.signalCode === 'SIGKILL' || child.exitCode === 0, `it ended with ${child.exitCode}`);
  return { isKilled: child.signalCode === 'SIGKILL', said };
}

/** Opens a vault as the next start does, and looks at all of it. */
async function soundSnapshots(path: string): Promise<readonly Snapshot[]> {
  const vault = await openVault({ path, access: 'write' });
  const owner = await currentProcess();
  await recoverVault({ vault, owner });
  assert.deepEqual(await readdir(vault.paths.journal), []);
  const { problems } = await verifyVault({ vault, owner }, { depth: 'contents' }, unattended());
  assert.deepEqual(problems, []);
  return readSnapshots(vault);
}

describe('a vault whose keeper is killed', function () {
  this.timeout(200_000);
  const folder = temporaryFolder();
  const operation = unattended();

  async function madeVault(name: string): Promise<Vault> {
    return createVault({ path: join(folder.path(), name), compression: 'zstd' });
  }

  /** A copy of a vault, to be changed. */
  async function copyOf({ paths }: Vault, name: string): Promise<string> {
    const path = join(folder.path(), name);
    await cp(paths.root, path, { recursive: true });
    return path;
  }

  /**
   * What a kill at each step of a task leaves. The task runs once, in a process that is gone then, and what lies on
   * disk is put aside at each step; a real kill at a few of them leaves the same files.
   */
  async function leftAtEach(
    task: string,
    fresh: (name: string) => Promise<readonly [path: string, ...extra: readonly string[]]>,
  ): Promise<readonly string[]> {
    const states = join(folder.path(), `${task}-states`);
    const [path, extra = ''] = await fresh(`${task}-trial`);
    const total = Number((await run(task, path, extra, states)).said);
    assert.ok(total > 5);
    const found = Array.from({ length: total }, (_, place) => join(states, String(place + 1)));
    for (const place of [Math.floor(total / 3), total - 4]) {
      const [killed, other = ''] = await fresh(`${task}-killed-${place}`);
      assert.ok((await run(task, killed, other, String(place + 1))).isKilled, `step ${place + 1}`);
      const names = async (at: string): Promise<number> => (await readdir(at, { recursive: true })).length;
      assert.equal(await names(task === 'copy' ? other : killed), await names(found[place] ?? ''));
    }
    return found;
  }

  it('is whole after every step of a copy, and a second one brings the rest', async () => {
    const from = await madeVault('from');
    const { id } = await keep(from, { name: 'a' });
    const seen = new Set<number>();
    const states = await leftAtEach('copy', async (name) => [
      from.paths.root,
      (await madeVault(name)).paths.root,
    ]);
    for (const path of states) {
      seen.add((await soundSnapshots(path)).length);
      const to = await openVault({ path, access: 'write' });
      await copySnapshots({ from, to, owner: await currentProcess() }, { ids: [id] }, operation);
      assert.equal((await soundSnapshots(path)).length, 1);
    }
    // Before the snapshot was listed there, and after.
    assert.deepEqual([...seen].sort(), [0, 1]);
    assert.equal((await soundSnapshots(from.paths.root)).length, 1);
  });

  it('is whole after every step of forgetting and pruning, and loses no other snapshot', async () => {
    const vault = await madeVault('vault');
    await keep(vault, { name: 'old', createdMs: 1_000 });
    await keep(vault, { name: 'left', kind: 'image' });
    for (const task of ['forget', 'prune']) {
      for (const path of await leftAtEach(task, async (name) => [await copyOf(vault, name)])) {
        const names = (await soundSnapshots(path)).map(({ source }) => source.name);
        assert.ok(names.includes('left'));
        assert.ok(task === 'forget' || names.length === 1);
        await prune(path);
        assert.equal((await soundSnapshots(path)).length, names.length);
      }
      // From here on with the old one forgotten, so that prune has something to do.
      await run('forget', vault.paths.root);
    }
  });

  for (const harm of ['index.json is no JSON', 'the document of a snapshot is lost'])
    it(`is repaired after every step of a repair, and pruned meanwhile loses nothing, when ${harm}`, async () => {
      const vault = await madeVault('vault');
      const { id } = await keep(vault, { name: 'a', createdMs: 1_000 });
      await keep(vault, { name: 'left', kind: 'image' });
      const from = await openVault({ path: await copyOf(vault, 'from'), access: 'read' });
      if (harm.startsWith('index')) await writeFile(vault.paths.index, '{"schemaVersion":2,"manifests":[{');
      else await unlink(blobPath(vault.paths, id));
      for (const { digest } of (await blobsIn(vault.blobs)).slice(0, 2)) await flip(vault, digest);
      for (const path of await leftAtEach('repair', async (name) => [
        await copyOf(vault, name),
        from.paths.root,
      ])) {
        await prune(path).catch((error: unknown) => {
          if (!(error instanceof DrydockError && error.code === 'pruneUnsure')) throw error;
        });
        const deps = { vault: await openVault({ path, access: 'write' }), owner: await currentProcess() };
        await repairVault({ ...deps, from }, { isDropping: false }, operation);
        const names = (await soundSnapshots(path)).map(({ source }) => source.name);
        assert.deepEqual(names.sort(), ['a', 'left'], path);
      }
    });

  it('loses nothing when two write while a third one prunes', async () => {
    const { paths, blobs } = await madeVault('vault');
    const results = await Promise.all([
      run('backup', paths.root, 'one 4'),
      run('prune', paths.root, '6'),
      run('backup', paths.root, 'two 4'),
    ]);
    assert.ok(results.every(({ isKilled }) => !isKilled));
    const names = (await soundSnapshots(paths.root)).map(({ source }) => source.name);
    assert.deepEqual(names.sort(), [...Array<string>(4).fill('one'), ...Array<string>(4).fill('two')]);
    await prune(paths.root);
    assert.equal((await soundSnapshots(paths.root)).length, 8);
    assert.ok((await blobsIn(blobs)).length > 8);
  });
});

async function prune(path: string): Promise<void> {
  const deps = { vault: await openVault({ path, access: 'write' }), owner: await currentProcess() };
  await pruneVault(deps, { graceMs: 0, isDryRun: false }, unattended());
}

async function flip({ paths }: Vault, digest: Digest): Promise<void> {
  const path = blobPath(paths, digest);
  const bytes = await readFile(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await chmod(path, 0o644);
  await writeFile(path, bytes);
}
