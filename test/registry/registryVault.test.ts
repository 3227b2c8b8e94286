import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyVault } from '../../src/core/maintenance/verifyVault.ts';
import { unattended } from '../../src/core/progress.ts';
import type { RemoteRegistry } from '../../src/core/registry/remoteRepository.ts';
import { openSnapshot, readSnapshots } from '../../src/core/snapshot/snapshots.ts';
import { copyFromRegistry } from '../../src/core/transfer/copyFromRegistry.ts';
import { copyToRegistry } from '../../src/core/transfer/copyToRegistry.ts';
import { forgetInRegistry } from '../../src/core/transfer/forgetInRegistry.ts';
import { registryVault } from '../../src/core/transfer/registryVault.ts';
import { createVault } from '../../src/core/vault/layout.ts';
import { currentProcess } from '../../src/core/vault/processIdentity.ts';
import { failureOf } from '../support/failureOf.ts';
import { pushedVault, type PushedVault } from '../support/pushedVault.ts';
import {
  connectTo,
  password,
  skopeo,
  startRealRegistry,
  type RealRegistry,
} from '../support/realRegistry.ts';
import { registryHere } from '../support/registryHere.ts';

const operation = unattended();

describe('a vault in Distribution’s registry', function () {
  this.timeout(120_000);
  let folder: string;
  let made: PushedVault;
  let server: RealRegistry;
  let registry: RemoteRegistry;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-registry-vault-'));
    made = await pushedVault(join(folder, 'vault'));
    server = await startRealRegistry(join(folder, 'server'), { wantsPassword: true, usesTls: true });
    registry = connectTo(server);
  });
  after(async () => {
    registry.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('is copied to, verified down to every file, copied from and on, and forgotten in', async () => {
    const owner = await currentProcess();
    const at = (path: string) => registryVault(registry.repository(path));
    // One as an index and one as a parcel.
    const ids = [made.image.id, made.sparse.id];
    await copyToRegistry({ from: made.vault, to: at('team/backups') }, { ids }, operation);
    const verify = (path: string) =>
      verifyVault({ vault: at(path), owner }, { depth: 'contents' }, operation);
    const first = await verify('team/backups');
    assert.deepEqual([first.problems, first.sound.length], [[], 2]);

    const copies = await copyToRegistry({ from: at('team/backups'), to: at('second') }, { ids }, operation);
    assert.ok(copies.every(({ copied }) => copied.bytes <= 2));
    assert.deepEqual((await verify('second')).problems, []);

    const other = await createVault({ path: join(folder, 'other'), compression: 'zstd' });
    await copyFromRegistry({ from: at('second'), to: other, owner }, { ids }, operation);
    const { problems } = await verifyVault({ vault: other, owner }, { depth: 'contents' }, operation);
    assert.deepEqual(problems, []);

    await forgetInRegistry(at('second'), { ids: ids.slice(1) }, operation);
    assert.deepEqual(
      (await readSnapshots(at('second'))).map(({ id }) => id),
      ids.slice(0, 1),
    );
    assert.deepEqual((await verify('team/backups')).problems, []);
  });

  it('gives a part of a blob by its range, and skopeo the image in a snapshot', async () => {
    const vault = registryVault(registry.repository('ranges'));
    const ids = [made.container.id, made.image.id];
    await copyToRegistry({ from: made.vault, to: vault }, { ids }, operation);
    const { volumes } = await openSnapshot(vault, made.container);
    const index = volumes[0]?.parts[0]?.index;
    assert.ok(index);
    const read = async (of: typeof vault.blobs): Promise<Buffer> => {
      const pieces: Uint8Array[] = [];
      const range = { start: 1_000_000, end: 1_000_777 };
      for await (const piece of of.open(index.digest, { range })) pieces.push(piece);
      return Buffer.concat(pieces);
    };
    assert.deepEqual(await read(vault.blobs), await read(made.vault.blobs));

    const { snapshots } = await vault.list();
    const tag = snapshots.find(({ snapshot }) => snapshot.id === made.image.id)?.tags[0] ?? '';
    const path = join(folder, 'found');
    await mkdir(path);
    await skopeo(
      ...['copy', '--override-os=linux', '--override-arch=amd64'],
      `--src-cert-dir=${join(server.certificates, server.host)}`,
      `--src-creds=${password.username}:${password.password}`,
      ...[`docker://${server.host}/ranges:${tag}`, `dir:${path}`],
    );
    const [image] = (await openSnapshot(made.vault, made.image)).images;
    const manifest = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8')) as {
      config: { digest: string };
    };
    assert.equal(manifest.config.digest, image?.id);
  });

  it('says that it can’t be reached when the registry dies, and nothing of damage', async () => {
    const place = join(folder, 'dying');
    const short = await startRealRegistry(place);
    const client = registryHere(short.host);
    const vault = registryVault(client.repository('b'));
    await copyToRegistry({ from: made.vault, to: vault }, { ids: [made.image.id] }, operation);
    await short.kill();
    const owner = await currentProcess();
    const dead = registryVault(client.repository('b'));
    const { code } = await failureOf(verifyVault({ vault: dead, owner }, { depth: 'digests' }, operation));
    client.close();
    assert.ok(['registryUnreachable', 'registryBusy'].includes(code), code);
  });
});
