import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DrydockError } from '../../../src/core/errors.ts';
import { claimPath, writeClaim, type Claim } from '../../../src/core/vault/claims.ts';
import { acquireLock, withLock } from '../../../src/core/vault/locks.ts';
import { currentProcess, stateOf, type ProcessIdentity } from '../../../src/core/vault/processIdentity.ts';
import type { VaultPaths } from '../../../src/core/vault/vaultPaths.ts';
import { unwatched } from '../../../src/core/vault/vaultSteps.ts';
import { bareVaultFolders, temporaryFolder } from '../../support/vaultFolder.ts';

const shared = { scope: 'vault', mode: 'shared', waitMs: 0 } as const;
const exclusive = { scope: 'vault', mode: 'exclusive', waitMs: 0 } as const;
const patient = 60_000;
const holder = new URL('../../support/vaultLockHolder.ts', import.meta.url).pathname;

describe('locks of a vault', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let paths: VaultPaths;
  let owner: ProcessIdentity;
  let deps: { readonly paths: VaultPaths; readonly owner: ProcessIdentity };
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    paths = await bareVaultFolders(folder.path());
    owner = await currentProcess();
    deps = { paths, owner };
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }
  });
  const start = (...args: readonly string[]): ChildProcess => {
    const child = spawn(process.execPath, [holder, folder.path(), ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(child);
    return child;
  };
  const holding = async (mode: string): Promise<ChildProcess> => {
    const child = start('hold', mode);
    assert.ok(child.stdout);
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    assert.equal(String(said), 'held\n');
    return child;
  };
  const foreignClaim = async (changes: Partial<ProcessIdentity>): Promise<Claim> => {
    const claim: Claim = {
      id: '00000000-0000-4000-8000-000000000000',
      scope: 'vault',
      mode: 'exclusive',
      owner: { ...owner, ...changes },
      since: '2026-01-01T00:00:00Z',
    };
    await writeClaim(paths, unwatched, claim);
    return claim;
  };

  it('are shared by many, and leave no file when they are given back', async () => {
    const held = await Promise.all([1, 2, 3].map(() => acquireLock(deps, shared)));
    assert.equal((await readdir(paths.locks)).length, 3);
    for (const lock of held) await lock.release();
    for (const lock of held) await lock.release();
    assert.deepEqual([await readdir(paths.locks), await readdir(paths.partial)], [[], []]);
  });

  it('keep others out while one is exclusive, and say who that is', async () => {
    const held = await acquireLock(deps, exclusive);
    for (const mode of [shared, exclusive])
      await assert.rejects(acquireLock(deps, mode), (error: unknown) => {
        assert.ok(error instanceof DrydockError);
        assert.equal(error.code, 'vaultInUse');
        assert.equal(error.details['pid'], process.pid);
        return true;
      });
    assert.equal((await readdir(paths.locks)).length, 1);
    await held.release();
    await (await acquireLock(deps, exclusive)).release();
  });

  it('keep an exclusive one out while others share', async () => {
    const held = await acquireLock(deps, shared);
    await assert.rejects(acquireLock(deps, exclusive), { code: 'vaultInUse' });
    await held.release();
  });

  it('of one scope do not touch those of another', async () => {
    const held = await acquireLock(deps, exclusive);
    await (await acquireLock(deps, { ...exclusive, scope: 'index' })).release();
    await held.release();
  });

  it('go to an exclusive one that waits before any shared one that came later', async () => {
    const first = await acquireLock(deps, shared);
    const order: string[] = [];
    const writer = withLock(deps, { ...exclusive, waitMs: patient }, undefined, () => {
      order.push('exclusive');
      return Promise.resolve();
    });
    while ((await readdir(paths.locks)).length < 2) await Promise.resolve();
    const reader = withLock(deps, { ...shared, waitMs: patient }, undefined, () => {
      order.push('shared');
      return Promise.resolve();
    });
    await assert.rejects(acquireLock(deps, shared), { code: 'vaultInUse' });
    await first.release();
    await Promise.all([writer, reader]);
    assert.deepEqual(order, ['exclusive', 'shared']);
  });

  it('let one at a time through, in this process and in two others', async () => {
    const file = join(folder.path(), 'count');
    await writeFile(file, '0');
    const others = [1, 2].map(() => start('count', 'exclusive', '15'));
    const ended = others.map((child) => once(child, 'exit'));
    const here = Array.from({ length: 15 }, () =>
      withLock(deps, { ...exclusive, waitMs: patient }, undefined, async () => {
        const before = Number(await readFile(file, 'utf8'));
        await writeFile(file, String(before + 1));
      }),
    );
    await Promise.all([...here, ...ended]);
    assert.deepEqual(
      others.map(({ exitCode }) => exitCode),
      [0, 0],
    );
    assert.equal(await readFile(file, 'utf8'), '45');
    assert.deepEqual(await readdir(paths.locks), []);
  });

  it('go to exactly one of those who ask at the same moment and don’t want to wait', async () => {
    for (let round = 0; round < 5; round += 1) {
      const results = await Promise.allSettled([1, 2, 3].map(() => acquireLock(deps, exclusive)));
      const held = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      assert.equal(held.length, 1);
      await held[0]?.release();
      assert.deepEqual(await readdir(paths.locks), []);
    }
  });

  it('come as soon as another process gives its own back', async () => {
    const child = await holding('exclusive');
    const waiting = acquireLock(deps, { ...shared, waitMs: patient });
    child.stdin?.end();
    await (await waiting).release();
  });

  it('of a process that was killed are void at once', async () => {
    const child = await holding('exclusive');
    await assert.rejects(acquireLock(deps, shared), { code: 'vaultInUse' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await acquireLock(deps, exclusive)).release();
    assert.deepEqual(await readdir(paths.locks), []);
  });

  it('are void when another process has the number now', async () => {
    await foreignClaim({ startTime: '1' });
    const isKnown = owner.startTime !== '';
    const taken = acquireLock(deps, exclusive);
    if (isKnown) await (await taken).release();
    else await assert.rejects(taken, { code: 'vaultInUse' });
  });

  for (const changes of [{ host: 'elsewhere' }, { bootId: 'before' }, { pidNamespace: 'pid:[1]' }])
    it(`count while they are touched, whoever can’t be asked (${Object.keys(changes).join('')})`, async () => {
      const claim = await foreignClaim({ ...changes, pid: 999_999_999 });
      await assert.rejects(acquireLock(deps, shared), { code: 'vaultInUse' });
      const longAgo = Date.now() / 1000 - 31 * 60;
      await utimes(claimPath(paths, claim), longAgo, longAgo);
      await (await acquireLock(deps, shared)).release();
      assert.deepEqual(await readdir(paths.locks), []);
    });

  it('whose file can’t be read count as somebody’s, until they are old', async () => {
    const path = join(paths.locks, 'vault-x.json');
    await writeFile(path, '{"half":');
    await assert.rejects(acquireLock(deps, shared), { code: 'vaultInUse' });
    const longAgo = Date.now() / 1000 - 31 * 60;
    await utimes(path, longAgo, longAgo);
    await (await acquireLock(deps, shared)).release();
  });

  it('tell their holder when they were taken away', async () => {
    const held = await acquireLock(deps, exclusive);
    await held.ensureHeld();
    for (const name of await readdir(paths.locks)) await rm(join(paths.locks, name));
    await assert.rejects(held.ensureHeld(), { code: 'vaultLockLost' });
    assert.ok(held.signal.aborted);
    await held.release();
  });

  it('are touched by their holder', async () => {
    const held = await acquireLock(deps, exclusive);
    const [name = ''] = await readdir(paths.locks);
    const path = join(paths.locks, name);
    const bytes = await readFile(path, 'utf8');
    await utimes(path, 1, 1);
    await held.ensureHeld();
    assert.ok((await stat(path)).mtimeMs > 1_000_000);
    assert.equal(await readFile(path, 'utf8'), bytes);
    await held.release();
  });

  it('leave no claim when waiting for them is cancelled', async () => {
    const held = await acquireLock(deps, shared);
    const controller = new AbortController();
    const waiting = acquireLock(deps, { ...exclusive, waitMs: patient }, { signal: controller.signal });
    while ((await readdir(paths.locks)).length < 2) await Promise.resolve();
    controller.abort();
    await assert.rejects(waiting, { name: 'AbortError' });
    assert.equal((await readdir(paths.locks)).length, 1);
    await (await acquireLock(deps, shared)).release();
    await held.release();
  });

  it('are given back when the work fails', async () => {
    await assert.rejects(
      withLock(deps, exclusive, undefined, () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.deepEqual(await readdir(paths.locks), []);
  });
});

describe('the identity of a process', () => {
  it('tells a process that runs from one that has ended', async () => {
    const self = await currentProcess();
    assert.equal(await stateOf(self, self), 'alive');
    const child = spawn(process.execPath, ['-e', '']);
    const pid = child.pid ?? 0;
    await once(child, 'exit');
    assert.equal(await stateOf({ ...self, pid }, self), 'gone');
    assert.equal(await stateOf({ ...self, host: 'elsewhere' }, self), 'unknown');
  });
});
