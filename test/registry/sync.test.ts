import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unattended } from '../../src/core/progress.ts';
import type { RemoteRegistry } from '../../src/core/registry/remoteRepository.ts';
import { openSnapshot } from '../../src/core/snapshot/snapshots.ts';
import { copyImage } from '../../src/core/transfer/copyImage.ts';
import { planKeepLast, readTags, removeTags } from '../../src/core/transfer/keepLastTags.ts';
import { planSync } from '../../src/core/transfer/planSync.ts';
import { pushImage } from '../../src/core/transfer/pushImage.ts';
import { pushedVault, type PushedVault } from '../support/pushedVault.ts';
import {
  connectTo,
  password,
  skopeo,
  startRealRegistry,
  type RealRegistry,
} from '../support/realRegistry.ts';
import { listed, registryHere } from '../support/registryHere.ts';
import { cosignTag, putImage, putSignature } from '../support/remoteImages.ts';

const operation = unattended();

describe('copying between Distribution’s registries', function () {
  this.timeout(120_000);
  let folder: string;
  let made: PushedVault;
  let servers: { readonly from: RealRegistry; readonly to: RealRegistry };
  let registries: { readonly from: RemoteRegistry; readonly to: RemoteRegistry };
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-registry-'));
    made = await pushedVault(join(folder, 'vault'));
    servers = {
      from: await startRealRegistry(join(folder, 'from')),
      to: await startRealRegistry(join(folder, 'to'), { wantsPassword: true, usesTls: true }),
    };
    registries = {
      from: registryHere(servers.from.host),
      to: connectTo(servers.to),
    };
  });
  after(async () => {
    for (const registry of Object.values(registries)) registry.close();
    for (const server of Object.values(servers)) await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('gives skopeo over there what skopeo pushed here, digest for digest, signatures too', async () => {
    await skopeo(
      ...['copy', '--dest-tls-verify=false', `oci:${made.vault.paths.root}:${made.image.refName}`],
      `docker://${servers.from.host}/dev/app:one`,
    );
    const from = registries.from.repository('dev/app');
    // skopeo 1.9 can't read the index in an index that a snapshot has.
    const [many] = (await openSnapshot(made.vault, made.platforms)).images;
    assert.ok(many);
    await pushImage(
      { from: made.vault, to: from },
      { image: many, tag: 'many', compression: 'keep' },
      operation,
    );
    const one = await from.headManifest('one');
    assert.ok(one);
    const signature = await putSignature(from, one, { says: 'signed' });
    const cosigned = await putSignature(from, one, { says: 'cosigned', tag: cosignTag(one.digest) });
    const rule = { from: 'dev/*', to: 'prod/*' };
    const tags = { include: [], exclude: [] };
    const { items, sourceTags } = await planSync(registries, { rule, tags }, operation);
    assert.deepEqual(items.map(({ to, tag, state }) => `${to}:${tag ?? ''} ${state}`).sort(), [
      'prod/app:many new',
      'prod/app:one new',
    ]);
    const to = registries.to.repository('prod/app');
    for (const { ref, tag = '', digest } of items) {
      const input = { ref, tag, sourceTags: sourceTags.get('dev/app') ?? [] };
      assert.equal((await copyImage({ from, to }, input, operation)).digest, digest);
      const raw = join(folder, `there-${tag}`);
      await skopeo(
        ...['copy', '--all', `--src-cert-dir=${join(servers.to.certificates, servers.to.host)}`],
        ...[`--src-creds=${password.username}:${password.password}`],
        ...[`docker://${servers.to.host}/prod/app@${digest}`, `oci:${raw}:x`],
      );
    }
    assert.deepEqual(
      (await to.referrers(one.digest)).map(({ digest }) => digest),
      [signature.digest],
    );
    assert.equal((await to.headManifest(cosignTag(one.digest)))?.digest, cosigned.digest);
    const again = await planSync(registries, { rule, tags }, operation);
    assert.deepEqual(
      again.items.map(({ state }) => state),
      ['same', 'same'],
    );
  });

  it('keeps the last tags, where the registry lets images go', async () => {
    const app = registries.to.repository('kept');
    for (const number of [1, 2, 3, 4])
      await putImage(app, {
        content: `v${number}`,
        tag: `v${number}`,
        created: `2026-11-0${number}T00:00:00Z`,
      });
    const plan = planKeepLast(await readTags(app, operation), {
      count: 2,
      filter: { include: [], exclude: [] },
    });
    await removeTags(app, plan, operation);
    assert.deepEqual((await listed(app.tags())).sort(), ['v3', 'v4']);
  });
});
