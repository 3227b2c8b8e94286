import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { recoverVault } from '../../../src/core/recovery/recoverVault.ts';
import { verifyVault } from '../../../src/core/maintenance/verifyVault.ts';
import { unattended } from '../../../src/core/progress.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import { readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { createVault, openVault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
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
  this.timeout(400_000);
  const folder = temporaryFolder();

  async function madeVault(name: string): Promise<string> {
    const path = join(folder.path(), name);
    await createVault({ path, compression: 'zstd' });
    return path;
  }

  /** Kills a task at each of its steps, on a copy of the vault, two lanes at once. */
  async function killAtEach(
    steps: number,
    every: number,
    attempt: (killAt: number, name: string) => Promise<void>,
  ): Promise<void> {
    const places = Array.from({ length: steps }, (_, place) => place + 1).filter(
      (place) => place % every === 0 || place > steps - 12,
    );
    const lane = async (first: number): Promise<void> => {
      for (const [number, killAt] of places.entries())
        if (number % 2 === first) await attempt(killAt, `killed-${killAt}`);
    };
    await Promise.all([lane(0), lane(1)]);
  }

  it('is whole after every step of a copy, and so is the other vault', async () => {
    const from = await madeVault('from');
    const vault = await openVault({ path: from, access: 'write' });
    await keep(vault, { name: 'a' });
    const total = Number((await run('copy', from, await madeVault('whole'))).said);
    assert.ok(total > 30);
    const seen = new Set<number>();
    await killAtEach(total, 5, async (killAt, name) => {
      const to = await madeVault(name);
      assert.ok((await run('copy', from, to, String(killAt))).isKilled, `step ${killAt}`);
      const there = await soundSnapshots(to);
      seen.add(there.length);
      assert.equal((await soundSnapshots(from)).length, 1);
      assert.ok(!(await run('copy', from, to)).isKilled);
      assert.equal((await soundSnapshots(to)).length, 1);
    });
    // Before the snapshot was listed there, and after.
    assert.deepEqual([...seen].sort(), [0, 1]);
  });

  it('is whole after every step of forgetting and pruning, and loses no other snapshot', async () => {
    const path = await madeVault('vault');
    const vault = await openVault({ path, access: 'write' });
    await keep(vault, { name: 'old', createdMs: 1_000 });
    await keep(vault, { name: 'left', kind: 'image' });
    for (const task of ['forget', 'prune']) {
      const trial = join(folder.path(), `trial-${task}`);
      await cp(path, trial, { recursive: true });
      const total = Number((await run(task, trial)).said);
      assert.ok(total > 5);
      await killAtEach(total, 1, async (killAt, name) => {
        const killed = join(folder.path(), `${task}-${name}`);
        await cp(path, killed, { recursive: true });
        assert.ok((await run(task, killed, '', String(killAt))).isKilled, `step ${killAt}`);
        const names = (await soundSnapshots(killed)).map(({ source }) => source.name);
        assert.ok(names.includes('left'));
        assert.ok(task === 'forget' || names.length === 1);
        await run('prune', killed);
        assert.equal((await soundSnapshots(killed)).length, names.length);
      });
      // From here on with the old one forgotten, so that prune has something to do.
      await run('forget', path);
    }
  });

  it('loses nothing when two write while a third one prunes', async () => {
    const path = await madeVault('vault');
    const results = await Promise.all([
      run('backup', path, 'one 4'),
      run('prune', path, '6'),
      run('backup', path, 'two 4'),
    ]);
    assert.ok(results.every(({ isKilled }) => !isKilled));
    const names = (await soundSnapshots(path)).map(({ source }) => source.name);
    assert.deepEqual(names.sort(), [...Array<string>(4).fill('one'), ...Array<string>(4).fill('two')]);
    await run('prune', path);
    assert.equal((await soundSnapshots(path)).length, 8);
    assert.ok((await blobsIn((await openVault({ path, access: 'read' })).blobs)).length > 8);
  });
});
