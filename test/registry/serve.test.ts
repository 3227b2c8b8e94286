import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOf } from '../../src/core/digest.ts';
import { unattended } from '../../src/core/progress.ts';
import type { Endpoint } from '../../src/core/registry/endpoint.ts';
import { vaultContents } from '../../src/core/serve/vaultContents.ts';
import { openSnapshot } from '../../src/core/snapshot/snapshots.ts';
import { pullSnapshot } from '../../src/core/transfer/pullSnapshot.ts';
import { createVault } from '../../src/core/vault/layout.ts';
import { currentProcess } from '../../src/core/vault/processIdentity.ts';
import { openEndpoint } from '../../src/registry/endpoint/openEndpoint.ts';
import { pushedVault, type PushedVault } from '../support/pushedVault.ts';
import { skopeo } from '../support/realRegistry.ts';
import { registryHere } from '../support/registryHere.ts';

async function all(items: AsyncIterable<string>): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('a vault that is served', function () {
  this.timeout(60_000);
  let folder: string;
  let made: PushedVault;
  let endpoint: Endpoint;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-serve-'));
    made = await pushedVault(join(folder, 'vault'));
    endpoint = await openEndpoint({ contents: vaultContents(made.vault) });
  });
  after(async () => {
    await endpoint.close();
    await rm(folder, { recursive: true, force: true });
  });

  const creds = (side: string) => [
    `--${side}tls-verify=false`,
    `--${side}creds=${endpoint.username}:${endpoint.password}`,
  ];
  const place = (name: string) => `docker://${endpoint.address}/${name}`;

  it('is copied from by skopeo: an image by its name, with all platforms, a snapshot by its own', async () => {
    const layout = join(folder, 'layout');
    await mkdir(layout);
    // Of two snapshots with an image of that name the one that is listed first has it.
    const named = (await openSnapshot(made.vault, made.container)).images[0];
    const raw = await skopeo('inspect', '--raw', ...creds(''), place('app:1'));
    assert.equal(digestOf(raw), named?.target.digest);
    const own = (await openSnapshot(made.vault, made.image)).images[0];
    const copies = [
      ['app:1', named?.id],
      [made.image.refName, own?.id],
    ] as const;
    for (const [at, [name, id]] of copies.entries()) {
      await skopeo('copy', ...creds('src-'), place(name), `oci:${layout}:t${at}`);
      assert.equal(digestOf(await skopeo('inspect', '--config', '--raw', `oci:${layout}:t${at}`)), id);
    }
    await skopeo('copy', '--all', ...creds('src-'), place('multi:1'), `oci:${layout}:all`);
  });

  it('lists its repositories and tags', async () => {
    const registry = registryHere(endpoint.address, {
      env: { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [endpoint.address]: endpoint } }) },
    });
    const repositories = await all(registry.repositories());
    assert.deepEqual(repositories, ['app', 'container/web', 'multi', 'sparse']);
    const tags = await all(registry.repository('app').tags());
    assert.deepEqual(tags, ['1', made.image.refName.split(':')[1]]);
    registry.close();
  });

  it('gives a snapshot with its ID to another vault, through drydock pull', async () => {
    const registry = registryHere(endpoint.address, {
      env: { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [endpoint.address]: endpoint } }) },
    });
    const vault = await createVault({ path: join(folder, 'second'), compression: 'zstd' });
    const owner = await currentProcess();
    const [path = '', ref = ''] = made.container.refName.split(':');
    const from = registry.repository(path);
    const pulled = await pullSnapshot({ from, to: vault, owner }, { ref }, unattended());
    assert.equal(pulled.snapshot.id, made.container.id);
    registry.close();
  });

  it('is there with `drydock serve` until it is interrupted', async () => {
    const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
    const child = spawn(process.execPath, [main, 'serve', '--json', '--vault', made.vault.paths.root], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const served = JSON.parse(line.toString()) as Endpoint;
    const reach = ['--tls-verify=false', `--creds=${served.username}:${served.password}`];
    await skopeo('inspect', '--raw', ...reach, `docker://${served.address}/app:1`);
    child.kill('SIGINT');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    await assert.rejects(skopeo('inspect', '--raw', ...reach, `docker://${served.address}/app:1`), /refused/);
  });

  it('knows nothing that is not in it', async () => {
    for (const name of ['app:2', 'none:1'])
      await assert.rejects(
        skopeo('inspect', '--raw', ...creds(''), place(name)),
        /manifest unknown|name unknown/i,
      );
  });
});
