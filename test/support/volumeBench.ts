/**
 * A vault and an engine for tests on volumes: volumes with the tests' label whose folders can be reached on this
 * machine, and a look at what is left on the engine.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backupVolume } from '../../src/core/backup/backupVolume.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import { unattended } from '../../src/core/progress.ts';
import type { Snapshot, SnapshotVolume } from '../../src/core/snapshot/snapshot.ts';
import { openSnapshot } from '../../src/core/snapshot/snapshots.ts';
import { createVault, type Vault } from '../../src/core/vault/layout.ts';
import { currentProcess, type ProcessIdentity } from '../../src/core/vault/processIdentity.ts';
import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';
import { testHost, testLabel } from './engine.ts';
import { engineHost, type EngineHost } from './tinyImage.ts';

export class VolumeBench {
  readonly engine: Engine;
  readonly host: EngineHost;
  readonly vault: Vault;
  readonly owner: ProcessIdentity;
  readonly #folder: string;

  private constructor(engine: Engine, vault: Vault, owner: ProcessIdentity, folder: string) {
    this.engine = engine;
    this.host = engineHost(testHost());
    this.vault = vault;
    this.owner = owner;
    this.#folder = folder;
  }

  static async open(): Promise<VolumeBench> {
    const endpoint = parseAddress(testHost());
    assert.ok(endpoint);
    const folder = await mkdtemp(join(tmpdir(), 'drydock-volumes-'));
    const vault = await createVault({ path: join(folder, 'vault'), compression: 'zstd' });
    return new VolumeBench(connect(endpoint), vault, await currentProcess(), folder);
  }

  async close(): Promise<void> {
    await this.host.removeLabelled();
    await this.engine.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** The same with another engine in between. */
  through(engine: Engine): Pick<VolumeBench, 'engine' | 'vault' | 'owner'> {
    return { engine, vault: this.vault, owner: this.owner };
  }

  /** A name that no other test has. */
  name(what: string): string {
    return `drydock-test-${what}-${randomBytes(4).toString('hex')}`;
  }

  /** A new volume, and its folder on this machine. */
  async volume(
    what: string,
    labels: Readonly<Record<string, string>> = {},
    options: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly name: string; readonly folder: string }> {
    const name = this.name(what);
    const all = { ...labels, [testLabel]: '1' };
    const { mountpoint } = await this.engine.volumes.create({ name, driver: 'local', options, labels: all });
    return { name, folder: mountpoint };
  }

  async folderOf(name: string): Promise<string> {
    return (await this.engine.volumes.inspect(name)).mountpoint;
  }

  async backUp(name: string, consistency: 'none' | 'pause' | 'stop' = 'none') {
    const result = await backupVolume(this, { name, consistency }, unattended());
    return { ...result, volume: await this.volumeIn(result.snapshot) };
  }

  async volumeIn(snapshot: Snapshot): Promise<SnapshotVolume> {
    const [volume] = (await openSnapshot(this.vault, snapshot)).volumes;
    assert.ok(volume);
    return volume;
  }

  /** Helpers and their images on the engine, and journals in the vault: none after every operation. */
  async leftovers(): Promise<readonly string[]> {
    const [containers, images, journals] = await Promise.all([
      this.engine.containers.list(),
      this.engine.images.list(),
      readdir(this.vault.paths.journal),
    ]);
    return [
      ...containers.flatMap(({ names }) => names.filter((name) => name.startsWith('drydock-helper'))),
      ...images.flatMap(({ tags }) => tags.filter((tag) => tag.includes('drydock-helper'))),
      ...journals,
    ];
  }
}
