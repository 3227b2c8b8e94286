import assert from 'node:assert/strict';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import type { Vault } from '../../../src/core/vault/layout.ts';
import { ProtectionInUse } from '../../../src/vaults/protectionInUse.ts';
import type { KnownVault } from '../../../src/vaults/vaultList.ts';
import { Inventory } from '../../../src/core/inspect/inventory.ts';
import { engineIdentity } from '../../../src/core/snapshot/engineIdentity.ts';
import { snapshotRecord } from '../../support/snapshotRecords.ts';
import { HandTimers, settled } from '../inventory/handTimers.ts';
import { connected, container, image, volume } from '../inventory/records.ts';
import { RecordingEngine } from '../inventory/recordingEngine.ts';

const dayMs = 86_400_000;

describe('protection in use', () => {
  let engine: RecordingEngine;
  let inventory: Inventory;
  let vaults: readonly KnownVault[];
  let policies: unknown;
  let nowMs: number;
  let told: number;
  let listeners: Set<() => void>;
  let protection: ProtectionInUse;

  const open = (snapshots: readonly Snapshot[]): KnownVault => ({
    name: 'safe',
    path: '/v',
    state: { kind: 'open', vault: {} as Vault, snapshots },
  });
  const snapshots = (): readonly Snapshot[] =>
    vaults.flatMap(({ state }) => (state.kind === 'open' ? state.snapshots : []));
  const change = (next: readonly KnownVault[]): void => {
    vaults = next;
    for (const listener of listeners) listener();
  };
  const dataSnapshot = async (): Promise<Snapshot> =>
    snapshotRecord('data', { source: { name: 'data', ...engineIdentity(await engine.info()) } });
  const stateOf = (name: string): string | undefined => protection.current()?.volume(volume(name)).kind;

  beforeEach(() => {
    engine = new RecordingEngine();
    engine.imageList = [image('app')];
    engine.containerList = [container('web')];
    engine.volumeList = [volume('data'), volume('other')];
    inventory = new Inventory({ timers: new HandTimers() });
    vaults = [];
    policies = [];
    nowMs = 1_700_000_000_000;
    told = 0;
    listeners = new Set();
    protection = new ProtectionInUse({
      vaults: {
        get vaults() {
          return vaults;
        },
        get snapshots() {
          return snapshots();
        },
        heldBy: () => ({ containers: [], volumes: [] }),
        onDidChange: (listener) => {
          listeners.add(listener);
          return { dispose: () => void listeners.delete(listener) };
        },
      },
      inventory,
      policies: () => policies,
      nowMs: () => nowMs,
    });
    protection.onDidChange(() => {
      told += 1;
    });
  });

  afterEach(() => {
    protection.dispose();
    inventory.dispose();
  });

  const connect = async (): Promise<void> => {
    inventory.use(engine);
    engine.emit(connected);
    await settled();
  };

  it('says nothing while no vault is open or no engine is known', async () => {
    change([open([])]);
    assert.equal(protection.current(), undefined);
    await connect();
    assert.ok(protection.current() !== undefined);
    change([{ name: 'safe', path: '/v', state: { kind: 'opening' } }]);
    assert.equal(protection.current(), undefined);
    assert.equal(protection.unprotected(), undefined);
  });

  it('counts what no snapshot holds, and tells when the vaults change', async () => {
    await connect();
    change([open([])]);
    assert.deepEqual(protection.unprotected(), { images: 1, containers: 1, volumes: 2 });
    const before = told;
    change([open([await dataSnapshot()])]);
    assert.equal(told, before + 1);
    assert.deepEqual(protection.unprotected(), { images: 1, containers: 1, volumes: 1 });
  });

  it('follows the clock and the policies when it is looked at again', async () => {
    await connect();
    change([open([await dataSnapshot()])]);
    nowMs += 2 * dayMs;
    protection.renew();
    assert.equal(stateOf('data'), 'current');
    policies = [{ name: 'often', sources: ['volume:*'], staleAfter: '1d' }];
    protection.renew();
    assert.equal(stateOf('data'), 'stale');
    assert.equal(stateOf('other'), 'never');
  });

  it('goes on for the engine that was known while it is away', async () => {
    await connect();
    change([open([await dataSnapshot()])]);
    engine.emit({ kind: 'disconnected', error: new Error('gone'), retryInMs: 1_000 });
    await settled();
    assert.equal(stateOf('data'), 'current');
    assert.equal(protection.unprotected(), undefined);
  });
});
