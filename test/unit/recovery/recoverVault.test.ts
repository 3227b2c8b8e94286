import assert from 'node:assert/strict';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { unusableEngine } from '../../../src/core/engine/unusableEngine.ts';
import { failure } from '../../../src/core/errors.ts';
import { engineKey } from '../../../src/core/recovery/engineKey.ts';
import { noteEngine } from '../../../src/core/recovery/engineNotes.ts';
import { recoverVault } from '../../../src/core/recovery/recoverVault.ts';
import { createVault, openVault, type Vault } from '../../../src/core/vault/layout.ts';
import { beginOperation } from '../../../src/core/vault/journal.ts';
import { acquireLock } from '../../../src/core/vault/locks.ts';
import { currentProcess, type ProcessIdentity } from '../../../src/core/vault/processIdentity.ts';
import { failureOf } from '../../support/failureOf.ts';
import { SteadyEngine } from '../../support/steadyEngine.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

describe('putting an engine back at the next start', () => {
  const folder = temporaryFolder();
  let vault: Vault;
  let owner: ProcessIdentity;
  beforeEach(async () => {
    vault = await createVault({ path: folder.path(), compression: 'zstd' });
    owner = await currentProcess();
  });

  /** A journal as a process leaves it that dies while it holds `db` paused on `engineId`. */
  const dieWhilePaused = async (engineId: string): Promise<void> => {
    const deps = { paths: vault.paths, owner };
    const held = await acquireLock(deps, { scope: 'vault', mode: 'shared', waitMs: 0 });
    const journal = await beginOperation(deps, held, { kind: 'backup', subject: 'db' });
    await noteEngine({ journal }, engineId, { kind: 'unpause', container: 'db' });
    await held.release();
  };
  const known = (id: string, dataRoot?: string): SteadyEngine & { readonly asked: () => number } => {
    const steady = new SteadyEngine({ db: { state: 'paused' } });
    let asked = 0;
    const info = (): ReturnType<Engine['info']> => {
      asked += 1;
      return Promise.resolve({
        ...{ id, hostName: 'dock', product: 'docker', version: '28.0', apiVersion: '1.48' },
        ...{ imageStore: 'graphdriver', storageDriver: 'overlay2' },
        ...(dataRoot !== undefined && { dataRoot }),
        platform: { os: 'linux', architecture: 'amd64' },
      } as const);
    };
    return Object.assign(steady, { engine: { ...steady.engine, info }, asked: () => asked });
  };

  it('resumes what a process that is gone had paused', async () => {
    await dieWhilePaused('E1');
    const steady = known('E1');
    const [found, ...more] = await recoverVault({ vault, owner, engine: steady.engine });
    assert.deepEqual(more, []);
    assert.equal(found?.outcome, 'undone');
    assert.equal(found.head?.subject, 'db');
    assert.deepEqual(steady.states(), { db: 'running' });
    assert.deepEqual(await recoverVault({ vault, owner, engine: steady.engine }), []);
  });

  it('leaves another engine alone, and the note for that one', async () => {
    await dieWhilePaused('E2');
    const steady = known('E1');
    const [found] = await recoverVault({ vault, owner, engine: steady.engine });
    assert.equal(found?.outcome, 'left');
    assert.equal(found.left[0]?.error, undefined);
    assert.deepEqual(steady.states(), { db: 'paused' });
    const right = known('E2');
    await recoverVault({ vault, owner, engine: right.engine });
    assert.deepEqual(right.states(), { db: 'running' });
  });

  it('leaves alone an engine beside it that has the same ID', async () => {
    const [right, other] = [known('E1', '/var/lib/docker'), known('E1', '/srv/docker')];
    await dieWhilePaused(engineKey(await right.engine.info()));
    const [found] = await recoverVault({ vault, owner, engine: other.engine });
    assert.equal(found?.outcome, 'left');
    assert.deepEqual(other.states(), { db: 'paused' });
    await recoverVault({ vault, owner, engine: right.engine });
    assert.deepEqual(right.states(), { db: 'running' });
  });

  it('leaves notes for later without an engine, and with one that does not answer', async () => {
    await dieWhilePaused('E1');
    assert.equal((await recoverVault({ vault, owner }))[0]?.outcome, 'left');
    const endpoint = 'unix:///gone.sock';
    const engine = unusableEngine(endpoint, failure('engineUnreachable', { endpoint }));
    const [found] = await recoverVault({ vault, owner, engine });
    assert.equal(found?.outcome, 'left');
    assert.match(String(found.left[0]?.error), /gone\.sock/);
    const steady = known('E1');
    await recoverVault({ vault, owner, engine: steady.engine });
    assert.deepEqual(steady.states(), { db: 'running' });
  });

  it('asks an engine nothing when there is nothing to put back', async () => {
    const steady = known('E1');
    assert.deepEqual(await recoverVault({ vault, owner, engine: steady.engine }), []);
    assert.equal(steady.asked(), 0);
  });

  it('does nothing while somebody else is at it', async () => {
    await dieWhilePaused('E1');
    const held = await acquireLock(
      { paths: vault.paths, owner },
      { scope: 'journal', mode: 'exclusive', waitMs: 0 },
    );
    const steady = known('E1');
    assert.deepEqual(await recoverVault({ vault, owner, engine: steady.engine }), []);
    await held.release();
    assert.deepEqual(steady.states(), { db: 'paused' });
  });

  it('refuses a vault that was opened to be read', async () => {
    const readOnly = await openVault({ path: folder.path(), access: 'read' });
    assert.equal((await failureOf(recoverVault({ vault: readOnly, owner }))).code, 'vaultReadOnly');
  });
});
