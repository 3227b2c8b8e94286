import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ociIndexType, ociManifestType } from '../../../src/core/oci/mediaTypes.ts';
import { unattended } from '../../../src/core/progress.ts';
import type { RemoteRegistry, RemoteRepository } from '../../../src/core/registry/remoteRepository.ts';
import { pushSnapshot } from '../../../src/core/transfer/pushSnapshot.ts';
import { readRemoteFacts } from '../../../src/core/transfer/remoteFacts.ts';
import { failureOf } from '../../support/failureOf.ts';
import { FakeRegistry } from '../../support/fakeRegistry.ts';
import { pushedVaults } from '../../support/pushedVault.ts';
import { registryHere } from '../../support/registryHere.ts';
import { cosignTag, putImage, putIndex, putSignature } from '../../support/remoteImages.ts';

const operation = unattended();

describe('what a tag stands for', () => {
  const vaults = pushedVaults();
  let folder: string;
  let server: FakeRegistry;
  let registry: RemoteRegistry;
  let app: RemoteRepository;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-facts-'));
    server = new FakeRegistry();
    await server.start();
    registry = registryHere(server.host);
    app = registry.repository('team/app');
  });
  afterEach(async () => {
    registry.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('is an image of one platform, with its age and the size that it takes there', async () => {
    const created = '2026-01-02T03:04:05Z';
    const { digest, sizeBytes } = await putImage(app, { tag: '1', content: 'x'.repeat(1_000), created });
    const facts = await readRemoteFacts(app, '1', operation);
    assert.ok(facts.what.kind === 'image');
    assert.deepEqual(
      [facts.digest, facts.mediaType, facts.createdMs, facts.companions],
      [digest, ociManifestType, Date.parse(created), 0],
    );
    const [platform] = facts.what.platforms;
    assert.equal(platform?.name, 'linux/amd64');
    assert.ok(facts.what.sizeBytes > 1_000 + sizeBytes && facts.what.sizeBytes === platform.sizeBytes);
  });

  it('is an image of several platforms: a layer that they share counts once, attestations and signatures are no platforms', async () => {
    const amd = await putImage(app, { content: 'same' });
    const arm = await putImage(app, { content: 'same', architecture: 'arm64' });
    const index = await putIndex(app, undefined, [amd, arm]);
    const bytes = (await app.getManifest(index.digest))?.bytes ?? assert.fail();
    const fields = JSON.parse(Buffer.from(bytes).toString()) as { manifests: object[] };
    const [first, second] = fields.manifests;
    const absent = `sha256:${'a'.repeat(64)}`;
    const manifests = [
      { ...first, platform: { os: 'linux', architecture: 'amd64' } },
      { ...second, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
      {
        mediaType: ociManifestType,
        digest: absent,
        size: 9,
        platform: { os: 'windows', architecture: 'amd64' },
      },
      {
        ...{ mediaType: ociManifestType, digest: `sha256:${'b'.repeat(64)}`, size: 9 },
        annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
        platform: { os: 'unknown', architecture: 'unknown' },
      },
    ];
    const top = await app.putManifest(
      { bytes: Buffer.from(JSON.stringify({ ...fields, manifests })), mediaType: ociIndexType },
      { tag: 'multi' },
    );
    await putSignature(app, top, { says: 'signed' });
    await putSignature(app, top, { says: 'by cosign', tag: cosignTag(top.digest) });
    const facts = await readRemoteFacts(app, 'multi', operation);
    assert.ok(facts.what.kind === 'image');
    assert.equal(facts.companions, 3);
    assert.deepEqual(
      facts.what.platforms.map(({ name, sizeBytes }) => [name, sizeBytes === undefined]),
      [
        ['linux/amd64', false],
        ['linux/arm64/v8', false],
        ['windows/amd64', true],
      ],
    );
    const sum = facts.what.platforms.reduce((all, { sizeBytes = 0 }) => all + sizeBytes, top.sizeBytes);
    assert.equal(facts.what.sizeBytes, sum - 'same'.length);
  });

  it('is an artifact where its config is no image’s', async () => {
    const image = await putImage(app, { content: 'x' });
    await putSignature(app, image, { says: 'x', tag: 'chart' });
    const facts = await readRemoteFacts(app, 'chart', operation);
    assert.ok(facts.what.kind === 'artifact');
    assert.notEqual(facts.what.type, '');
  });

  for (const wantsEverything of [false, true])
    it(`is a snapshot of ours${wantsEverything ? ', also where it lies as a parcel' : ''}`, async () => {
      server.wantsEverything = wantsEverything;
      const { vault, sparse } = await vaults.copy(join(folder, 'vault'));
      const pushed = await pushSnapshot({ from: vault, to: app }, { snapshot: sparse, tag: 's' }, operation);
      assert.equal(pushed.form, wantsEverything ? 'parcel' : 'index');
      const facts = await readRemoteFacts(app, 's', operation);
      assert.ok(facts.what.kind === 'snapshot');
      const { id, source, refName } = facts.what.snapshot;
      assert.deepEqual([id, source, refName], [sparse.id, sparse.source, sparse.refName]);
      assert.equal(facts.createdMs, sparse.createdMs);
    });

  it('is told to be missing where it is not there', async () => {
    await putImage(app, { tag: '1', content: 'x' });
    assert.equal((await failureOf(readRemoteFacts(app, '2', operation))).code, 'registryMissing');
  });
});
