import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { backupImages } from '../../../src/core/backup/backupImages.ts';
import { withCommits } from '../../../src/core/backup/commitImages.ts';
import { pushImages } from '../../../src/core/backup/pushImages.ts';
import type { CommitInput } from '../../../src/core/engine/engine.ts';
import { failure, type DrydockError } from '../../../src/core/errors.ts';
import { unattended } from '../../../src/core/progress.ts';
import { recoverVault } from '../../../src/core/recovery/recoverVault.ts';
import type { OpenEndpoint } from '../../../src/core/registry/endpoint.ts';
import { engineKey } from '../../../src/core/recovery/engineKey.ts';
import { KnownContents } from '../../../src/core/snapshot/knownContents.ts';
import { createVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { withVaultSession } from '../../../src/core/vault/vaultSession.ts';
import { sampleImage, sampleLayer } from '../../support/archives/sampleImages.ts';
import { containerId, LyingEngine } from '../../support/lyingEngine.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

describe('an engine whose answer is lost', () => {
  const folder = temporaryFolder();
  const app = sampleImage([sampleLayer(1)], ['app:1']);

  let vault: Vault;
  let engine: LyingEngine;
  beforeEach(async () => {
    vault = await createVault({ path: folder.path(), compression: 'zstd' });
    engine = new LyingEngine([app]);
  });

  /** Streams, for the engine does not say that it named the image. Resolves with how much is noted then. */
  async function backedUpIn(why: DrydockError): Promise<number> {
    engine.lies.tag = () => Promise.reject(why);
    const openEndpoint = listening();
    const deps = { engine, vault, owner: await currentProcess(), openEndpoint };
    const input = { images: [{ id: app.configDigest, tags: ['app:1'] }], transport: 'delta' } as const;
    const [result] = await backupImages(deps, input, unattended());
    assert.deepEqual([result?.transport?.transport, result?.transport?.reason], ['stream', 'pushFailed']);
    delete engine.lies.tag;
    return (await readdir(vault.paths.journal)).length;
  }

  /** An endpoint that the engine gets to, and nobody pushes to. */
  function listening(): OpenEndpoint {
    let loggedIn: () => void = () => undefined;
    const openEndpoint: OpenEndpoint = ({ onLogIn = () => undefined }) => {
      loggedIn = onLogIn;
      const logIn = { address: '127.0.0.1:20000', username: 'drydock', password: 'x' };
      return Promise.resolve({ ...logIn, close: () => Promise.resolve() });
    };
    engine.images.checkLogIn = () => {
      loggedIn();
      return Promise.resolve();
    };
    return openEndpoint;
  }

  it('loses the name for a push again that it gives later than anybody waits', async () => {
    assert.equal(await backedUpIn(failure('engineTimeout', { call: 'image tag', seconds: 30 })), 1);
    const [, name = ''] = engine.calls.find((call) => call.name === 'tag')?.args ?? [];
    await engine.images.tag(app.configDigest, String(name));
    await recoverVault({ vault, owner: await currentProcess(), engine });
    assert.deepEqual(engine.state(), { 'app:1': app.configDigest });
    assert.deepEqual(await readdir(vault.paths.journal), []);
  });

  it('has nothing noted of a push where it refuses instead', async () => {
    const refusal = failure('engineRefused', { call: 'image tag', reason: 'no room' });
    assert.equal(await backedUpIn(refusal), 0);
  });

  it('is not waited for in a push in which nothing comes', async () => {
    engine.images.push = (_, __, { signal } = {}) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    const owner = await currentProcess();
    const { signal, progress } = unattended();
    const what = { kind: 'backupImages', subject: 'app:1' };
    const pushed = await withVaultSession({ vault, owner }, what, { signal }, async (session) => {
      const info = await engine.info();
      const known = new KnownContents(vault);
      const deps = { engine, info, session, known, openEndpoint: listening() };
      const missing = [await engine.images.inspect(app.configDigest)];
      return pushImages(deps, missing, { signal, progress }, { silentMs: 20 });
    });
    assert.ok('reason' in pushed);
    assert.equal(pushed.reason, 'pushFailed');
    assert.match(pushed.detail, /did not answer "push"/);
    assert.deepEqual(engine.state(), { 'app:1': app.configDigest });
    assert.deepEqual(await readdir(vault.paths.journal), []);
  });

  it('loses the image of a container’s changes again that it makes later than anybody waits', async () => {
    engine.containers.changes = () => Promise.resolve([{ path: '/new', kind: 'added' }]);
    engine.lies.commit = () => Promise.reject(failure('engineAnswerCut', { call: 'commit' }));
    const owner = await currentProcess();
    const what = { kind: 'backupContainer', subject: 'web' };
    const { signal } = unattended();
    const failed = withVaultSession({ vault, owner }, what, { signal }, async (session) => {
      const deps = { engine, engineId: engineKey(await engine.info()), session };
      await withCommits(deps, signal, async (commit) => commit(await engine.containers.inspect(containerId)));
    });
    await assert.rejects(failed, { code: 'engineAnswerCut' });
    delete engine.lies.commit;
    const [, input] = engine.calls.find((call) => call.name === 'commit')?.args ?? [];
    await engine.containers.commit(containerId, input as CommitInput);
    await recoverVault({ vault, owner, engine });
    assert.deepEqual(engine.state(), { 'app:1': app.configDigest });
    assert.deepEqual(await readdir(vault.paths.journal), []);
  });
});
