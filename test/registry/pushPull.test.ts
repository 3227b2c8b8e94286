import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyVault } from '../../src/core/maintenance/verifyVault.ts';
import { parseImageConfig, parseManifest } from '../../src/core/oci/manifest.ts';
import { unattended } from '../../src/core/progress.ts';
import type { BlobSource, RemoteRegistry } from '../../src/core/registry/remoteRepository.ts';
import { openSnapshot } from '../../src/core/snapshot/snapshots.ts';
import { pull } from '../../src/core/transfer/pull.ts';
import { pullSnapshot } from '../../src/core/transfer/pullSnapshot.ts';
import { pushImage } from '../../src/core/transfer/pushImage.ts';
import { pushSnapshot } from '../../src/core/transfer/pushSnapshot.ts';
import { createVault } from '../../src/core/vault/layout.ts';
import { currentProcess } from '../../src/core/vault/processIdentity.ts';
import { pushedVault, type PushedVault } from '../support/pushedVault.ts';
import {
  connectTo,
  password,
  skopeo,
  startRealRegistry,
  type RealRegistry,
} from '../support/realRegistry.ts';
import { pseudoRandom, registryHere, sourceOf } from '../support/registryHere.ts';

const operation = unattended();

describe('a vault and Distribution’s registry', function () {
  this.timeout(120_000);
  let folder: string;
  let made: PushedVault;
  let server: RealRegistry;
  let registry: RemoteRegistry;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-registry-'));
    made = await pushedVault(join(folder, 'vault'));
    server = await startRealRegistry(join(folder, 'server'), { wantsPassword: true, usesTls: true });
    registry = connectTo(server);
  });
  after(async () => {
    registry.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** What tells skopeo how to reach it. */
  const reach = (side: 'src' | 'dest' | '') => [
    `--${side === '' ? '' : `${side}-`}cert-dir=${join(server.certificates, server.host)}`,
    `--${side === '' ? '' : `${side}-`}creds=${password.username}:${password.password}`,
  ];

  for (const name of ['container', 'image', 'platforms', 'sparse'] as const)
    it(`bring the snapshot of ${name} back under its ID`, async () => {
      const to = registry.repository('backups');
      const snapshot = made[name];
      const { form, digest } = await pushSnapshot(
        { from: made.vault, to },
        { snapshot, tag: name },
        operation,
      );
      assert.equal(form, name === 'sparse' ? 'parcel' : 'index');
      const vault = await createVault({ path: join(folder, `pulled-${name}`), compression: 'zstd' });
      const owner = await currentProcess();
      const pulled = await pullSnapshot({ from: to, to: vault, owner }, { ref: name }, operation);
      assert.equal(pulled.snapshot.id, snapshot.id);
      const { problems } = await verifyVault({ vault, owner }, { depth: 'contents' }, operation);
      assert.deepEqual(problems, []);
      const raw = await skopeo('inspect', '--raw', ...reach(''), `docker://${server.host}/backups:${name}`);
      const inspected = await skopeo('manifest-digest', await saved(raw));
      assert.equal(inspected.trim(), digest);
    });

  async function saved(text: string): Promise<string> {
    const path = join(folder, 'raw.json');
    await writeFile(path, text);
    return path;
  }

  it('let skopeo find the image in a snapshot that was pushed', async () => {
    const to = registry.repository('backups');
    await pushSnapshot({ from: made.vault, to }, { snapshot: made.image, tag: 'found' }, operation);
    const path = join(folder, 'found');
    await mkdir(path);
    await skopeo(
      'copy',
      '--override-os=linux',
      '--override-arch=amd64',
      ...reach('src'),
      `docker://${server.host}/backups:found`,
      `dir:${path}`,
    );
    const { config } = parseManifest(await readFile(join(path, 'manifest.json')), 'test');
    const [image] = (await openSnapshot(made.vault, made.image)).images;
    assert.equal(config.digest, image?.id);
  });

  for (const [name, compression] of [
    ['image', 'keep'],
    ['image', 'gzip'],
    ['platforms', 'keep'],
    ['sparse', 'keep'],
  ] as const)
    it(`have skopeo pull the image of ${name}, with layers as ${compression}, digest for digest`, async () => {
      const [image] = (await openSnapshot(made.vault, made[name])).images;
      assert.ok(image);
      const to = registry.repository(`apps/${name}`);
      const pushed = await pushImage(
        { from: made.vault, to },
        { image, tag: compression, compression },
        operation,
      );
      const path = join(folder, `skopeo-${name}-${compression}`);
      const from = `docker://${server.host}/apps/${name}:${compression}`;
      await skopeo('copy', '--all', ...reach('src'), from, `oci:${path}:it`);
      const layout = JSON.parse(await readFile(join(path, 'index.json'), 'utf8')) as {
        manifests: readonly { digest: string }[];
      };
      assert.deepEqual(
        layout.manifests.map(({ digest }) => digest),
        [pushed.digest],
      );
      const configs = new Set(image.manifests.map(({ config }) => config.digest.slice(7)));
      const names = await readdir(join(path, 'blobs/sha256'));
      for (const config of configs) assert.ok(names.includes(config));
      if (compression === 'gzip') {
        // Old clients can't write zstd into this form, so that this works says that there is none.
        await skopeo('copy', ...reach('src'), from, `docker-archive:${join(folder, 'old.tar')}:app:1`);
      }
    });

  it('survive a registry that is killed in the middle of a blob', async () => {
    const place = join(folder, 'killed');
    let short = await startRealRegistry(place);
    const port = Number(short.host.split(':')[1]);
    const bytes = pseudoRandom(24 << 20);
    const whole = sourceOf(bytes);
    let restarted: Promise<void> | undefined;
    const source: BlobSource = {
      ...whole,
      async *open(start, cancel) {
        let at = start;
        for await (const piece of whole.open(start, cancel)) {
          yield piece;
          at += piece.length;
          if (at < 12 << 20 || restarted !== undefined) continue;
          restarted = short.kill().then(async () => {
            short = await startRealRegistry(place, { port });
          });
          await restarted;
        }
      },
    };
    // The time that it takes to start again is waited for by the source.
    const client = registryHere(short.host, {
      wait: async () => {
        await restarted;
      },
    });
    const app = client.repository('app');
    assert.equal(await app.putBlob(source), 'sent');
    assert.deepEqual(await app.headBlob(source.digest), { sizeBytes: bytes.length });
    client.close();
    await short.stop();
  });

  it('take from skopeo what it pushes, byte for byte', async () => {
    const to = registry.repository('from-skopeo');
    await skopeo(
      'copy',
      ...reach('dest'),
      `oci:${made.vault.paths.root}:${made.image.refName}`,
      `docker://${server.host}/from-skopeo:1`,
    );
    const manifest = await to.getManifest('1');
    assert.ok(manifest);
    const { config, layers } = parseManifest(manifest.bytes, 'test');
    const parts: Buffer[] = [];
    for await (const piece of to.openBlob({ digest: config.digest, sizeBytes: config.size }))
      parts.push(Buffer.from(piece));
    assert.equal(parseImageConfig(Buffer.concat(parts), 'test').rootfs?.diff_ids?.length, layers?.length);
    for (const { digest, size } of layers ?? [])
      for await (const piece of to.openBlob({ digest, sizeBytes: size })) assert.ok(piece.length > 0);
    const vault = await createVault({ path: join(folder, 'images'), compression: 'zstd' });
    const owner = await currentProcess();
    const pulled = await pull({ from: to, to: vault, owner }, { ref: '1' }, operation);
    assert.ok(pulled.kind === 'image');
    assert.equal(pulled.digest, manifest.digest);
    const { problems } = await verifyVault({ vault, owner }, { depth: 'contents' }, operation);
    assert.deepEqual(problems, []);
    // It is in the vault as skopeo gave it away.
    const path = join(folder, 'back');
    await mkdir(path);
    await skopeo('copy', `oci:${vault.paths.root}:${pulled.snapshot.refName}`, `dir:${path}`);
    assert.deepEqual(await readFile(join(path, 'manifest.json')), Buffer.from(manifest.bytes));
  });
});
