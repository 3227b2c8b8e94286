import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tarEnd, tarFile } from '../../../src/core/archive/tarWriter.ts';
import { backupImages } from '../../../src/core/backup/backupImages.ts';
import { parseDigest } from '../../../src/core/digest.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { unattended } from '../../../src/core/progress.ts';
import type { RemoteRegistry } from '../../../src/core/registry/remoteRepository.ts';
import { openSnapshot } from '../../../src/core/snapshot/snapshots.ts';
import { copyImage } from '../../../src/core/transfer/copyImage.ts';
import { pullSnapshot } from '../../../src/core/transfer/pullSnapshot.ts';
import { pushImage } from '../../../src/core/transfer/pushImage.ts';
import { pushSnapshot } from '../../../src/core/transfer/pushSnapshot.ts';
import { createVault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { connect } from '../../../src/docker/connect.ts';
import { parseAddress } from '../../../src/docker/parseAddress.ts';
import { testHost } from '../../support/engine.ts';
import { startRealRegistry, type RealRegistry } from '../../support/realRegistry.ts';
import { registryHere } from '../../support/registryHere.ts';
import { dockerCli, type DockerCli } from '../../support/variedImages.ts';

const operation = unattended();

describe('a vault, a registry and a real engine', function () {
  this.timeout(120_000);
  let folder: string;
  let docker: DockerCli;
  let engine: Engine;
  let server: RealRegistry;
  let registry: RemoteRegistry;
  const names: string[] = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-registry-'));
    docker = await dockerCli(testHost());
    const endpoint = parseAddress(testHost());
    assert.ok(endpoint);
    engine = connect(endpoint);
    server = await startRealRegistry(join(folder, 'server'));
    registry = registryHere(server.host);
  });
  after(async () => {
    for (const name of names) await docker('image', 'rm', '--force', name).catch(() => undefined);
    registry.close();
    await engine.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Asks the engine itself. */
  const idOf = async (name: string) =>
    parseDigest(await docker('image', 'inspect', '--format', '{{.Id}}', name), 'inspect');
  const pulled = async (name: string) => {
    names.push(name);
    await docker('pull', name);
    return idOf(name);
  };

  it('give an image back to it with its ID, by way of another vault too', async () => {
    const tar = join(folder, 'rootfs.tar');
    await writeFile(tar, Buffer.concat([tarFile('data', randomBytes(300_000)), tarEnd]));
    const name = 'drydock-test/pushed:1';
    await docker('import', '--change', 'LABEL dev.drydock.test=1', '--change', 'CMD ["/data"]', tar, name);
    names.push(name);
    const id = await idOf(name);
    const owner = await currentProcess();
    const vault = await createVault({ path: join(folder, 'vault'), compression: 'zstd' });
    const images = [{ id, tags: [name] }];
    const [backup] = await backupImages({ engine, vault, owner }, { images }, operation);
    assert.ok(backup);
    await docker('image', 'rm', name);
    const to = registry.repository('backups');
    await pushSnapshot({ from: vault, to }, { snapshot: backup.snapshot, tag: 's' }, operation);
    const other = await createVault({ path: join(folder, 'other'), compression: 'gzip' });
    const { snapshot } = await pullSnapshot({ from: to, to: other, owner }, { ref: 's' }, operation);
    const [image] = (await openSnapshot(other, snapshot)).images;
    assert.equal(image?.id, id);
    // This engine is too old for zstd.
    const app = registry.repository('app');
    await pushImage({ from: other, to: app }, { image, tag: '1', compression: 'gzip' }, operation);
    assert.equal(await pulled(`${server.host}/app:1`), id);
  });

  it('hand on what it pushed', async () => {
    const tar = join(folder, 'more.tar');
    await writeFile(tar, Buffer.concat([tarFile('data', randomBytes(100_000)), tarEnd]));
    const name = `${server.host}/from-engine:1`;
    await docker('import', '--change', 'LABEL dev.drydock.test=1', tar, name);
    names.push(name);
    const id = await idOf(name);
    await docker('push', name);
    await docker('image', 'rm', name);
    const [from, to] = [registry.repository('from-engine'), registry.repository('copied')];
    const { blobs } = await copyImage({ from, to }, { ref: '1', tag: '2', sourceTags: ['1'] }, operation);
    assert.equal(blobs.mounted, 2);
    assert.equal(await pulled(`${server.host}/copied:2`), id);
  });
});
