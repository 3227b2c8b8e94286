import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { directorySource } from '../../../src/core/archive/directorySource.ts';
import { fileSource } from '../../../src/core/archive/fileSource.ts';
import { readArchive } from '../../../src/core/archive/readArchive.ts';
import { backupImages } from '../../../src/core/backup/backupImages.ts';
import type { BackupResult } from '../../../src/core/backup/backupResult.ts';
import { parseDigest, type Digest } from '../../../src/core/digest.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { unattended } from '../../../src/core/progress.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import { openSnapshot, readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { readVerified } from '../../../src/core/vault/blobStore.ts';
import { readLayer } from '../../../src/core/vault/frames.ts';
import { createVault, openVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { connect } from '../../../src/docker/connect.ts';
import { parseAddress } from '../../../src/docker/parseAddress.ts';
import { collect } from '../../support/archives/byteStreams.ts';
import { testHost, testLabel } from '../../support/engine.ts';
import { dockerCli, makeVariedImages, type DockerCli } from '../../support/variedImages.ts';

const run = promisify(execFile);
const program = new URL('../../support/imageBackup.ts', import.meta.url).pathname;

interface Known {
  readonly id: Digest;
  readonly tags: readonly string[];
  readonly diffIds: readonly string[];
}

describe('images in a vault, from a real engine', function () {
  this.timeout(300_000);
  let folder: string;
  let docker: DockerCli;
  let engine: Engine;
  let made: readonly { readonly id: string }[];
  /** What was asked of the engine's save, one list for each request. */
  let saves: (readonly string[])[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-images-'));
    docker = await dockerCli(testHost());
    const endpoint = parseAddress(testHost());
    assert.ok(endpoint);
    const real = connect(endpoint);
    const images: Engine['images'] = {
      ...real.images,
      save: (refs, options) => {
        saves.push(refs);
        return real.images.save(refs, options);
      },
    };
    engine = { ...real, images };
    made = await makeVariedImages(testHost(), folder);
  });

  beforeEach(() => {
    saves = [];
  });

  after(async () => {
    // A parent is refused while it has children, so each round takes those that have none.
    for (let left = Number.POSITIVE_INFINITY; left > 0;) {
      const ids = [...new Set((await labelled()).split('\n').filter((id) => id !== ''))];
      assert.ok(ids.length < left, `${ids.length} images can't be removed`);
      left = ids.length;
      for (const id of ids)
        await docker('image', 'rm', '--force', id).catch((error: unknown) => {
          if (!String(error).includes('dependent child')) throw error;
        });
    }
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });

  const labelled = (): Promise<string> =>
    docker('image', 'ls', '--quiet', '--no-trunc', '--filter', `label=${testLabel}`);

  /** What the engine says, asked through its own CLI and not through our adapter. */
  const lookUp = async (ref: string): Promise<Known> => {
    const text = await docker('image', 'inspect', '--format', '{{json .}}', ref);
    const { Id, RepoTags, RootFS } = JSON.parse(text) as {
      Id: string;
      RepoTags: string[] | null;
      RootFS: { Layers: string[] | null };
    };
    return { id: parseDigest(Id, 'inspect'), tags: RepoTags ?? [], diffIds: RootFS.Layers ?? [] };
  };

  const newVault = (name: string, compression: 'zstd' | 'gzip' = 'zstd'): Promise<Vault> =>
    createVault({ path: join(folder, name), compression });
  const backUp = async (vault: Vault, images: readonly Known[]): Promise<readonly BackupResult[]> =>
    backupImages({ engine, vault, owner: await currentProcess() }, { images }, unattended());

  /** Reads every layer of a snapshot and compares config and diffIDs with the engine's word. */
  async function requireWhole(vault: Vault, snapshot: Snapshot, known: Known): Promise<void> {
    const { images } = await openSnapshot(vault, snapshot);
    assert.equal(images.length, 1);
    const [image] = images;
    assert.equal(image?.id, known.id);
    const own = image.manifests.find(
      ({ layers }) => layers.map(({ diffId }) => diffId).join() === known.diffIds.join(),
    );
    assert.ok(own, known.tags.join());
    for (const { index } of own.layers) await collect(readLayer(vault.blobs, index));
  }

  it('hold varied images as the engine has them, asked for in one request, and nothing the second time', async () => {
    const vault = await newVault('varied');
    const known = await Promise.all([...new Set(made.map(({ id }) => id))].map(lookUp));
    const first = await backUp(vault, known);
    assert.equal(saves.length, 1);
    for (const [place, { snapshot }] of first.entries()) {
      const one = known[place];
      assert.ok(one);
      await requireWhole(vault, snapshot, one);
    }
    const second = await backUp(vault, known);
    assert.equal(saves.length, 1);
    assert.ok(second.every(({ isUnchanged }) => isUnchanged));
    assert.ok(second.every(({ snapshot: { newBytes, sizeBytes } }) => newBytes === sizeBytes));
  });

  it('hold ten versions of one in little more than one, and take only a new one then', async () => {
    const vault = await newVault('versions');
    const context = join(folder, 'versions-context');
    await mkdir(context);
    await writeFile(join(context, 'base'), randomBytes(4 << 20));
    const versions: Known[] = [];
    for (let version = 0; version < 11; version += 1) {
      await writeFile(join(context, 'app'), randomBytes(100_000));
      await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY base /base\nCOPY app /app\n');
      const tag = `drydock-test/versions:${version}`;
      const id = await docker('build', '--quiet', '--label', `${testLabel}=1`, '--tag', tag, context);
      versions.push(await lookUp(id));
    }
    const results = await backUp(vault, versions.slice(0, 10));
    assert.deepEqual(
      saves.map((refs) => refs.length),
      [10],
    );
    assert.equal(results.length, 10);
    const stored = results.reduce((sum, { snapshot }) => sum + snapshot.newBytes, 0);
    assert.ok(stored < 4.3 * (1 << 20) + 10 * 120_000, String(stored));
    const [next] = await backUp(vault, versions.slice(10));
    const last = versions.at(-1);
    assert.ok(next && last);
    assert.ok(next.snapshot.newBytes < 150_000);
    await requireWhole(vault, next.snapshot, last);
  });

  it('are read by skopeo, with the same layers', async () => {
    const skopeo = process.env['DRYDOCK_TEST_SKOPEO'];
    assert.ok(skopeo, 'DRYDOCK_TEST_SKOPEO is not set: run "npm run test:docker"');
    const { imageStore } = await engine.info();
    const known = await lookUp('drydock-test/several:1');
    for (const compression of ['gzip', 'zstd'] as const) {
      const vault = await newVault(`skopeo-${compression}`, compression);
      const [result] = await backUp(vault, [known, await lookUp('drydock-test/odd:1')]);
      assert.ok(result);
      const source = `oci:${vault.paths.root}:${result.snapshot.refName}`;
      const layout = join(folder, `layout-${compression}`);
      await run(skopeo, ['copy', '--insecure-policy', source, `oci:${layout}:copy`]);
      const archives = [await directorySource(layout)];
      // Of this age it knows no zstd in Docker's own forms, nor Docker's layer types in an OCI manifest, as a
      // containerd store's builder writes them and as they have to stay.
      if (compression === 'gzip' && imageStore === 'graphdriver') {
        const file = join(folder, 'skopeo.tar');
        await run(skopeo, ['copy', '--insecure-policy', source, `docker-archive:${file}`]);
        archives.push(fileSource(file));
      }
      for (const archive of archives) {
        const { images } = await readArchive(archive, unattended());
        assert.deepEqual(
          images[0]?.layers.map(({ diffId }) => diffId),
          known.diffIds,
        );
      }
    }
  });

  it('are whole with every snapshot there was when the process is killed at any step', async () => {
    const base = await lookUp('drydock-test/base:1');
    const child = await lookUp('drydock-test/child:1');
    const start = await newVault('killed');
    const [old] = await backUp(start, [base]);
    assert.ok(old);
    const copy = async (name: string): Promise<string> => {
      await cp(start.paths.root, join(folder, name), { recursive: true });
      return join(folder, name);
    };
    const steps = Number((await inProcess(await copy('steps'), 0, child)).said);
    assert.ok(steps > 30, String(steps));
    let landed = 0;
    // A process takes most of its time to start: every fifth step, and the last ones each.
    const kills = Array.from({ length: steps }, (_, step) => step + 1).filter(
      (step) => step % 5 === 1 || step > steps - 4,
    );
    for (const killAt of kills) {
      const path = await copy(`killed-${killAt}`);
      assert.ok((await inProcess(path, killAt, child)).isKilled, `step ${killAt}`);
      const vault = await openVault({ path, access: 'write' });
      for await (const blob of vault.blobs.list()) await collect(readVerified(vault.blobs, blob));
      const snapshots = await readSnapshots(vault);
      assert.ok(snapshots.some(({ id }) => id === old.snapshot.id));
      for (const snapshot of snapshots)
        await requireWhole(vault, snapshot, snapshot.imageIds.includes(base.id) ? base : child);
      landed += snapshots.length - 1;
      const [again] = await backUp(vault, [child]);
      assert.ok(again);
      await requireWhole(vault, again.snapshot, child);
      assert.deepEqual(await readdir(vault.paths.locks), []);
      await rm(path, { recursive: true });
    }
    assert.ok(landed > 0 && landed < kills.length, String(landed));
  });

  async function inProcess(
    path: string,
    killAt: number,
    { id }: Known,
  ): Promise<{ readonly isKilled: boolean; readonly said: string }> {
    const args = [program, path, testHost(), String(killAt), id];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const exit = once(child, 'exit');
    const said = String(await collect(child.stdout as AsyncIterable<Uint8Array>)).trim();
    await exit;
    assert.ok(child.signalCode === 'SIGKILL' || child.exitCode === 0, `it ended with ${child.exitCode}`);
    return { isKilled: child.signalCode === 'SIGKILL', said };
  }
});
