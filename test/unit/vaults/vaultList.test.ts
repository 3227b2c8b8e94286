import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failure } from '../../../src/core/errors.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import { createVault, openVault, type Vault } from '../../../src/core/vault/layout.ts';
import { VaultList, type VaultListDeps } from '../../../src/vaults/vaultList.ts';
import { snapshotRecord } from '../../support/snapshotRecords.ts';

describe('the list of vaults', () => {
  let folder: string;
  let path: string;
  let vault: Vault;
  let watchers: Map<string, () => void>;
  let snapshots: readonly Snapshot[];
  let list: VaultList;

  const make = (change: Partial<VaultListDeps> = {}): VaultList =>
    new VaultList({
      open: (at) => openVault({ path: at, access: 'read' }),
      readSnapshots: () => Promise.resolve(snapshots),
      readHeld: () => Promise.resolve({ containers: ['web'], volumes: ['data'] }),
      watch: (at, onChange) => {
        watchers.set(at, onChange);
        return { dispose: () => void watchers.delete(at) };
      },
      log: { error: () => undefined },
      ...change,
    });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-vault-list-'));
    path = join(folder, 'vault');
    vault = await createVault({ path, compression: 'zstd' });
    watchers = new Map();
    snapshots = [];
    list = make();
  });

  afterEach(async () => {
    list.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  it('ends a reading whose result nobody wants any more', async () => {
    const first = Promise.withResolvers<AbortSignal>();
    const signals: AbortSignal[] = [];
    list = make({
      readSnapshots: async (_, { signal }) => {
        assert.ok(signal);
        signals.push(signal);
        if (signals.length > 1) return snapshots;
        first.resolve(signal);
        await once(signal, 'abort');
        throw new DOMException('cancelled', 'AbortError');
      },
    });
    const used = list.use([{ name: 'here', path }]);
    assert.equal((await first.promise).aborted, false);
    await list.refresh(path);
    await used;
    assert.equal(list.find(path)?.state.kind, 'open');
    list.dispose();
    assert.ok(signals.every(({ aborted }) => aborted));
  });

  it('opens the vaults of the settings in their order, and says what is wrong with those it can’t', async () => {
    await list.use([
      { name: 'gone', path: join(folder, 'gone') },
      { name: 'here', path },
    ]);
    assert.deepEqual(
      list.vaults.map(({ name, state }) => [name, state.kind]),
      [
        ['gone', 'failed'],
        ['here', 'open'],
      ],
    );
    const { state } = list.vaults[0] ?? {};
    assert.ok(state?.kind === 'failed');
    assert.equal(state.error.code, 'notAVault');
  });

  it('does not wait for a registry, whose vault whoever wants it waits for', async () => {
    let answer: (vault: Vault) => void = () => undefined;
    const far = 'registry://r.test/backups';
    list.dispose();
    list = make({
      open: (at) =>
        at === far
          ? new Promise((resolve) => {
              answer = resolve;
            })
          : Promise.resolve(vault),
    });
    await list.use([
      { name: 'far', path: far },
      { name: 'here', path },
    ]);
    assert.deepEqual([list.find(far)?.state.kind, list.find(path)?.state.kind], ['opening', 'open']);
    answer(vault);
    await list.settled(far);
    assert.equal(list.find(far)?.state.kind, 'open');
    await list.settled('registry://r.test/unknown');
  });

  it('reads a vault again when its list of snapshots changed', async () => {
    await list.use([{ name: 'here', path }]);
    snapshots = [snapshotRecord('new')];
    const told = new Promise<void>((resolve) => {
      const listening = list.onDidChange(() => {
        listening.dispose();
        resolve();
      });
    });
    watchers.get(path)?.();
    await told;
    assert.deepEqual(list.snapshots, snapshots);
  });

  it('tells of a vault only when there is something else to see', async () => {
    await list.use([
      { name: 'here', path },
      { name: 'gone', path: join(folder, 'gone') },
    ]);
    let told = 0;
    list.onDidChange(() => {
      told += 1;
    });
    await list.refresh();
    assert.equal(told, 0);
    snapshots = [snapshotRecord('new')];
    await list.refresh();
    assert.equal(told, 1);
  });

  it('lets go of vaults that the settings no longer name, and keeps the others as they are', async () => {
    let opened = 0;
    list = make({
      open: (at) => {
        opened += 1;
        return openVault({ path: at, access: 'read' });
      },
    });
    await list.use([
      { name: 'one', path },
      { name: 'two', path: join(folder, 'two') },
    ]);
    await list.use([{ name: 'renamed', path }]);
    assert.equal(opened, 2);
    assert.deepEqual([...watchers.keys()], [path]);
    assert.equal(list.find(path)?.name, 'renamed');
    assert.equal(list.find(path)?.state.kind, 'open');
  });

  it('shows only the latest of several readings', async () => {
    const answers: ((found: readonly Snapshot[]) => void)[] = [];
    list = make({
      open: () => Promise.resolve(vault),
      readSnapshots: () => new Promise((resolve) => answers.push(resolve)),
    });
    const used = list.use([{ name: 'here', path }]);
    await Promise.resolve();
    const again = list.refresh(path);
    await Promise.resolve();
    answers[1]?.([snapshotRecord('late')]);
    await again;
    answers[0]?.([snapshotRecord('early')]);
    await used;
    assert.deepEqual(
      list.snapshots.map(({ refName }) => refName),
      [snapshotRecord('late').refName],
    );
  });

  it('knows which volumes the newest snapshot of a container holds, and lives with one that can’t be read', async () => {
    const of = (name: string, createdMs: number): Snapshot =>
      snapshotRecord(name, { createdMs, source: { kind: 'container', name: 'web' } });
    const other = snapshotRecord('other', { source: { kind: 'project', name: 'shop' } });
    snapshots = [of('new', 2), of('old', 1), other];
    list = make({
      readHeld: (_vault, { source }) =>
        source.kind === 'container'
          ? Promise.resolve({ containers: ['web'], volumes: ['data'] })
          : Promise.reject(failure('blobMissing', { vault: path, digest: 'x' })),
    });
    await list.use([{ name: 'here', path }]);
    assert.deepEqual(
      snapshots.map((snapshot) => list.heldBy(snapshot).volumes),
      [['data'], [], []],
    );
  });
});
