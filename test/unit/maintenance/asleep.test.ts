import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { forgetSnapshots } from '../../../src/core/maintenance/forgetSnapshots.ts';
import { pruneVault } from '../../../src/core/maintenance/pruneVault.ts';
import { verifyVault } from '../../../src/core/maintenance/verifyVault.ts';
import { unattended } from '../../../src/core/progress.ts';
import { readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { createVault, openVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import type { VaultStep } from '../../../src/core/vault/vaultSteps.ts';
import { blobPath } from '../../../src/core/vault/vaultPaths.ts';
import { blobsIn, keep } from '../../support/keptVault.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const program = new URL('../../support/vaultKeeper.ts', import.meta.url).pathname;
const files = { data: 'one 0', shared: 'the same everywhere' };

/** Makes every claim look as if another machine held it and had slept for an hour. */
function fallAsleep({ paths }: Vault): void {
  const longAgo = new Date(Date.now() - 3_600_000);
  for (const name of readdirSync(paths.locks)) {
    const path = join(paths.locks, name);
    const claim = JSON.parse(readFileSync(path, 'utf8')) as { owner: Record<string, unknown> };
    writeFileSync(path, JSON.stringify({ ...claim, owner: { ...claim.owner, host: 'laptop', bootId: 'x' } }));
    utimesSync(path, longAgo, longAgo);
  }
}

/** Another process works on the vault while this one does nothing at all, timers included. */
function meanwhile(task: string, vault: Vault, extra = ''): void {
  const { status, stderr } = spawnSync(process.execPath, [program, task, vault.paths.root, extra]);
  assert.equal(status, 0, String(stderr));
}

describe('a machine that slept while it worked on a vault', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const path = (): string => join(folder.path(), 'vault');

  /** The vault as the sleeper has it open: at the step that `isThen` tells, the first time, `sleep` passes. */
  async function sleeperAt(
    isThen: (step: VaultStep) => boolean,
    sleep: (vault: Vault) => void,
  ): Promise<Vault> {
    let hasSlept = false;
    const reached = (step: VaultStep): void => {
      if (hasSlept || !isThen(step)) return;
      hasSlept = true;
      fallAsleep(vault);
      sleep(vault);
    };
    const vault = await openVault({ path: path(), access: 'write' }, { steps: { reached } });
    return vault;
  }
  const problems = async (vault: Vault): Promise<readonly unknown[]> =>
    (await verifyVault({ vault, owner: await currentProcess() }, { depth: 'contents' }, unattended()))
      .problems;

  beforeEach(async () => {
    // Somebody forgot what holds the same blobs, so that prune may take them and a backup finds them there.
    const vault = await createVault({ path: path(), compression: 'zstd' });
    const { id } = await keep(vault, { name: 'one', files });
    await keep(vault, { name: 'other' });
    await forgetSnapshots({ vault, owner: await currentProcess() }, { ids: [id] });
    // Older than what prune spares, which the documents of the next backup are not.
    const longAgo = new Date(Date.now() - 7_200_000);
    for (const { digest } of await blobsIn(vault.blobs))
      await utimes(blobPath(vault.paths, digest), longAgo, longAgo);
  });

  /** The steps of the same backup in a vault of its own, up to the replacing of index.json. */
  async function stepsOfLanding(): Promise<readonly VaultStep[]> {
    const seen: VaultStep[] = [];
    const reached = (step: VaultStep): void => void seen.push(step);
    const other = join(folder.path(), 'other');
    const vault = await createVault({ path: other, compression: 'zstd' }, { steps: { reached } });
    seen.length = 0;
    await keep(vault, { name: 'one', files });
    return seen.slice(0, seen.indexOf('index replaced'));
  }

  // When it asks for the lock of index.json, when it has it, and when it has read the file.
  for (const step of ['partial opened', 'lock written', 'index read'] as const)
    it(`lists no snapshot whose blobs were pruned meanwhile (${step})`, async () => {
      const all = await stepsOfLanding();
      const sleepAt = all.lastIndexOf(
        step,
        all.lastIndexOf('lock written') + (step === 'index read' ? 1 : 0),
      );
      assert.ok(sleepAt > all.lastIndexOf('blob synced'));
      let count = 0;
      const vault = await sleeperAt(
        () => (count += 1) === sleepAt + 1,
        (at) => {
          meanwhile('prune', at, '1 3600000');
        },
      );
      await assert.rejects(keep(vault, { name: 'one', files }), { code: 'vaultLockLost' });
      assert.deepEqual(
        (await readSnapshots(vault)).map(({ source }) => source.name),
        ['other'],
      );
      assert.deepEqual(await problems(vault), []);
      await keep(vault, { name: 'one', files });
      assert.deepEqual(await problems(vault), []);
    });

  it('prunes no blob that a backup has found and listed meanwhile', async () => {
    const vault = await sleeperAt(
      (step) => step === 'blob removed',
      (at) => {
        meanwhile('backup', at, 'one 1');
      },
    );
    const pruning = pruneVault(
      { vault, owner: await currentProcess() },
      { graceMs: 0, isDryRun: false },
      unattended(),
    );
    await assert.rejects(pruning, { code: 'vaultLockLost' });
    assert.deepEqual((await readSnapshots(vault)).map(({ source }) => source.name).sort(), ['one', 'other']);
    assert.deepEqual(await problems(vault), []);
  });
});
