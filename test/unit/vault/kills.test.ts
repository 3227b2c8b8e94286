import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { parseDigest } from '../../../src/core/digest.ts';
import { parseJson } from '../../../src/core/oci/parseJson.ts';
import { readDocument, readVerified } from '../../../src/core/vault/blobStore.ts';
import { readLayer } from '../../../src/core/vault/frames.ts';
import { recoverJournal } from '../../../src/core/vault/journal.ts';
import { layerEntries, openLayerIndex } from '../../../src/core/vault/layerIndex.ts';
import { createVault, openVault, type Vault } from '../../../src/core/vault/layout.ts';
import { withLock } from '../../../src/core/vault/locks.ts';
import { sweepPartials } from '../../../src/core/vault/partialFile.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { refNameOf, type IndexEntry } from '../../../src/core/vault/snapshotIndex.ts';
import { readSnapshotIndex } from '../../../src/core/vault/updateIndex.ts';
import { collect } from '../../support/archives/byteStreams.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const program = new URL('../../support/vaultBackup.ts', import.meta.url).pathname;
const snapshot = z.object({ table: z.object({ digest: z.string(), sizeBytes: z.number() }) });

async function backUp(
  path: string,
  name: string,
  killAt: number,
): Promise<{ isKilled: boolean; said: string }> {
  const child = spawn(process.execPath, [program, path, name, String(killAt)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  const said = String(await collect(child.stdout as AsyncIterable<Uint8Array>)).trim();
  await exit;
  assert.ok(child.signalCode === 'SIGKILL' || child.exitCode === 0, `it ended with ${child.exitCode}`);
  return { isKilled: child.signalCode === 'SIGKILL', said };
}

/** Everything that a reader may rely on: what has a name is whole, and what is named is there. */
async function requireWhole(vault: Vault): Promise<readonly IndexEntry[]> {
  for await (const blob of vault.blobs.list()) await collect(readVerified(vault.blobs, blob));
  const { entries } = await readSnapshotIndex(vault);
  for (const { descriptor } of entries) {
    assert.ok(descriptor);
    const { table } = parseJson(await readDocument(vault.blobs, descriptor), snapshot, 'snapshot');
    const digest = parseDigest(table.digest, 'snapshot');
    const index = await openLayerIndex(vault.blobs, { digest, sizeBytes: table.sizeBytes });
    await collect(readLayer(vault.blobs, index));
    for await (const { path } of layerEntries(vault.blobs, index)) assert.equal(path, 'data');
  }
  return entries;
}

async function openOrMake(path: string): Promise<Vault> {
  const names = await readdir(join(path, 'drydock')).catch((): string[] => []);
  return names.includes('vault.json')
    ? openVault({ path, access: 'write' })
    : createVault({ path, compression: 'zstd' });
}

describe('a vault whose writer is killed', function () {
  this.timeout(240_000);
  const folder = temporaryFolder();

  it('is whole after every step, gives its locks back, and knows what to undo', async () => {
    const owner = await currentProcess();
    const steps = Number((await backUp(join(folder.path(), 'whole'), 'a', 0)).said);
    assert.ok(steps > 30);
    const outcomes = new Set<string>();
    // A half of the steps in each of two lanes: a process takes most of its time to start.
    const lane = async (first: number): Promise<void> => {
      for (let killAt = first; killAt <= steps; killAt += 2) {
        const path = join(folder.path(), `killed-${killAt}`);
        assert.ok((await backUp(path, 'a', killAt)).isKilled, `step ${killAt}`);
        const vault = await openOrMake(path);
        const entries = await requireWhole(vault);
        const names = entries.map(refNameOf);
        assert.ok(names.length === 0 || (names.length === 1 && names[0] === 'a'), `step ${killAt}`);

        const { paths } = vault;
        const undone: unknown[] = [];
        const undo = new Map([
          [
            'resume',
            (data: unknown) => {
              undone.push(data);
              return Promise.resolve('settled' as const);
            },
          ],
        ]);
        await recoverJournal({ paths, owner }, undo);
        assert.ok(undone.length <= 1);
        outcomes.add(`${names.length} listed, ${undone.length} undone`);
        const alone = { scope: 'vault', mode: 'exclusive', waitMs: 0 } as const;
        await withLock({ paths, owner }, alone, undefined, () => sweepPartials(paths.partial));
        const claims = (await readdir(paths.locks)).filter((file) => file.startsWith('vault-'));
        assert.deepEqual([await readdir(paths.partial), await readdir(paths.journal), claims], [[], [], []]);

        if (names.length === 0) assert.ok(!(await backUp(path, 'a', 0)).isKilled);
        assert.deepEqual((await requireWhole(vault)).map(refNameOf), ['a']);
      }
    };
    await Promise.all([lane(1), lane(2)]);
    // Each stretch of the way was hit: before the note, with it, and after index.json was replaced.
    assert.deepEqual([...outcomes].sort(), [
      '0 listed, 0 undone',
      '0 listed, 1 undone',
      '1 listed, 0 undone',
      '1 listed, 1 undone',
    ]);
  });

  it('keeps the snapshots it had', async () => {
    const path = join(folder.path(), 'vault');
    await backUp(path, 'first', 0);
    for (const killAt of [20, 30, 35]) {
      assert.ok((await backUp(path, `later-${killAt}`, killAt)).isKilled);
      const entries = await requireWhole(await openVault({ path, access: 'read' }));
      assert.ok(entries.map(refNameOf).includes('first'));
    }
  });

  it('lists the snapshot of every writer that lived while others were killed beside it', async () => {
    const path = join(folder.path(), 'vault');
    await createVault({ path, compression: 'zstd' });
    const runs = await Promise.all(
      [0, 25, 0, 38, 0, 42, 0, 31].map(async (killAt, number) => {
        const name = `writer-${number}`;
        return { name, ...(await backUp(path, name, killAt)) };
      }),
    );
    const lived = runs.filter(({ isKilled }) => !isKilled).map(({ name }) => name);
    assert.ok(lived.length >= 4);
    const names = (await requireWhole(await openVault({ path, access: 'read' }))).map(refNameOf);
    assert.equal(new Set(names).size, names.length);
    for (const name of lived) assert.ok(names.includes(name), name);
  });
});
