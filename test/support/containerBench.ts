/**
 * A vault and an engine for tests on containers that run a shell, and a look at what a backup leaves there.
 *
 *     const bench = await ContainerBench.open();
 *     await bench.run('web', ['--volume', 'data:/data'], 'echo started >> /data/log; sleep 600');
 *     await bench.leftovers();   // [] when the engine and the vault's journal are clean
 */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../../src/core/engine/engine.ts';
import type { Snapshot, SnapshotContents } from '../../src/core/snapshot/snapshot.ts';
import { openSnapshot } from '../../src/core/snapshot/snapshots.ts';
import { readLayer } from '../../src/core/vault/frames.ts';
import { createVault, type Vault } from '../../src/core/vault/layout.ts';
import { currentProcess, type ProcessIdentity } from '../../src/core/vault/processIdentity.ts';
import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';
import { collect } from './archives/byteStreams.ts';
import { testHost, testLabel } from './engine.ts';
import { makeShellImage, shellImage } from './shellImage.ts';
import { filesIn } from './tinyImage.ts';
import { dockerCli, type DockerCli } from './variedImages.ts';

/** Connects to the engine of this run. */
export function connectToTests(): Engine {
  const endpoint = parseAddress(testHost());
  assert.ok(endpoint);
  return connect(endpoint);
}

export class ContainerBench {
  readonly engine: Engine;
  readonly docker: DockerCli;
  readonly vault: Vault;
  readonly owner: ProcessIdentity;
  /** For files of a test; gone at its end. */
  readonly folder: string;
  /** Images that were there before the tests. */
  readonly #images: ReadonlySet<string>;

  private constructor(
    parts: Pick<ContainerBench, 'engine' | 'docker' | 'vault' | 'owner' | 'folder'>,
    images: readonly string[],
  ) {
    this.#images = new Set(images);
    this.engine = parts.engine;
    this.docker = parts.docker;
    this.vault = parts.vault;
    this.owner = parts.owner;
    this.folder = parts.folder;
  }

  static async open(): Promise<ContainerBench> {
    const folder = await mkdtemp(join(tmpdir(), 'drydock-containers-'));
    const vault = await createVault({ path: join(folder, 'vault'), compression: 'zstd' });
    const docker = await dockerCli(testHost());
    await makeShellImage(testHost());
    const engine = connectToTests();
    const images = (await engine.images.list()).map(({ id }) => id);
    return new ContainerBench({ engine, docker, vault, owner: await currentProcess(), folder }, images);
  }

  async close(): Promise<void> {
    await this.clear();
    await this.docker('image', 'rm', '--force', shellImage);
    await this.engine.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Removes the tests' containers, volumes and networks, so that the next test starts with none. */
  async clear(): Promise<void> {
    const filter = ['--filter', `label=${testLabel}=1`];
    const list = async (...args: readonly string[]): Promise<readonly string[]> =>
      (await this.docker(...args, '--quiet', ...filter)).split('\n').filter((line) => line !== '');
    for (const id of await list('ps', '--all')) await this.docker('rm', '--force', '--volumes', id);
    for (const name of await list('volume', 'ls')) await this.docker('volume', 'rm', name);
    for (const id of await list('network', 'ls')) await this.docker('network', 'rm', id);
  }

  /** Starts a labelled container with a script; it ends at once when it is told to stop. */
  async run(name: string, options: readonly string[], script: string): Promise<string> {
    return await this.docker(
      'run',
      '--detach',
      ...this.#usual(name),
      ...options,
      shellImage,
      'sh',
      '-c',
      script,
    );
  }

  /** Makes one that never ran. */
  async create(name: string, options: readonly string[]): Promise<string> {
    return await this.docker('create', ...this.#usual(name), ...options, shellImage, 'sleep', '600');
  }

  #usual(name: string): readonly string[] {
    return ['--name', name, '--label', `${testLabel}=1`, '--stop-signal', 'KILL'];
  }

  contents(snapshot: Snapshot): Promise<SnapshotContents> {
    return openSnapshot(this.vault, snapshot);
  }

  /** Files of a volume in a snapshot, by their names in it. */
  async filesOf({ volumes }: SnapshotContents, name: string): Promise<ReadonlyMap<string, string>> {
    const volume = volumes.find(({ document }) => document.name === name);
    assert.ok(volume, `the snapshot has no volume ${name}`);
    const files = new Map<string, string>();
    for (const { index } of volume.parts)
      for (const [path, bytes] of await filesIn(await collect(readLayer(this.vault.blobs, index))))
        files.set(path.slice(volume.document.root.length), bytes.toString());
    return files;
  }

  /** What every container of the tests is doing. */
  async states(): Promise<Readonly<Record<string, string>>> {
    const all = await this.engine.containers.list();
    return Object.fromEntries(all.map(({ names: [name = ''], state }) => [name, state]));
  }

  /** What Drydock made on the engine for itself, and journals in the vault. */
  async leftovers(): Promise<readonly string[]> {
    const [containers, images, journals] = await Promise.all([
      this.engine.containers.list(),
      this.engine.images.list(),
      readdir(this.vault.paths.journal),
    ]);
    return [
      ...containers.flatMap(({ names }) =>
        names.filter((name) => /^drydock-[a-z]+-[0-9a-f]{16}$/.test(name)),
      ),
      ...images
        .filter(({ id }) => !this.#images.has(id))
        .flatMap(({ id, tags }) => (tags.length > 0 ? tags : [id])),
      ...journals,
    ];
  }
}
