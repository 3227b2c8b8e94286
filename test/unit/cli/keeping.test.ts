import assert from 'node:assert/strict';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { shortDigest } from '../../../src/core/digest.ts';
import { annotateSnapshots } from '../../../src/core/maintenance/annotateSnapshots.ts';
import { readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { createVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { blobPath } from '../../../src/core/vault/vaultPaths.ts';
import { blobsIn, keep } from '../../support/keptVault.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';
import { nowMs, runCliHere, type Ran } from './runCliHere.ts';

const dayMs = 86_400_000;

describe('keeping a vault on the command line', function () {
  this.timeout(30_000);
  const folder = temporaryFolder();
  let vault: Vault;
  beforeEach(async () => {
    vault = await createVault({ path: join(folder.path(), 'vault'), compression: 'zstd' });
  });
  const run = (...argv: readonly string[]): Promise<Ran> =>
    runCliHere(argv, { vaultFolder: vault.paths.root });
  const times = async (): Promise<readonly number[]> =>
    (await readSnapshots(vault)).map(({ createdMs }) => Math.floor((nowMs - createdMs) / dayMs));

  /** One snapshot a day, the newest today. */
  async function days(count: number): Promise<void> {
    for (let day = count - 1; day >= 0; day -= 1)
      await keep(vault, {
        name: 'data',
        files: { day: String(day) },
        createdMs: nowMs - day * dayMs - 1_000,
      });
  }

  it('shows what a policy would remove and why it keeps the rest, and does nothing then', async () => {
    await days(4);
    const { stdout, exitCode } = await run('forget', '--keep-last', '2', '--dry-run');
    assert.equal(exitCode, 0);
    const words = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/).slice(0, 6));
    assert.deepEqual(
      words.map(([fate, , , ...rest]) => [fate, ...rest]),
      [
        ['', 'KIND', 'SOURCE', 'WHY'],
        ['keep', 'volume', 'data', 'last snapshot'],
        ['keep', 'volume', 'data', 'last snapshot'],
        ['remove', 'volume', 'data', ''],
        ['remove', 'volume', 'data', ''],
        ['Would remove 2 of 4 snapshots'],
      ],
    );
    assert.deepEqual(await times(), [0, 1, 2, 3]);
  });

  it('removes what no rule keeps', async () => {
    await days(5);
    const { stdout } = await run('forget', '--keep-daily=1', '--keep-within', '1d1h', '--json');
    const { groups } = JSON.parse(stdout) as {
      groups: readonly { kept: readonly { reasons: readonly string[] }[]; removed: readonly unknown[] }[];
    };
    assert.deepEqual(
      groups.map(({ kept, removed }) => [kept.map(({ reasons }) => reasons), removed.length]),
      [[[['within 1d1h', 'daily snapshot'], ['within 1d1h']], 3]],
    );
    assert.deepEqual(await times(), [0, 1]);
  });

  it('removes a snapshot by name, but not a pinned one', async () => {
    await days(2);
    const [newest, oldest] = await readSnapshots(vault);
    assert.ok(newest && oldest);
    const owner = await currentProcess();
    await annotateSnapshots({ vault, owner }, { ids: [newest.id], change: { isPinned: true } });
    const refused = await run('forget', newest.refName);
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /is pinned/);
    const done = await run('forget', shortDigest(oldest.id));
    assert.equal(done.stdout, `Removed ${oldest.refName} (${shortDigest(oldest.id)})\n`);
    assert.deepEqual(await times(), [0]);
  });

  it('ends with 2 for a policy without a rule, one with a bad rule, and both a policy and a name', async () => {
    await days(1);
    for (const argv of [
      ['forget'],
      ['forget', '--keep-last', '0'],
      ['forget', '--keep-last', 'many'],
      ['forget', '--keep-within', '3 weeks'],
      ['forget', '--keep-last', '1', 'latest'],
      ['verify', '--share', '8/7'],
      ['verify', '--share', '0%'],
      ['prune', '--grace', 'soon'],
      ['copy'],
    ])
      assert.equal((await run(...argv)).exitCode, 2, argv.join(' '));
    assert.deepEqual(await times(), [0]);
  });

  it('prunes what was forgotten, after a preview', async () => {
    await days(2);
    await run('forget', '--keep-last', '1');
    assert.match((await run('prune')).stdout, /^Removed 0 blobs .*\nLeft \d+ blobs/);
    const preview = await run('prune', '--grace', '0', '--dry-run');
    assert.match(preview.stdout, /^Would remove \d+ blobs \(/);
    const done = await run('prune', '--grace', '0');
    assert.equal(done.stdout, preview.stdout.replace('Would remove', 'Removed'));
    assert.equal((await run('verify', '--depth', 'contents')).exitCode, 0);
  });

  it('verifies, and ends with 1 for damage, which it names', async () => {
    const snapshot = await keep(vault, { name: 'data' });
    const sound = await run('verify');
    assert.equal(sound.exitCode, 0);
    assert.match(sound.stdout, /^Nothing is wrong: 1 snapshot, 7 of 7 blobs read/);
    const [blob] = (await blobsIn(vault.blobs)).filter(({ digest }) => digest !== snapshot.id);
    assert.ok(blob);
    await unlink(blobPath(vault.paths, blob.digest));
    const { exitCode, stdout } = await run('verify', '--read-only');
    assert.equal(exitCode, 1);
    assert.ok(
      stdout.startsWith(`missing: ${blob.digest}: it is not there; hurts ${snapshot.refName}\n`),
      stdout,
    );
    const asJson = await run('verify', '--json', '--depth', 'structure');
    const { isWhole, error } = JSON.parse(asJson.stdout) as { isWhole: boolean; error: { code: string } };
    assert.deepEqual([isWhole, error.code], [false, 'vaultDamaged']);
  });

  it('tells of damage on standard error too, where a job at night is heard', async () => {
    const snapshot = await keep(vault, { name: 'data' });
    const [blob] = (await blobsIn(vault.blobs)).filter(({ digest }) => digest !== snapshot.id);
    assert.ok(blob);
    await unlink(blobPath(vault.paths, blob.digest));
    for (const argv of [
      ['verify', '--quiet'],
      ['repair', '--quiet'],
      ['repair', '--quiet', '--yes'],
    ]) {
      const { exitCode, stderr } = await run(...argv);
      assert.match(stderr, /^drydock: Not everything [^\n]*\n$/, argv.join(' '));
      assert.equal(exitCode, argv.includes('--yes') ? 3 : 1);
    }
  });

  it('copies what is whole although something else is not, and says so', async () => {
    await days(2);
    const [newest, oldest] = await readSnapshots(vault);
    assert.ok(newest && oldest);
    await unlink(blobPath(vault.paths, oldest.id));
    const other = join(folder.path(), 'other');
    await createVault({ path: other, compression: 'zstd' });
    const { exitCode, stdout, stderr } = await run('copy', '--to', other, '--json');
    const { snapshots, failed, error } = JSON.parse(stdout) as {
      snapshots: readonly { id: string }[];
      failed: readonly { name: string; error: { code: string } }[];
      error: { code: string };
    };
    assert.deepEqual([exitCode, snapshots.map(({ id }) => id)], [3, [newest.id]]);
    assert.deepEqual([failed.map(({ name }) => name), error.code], [[oldest.refName], 'partlyFailed']);
    assert.match(stderr, /^drydock: [^\n]*blob[^\n]*\n$/);
    assert.equal((await run('copy', shortDigest(oldest.id), '--to', other)).exitCode, 1);
  });

  it('says when nothing is meant, since a name may be mistyped', async () => {
    await days(1);
    for (const argv of [['snapshots'], ['find', 'x'], ['forget', '--keep-last', '1']]) {
      const { exitCode, stderr } = await run(...argv, '--source', 'nobody');
      assert.match(stderr, /note: The vault has no such snapshot of "nobody"/);
      assert.equal(exitCode, 0);
    }
  });

  it('takes the vault before the command as well', async () => {
    await days(1);
    const { stdout } = await runCliHere(['--vault', vault.paths.root, 'snapshots', '-q']);
    assert.match(stdout, /^sha256:[0-9a-f]{64}\n$/);
  });

  it('copies to another vault and counts', async () => {
    await days(2);
    const other = join(folder.path(), 'other');
    await createVault({ path: other, compression: 'gzip' });
    const { stdout } = await run('copy', '--to', other);
    assert.match(stdout, /^Copied and verified: .*\nCopied and verified: .*\n$/);
    assert.match((await run('copy', '--to', other)).stdout, /^Verified, the vault had it already/);
    const { stdout: counted } = await runCliHere(['stats', '--vault', other]);
    assert.match(counted, /^volume +1 +2 /m);
    assert.match(counted, /^0 B in 0 blobs, needed by nothing;/m);
  });
});
