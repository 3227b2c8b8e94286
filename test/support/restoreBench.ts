/**
 * A vault and an engine for tests that back up and restore whole containers: the docker CLI as people use it, an
 * inspect without what differs from one container to the next, and everything with the tests' label gone at the end.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../../src/core/engine/engine.ts';
import { unattended } from '../../src/core/progress.ts';
import { executeRestore } from '../../src/core/restore/executeRestore.ts';
import { planRestore } from '../../src/core/restore/planRestore.ts';
import type { RestoreChoices, RestorePlan } from '../../src/core/restore/restorePlan.ts';
import type { RestoreResult } from '../../src/core/restore/restoreResult.ts';
import type { Snapshot } from '../../src/core/snapshot/snapshot.ts';
import { openSnapshot } from '../../src/core/snapshot/snapshots.ts';
import { createVault, type Vault } from '../../src/core/vault/layout.ts';
import { currentProcess, type ProcessIdentity } from '../../src/core/vault/processIdentity.ts';
import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';
import { testHost, testLabel } from './engine.ts';
import { makeShellImage } from './shellImage.ts';
import { engineHost, type EngineHost } from './tinyImage.ts';

export class RestoreBench {
  readonly engine: Engine;
  readonly host: EngineHost = engineHost(testHost());
  readonly vault: Vault;
  readonly owner: ProcessIdentity;
  readonly folder: string;

  private constructor(engine: Engine, vault: Vault, owner: ProcessIdentity, folder: string) {
    this.engine = engine;
    this.vault = vault;
    this.owner = owner;
    this.folder = folder;
  }

  static async open(): Promise<RestoreBench> {
    const endpoint = parseAddress(testHost());
    assert.ok(endpoint);
    const folder = await mkdtemp(join(tmpdir(), 'drydock-restore-'));
    const vault = await createVault({ path: join(folder, 'vault'), compression: 'zstd' });
    await makeShellImage(testHost());
    return new RestoreBench(connect(endpoint), vault, await currentProcess(), folder);
  }

  async close(): Promise<void> {
    await this.host.removeLabelled();
    this.removeNetworks();
    await this.engine.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** All images and their names. Those that were made within one second are listed in any order. */
  images(): string {
    const form = ['--format', '{{.ID}} {{.Repository}}:{{.Tag}}'];
    return this.docker('images', '--all', '--no-trunc', ...form)
      .split('\n')
      .sort()
      .join('\n');
  }

  removeNetworks(): void {
    const ids = this.docker('network', 'ls', '--quiet', '--filter', `label=${testLabel}=1`);
    if (ids !== '') this.docker('network', 'rm', ...ids.split('\n'));
  }

  /** A name that no other test has. */
  name(what: string): string {
    return `drydock-test-${what}-${randomBytes(4).toString('hex')}`;
  }

  docker(...args: readonly string[]): string {
    const env = { ...process.env, DOCKER_HOST: testHost() };
    return execFileSync('docker', args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  }

  /** `docker run --detach` with the tests' label. */
  run(name: string, ...args: readonly string[]): void {
    this.docker('run', '--detach', '--name', name, '--label', `${testLabel}=1`, ...args);
  }

  exec(name: string, script: string): string {
    return this.docker('exec', name, 'sh', '-c', script);
  }

  async plan(snapshot: Snapshot, choices: RestoreChoices = {}): Promise<RestorePlan> {
    const contents = await openSnapshot(this.vault, snapshot);
    return planRestore(this, { contents, choices });
  }

  async restore(snapshot: Snapshot, choices: RestoreChoices = {}): Promise<RestoreResult> {
    return executeRestore(this, await this.plan(snapshot, choices), unattended());
  }

  /** Journals in the vault and things of ours on the engine: none after every operation. */
  async leftovers(): Promise<readonly string[]> {
    const names = this.docker('ps', '--all', '--format', '{{.Names}}').split('\n');
    return [
      ...names.filter((name) => name.startsWith('drydock-helper') || name.includes('-before-')),
      ...(await readdir(this.vault.paths.journal)),
    ];
  }

  /** The engine's inspect, without IDs, times, paths of this one container, and addresses that the engine chose. */
  inspect(name: string): unknown {
    const [found] = JSON.parse(this.docker('inspect', name)) as Json[];
    assert.ok(found);
    const short = String(found['Id']).slice(0, 12);
    const networks = (found['NetworkSettings'] as Json)['Networks'] as Record<string, Json>;
    return {
      ...pick(found, ['Name', 'Path', 'Args', 'RestartCount', 'Platform', 'HostConfig']),
      State: pick(found['State'] as Json, ['Status', 'Running', 'Paused', 'ExitCode']),
      Mounts: [...(found['Mounts'] as Json[])].sort((a, b) =>
        String(a['Destination']) < String(b['Destination']) ? -1 : 1,
      ),
      Config: { ...without(found['Config'] as Json, ['Image']), Hostname: hostname(found, short) },
      Networks: Object.fromEntries(
        Object.entries(networks).map(([network, endpoint]) => {
          const aliases = ((endpoint['Aliases'] ?? []) as string[]).filter((alias) => alias !== short);
          const wishes = pick(endpoint, ['IPAMConfig', 'Links', 'DriverOpts']);
          const isFixed = Object.keys(endpoint['IPAMConfig'] ?? {}).length > 0;
          return [
            network,
            { ...withoutEmpty(wishes), ...(isFixed && pick(endpoint, ['IPAddress'])), aliases },
          ];
        }),
      ),
    };
  }
}

type Json = Record<string, unknown>;

function hostname(found: Json, short: string): unknown {
  const name = (found['Config'] as Json)['Hostname'];
  return name === short ? '(its short ID)' : name;
}

function pick(from: Json, keys: readonly string[]): Json {
  return Object.fromEntries(Object.entries(from).filter(([key]) => keys.includes(key)));
}

function without(from: Json, keys: readonly string[]): Json {
  return Object.fromEntries(Object.entries(from).filter(([key]) => !keys.includes(key)));
}

/** Engines write nothing as null in one place and as {} in another. */
function withoutEmpty(from: Json): Json {
  return Object.fromEntries(
    Object.entries(from).filter(([, value]) => value !== null && Object.keys(value as Json).length > 0),
  );
}
