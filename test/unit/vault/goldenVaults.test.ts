import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { digestOf, hexOf } from '../../../src/core/digest.ts';
import { parseImageConfig, parseImageIndex, parseManifest } from '../../../src/core/oci/manifest.ts';
import type { SnapshotLayer } from '../../../src/core/snapshot/snapshot.ts';
import { openSnapshot, readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { readDocument, readVerified, type StoredBlob } from '../../../src/core/vault/blobStore.ts';
import { readLayer, readRange } from '../../../src/core/vault/frames.ts';
import { findLayerEntry, layerEntries, openLayerIndex } from '../../../src/core/vault/layerIndex.ts';
import { openVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { isSnapshot, refNameOf } from '../../../src/core/vault/snapshotIndex.ts';
import { readSnapshotIndex, updateSnapshotIndex } from '../../../src/core/vault/updateIndex.ts';
import { collect } from '../../support/archives/byteStreams.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const goldenPath = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/vaults/${name}`, import.meta.url));
const diffId = 'sha256:98cd83a5714240f3c250e57e779105903210d8ac170a641b34a703d124fd1773';
const imageId = 'sha256:411e11969d40bf31f309c06860026b23481f4da774ed486429f55a4e1d4b70a6';

const blobOf = ({
  digest,
  size,
}: {
  readonly digest: StoredBlob['digest'];
  readonly size: number;
}): StoredBlob => ({
  digest,
  sizeBytes: size,
});

/** Frozen as earlier versions wrote them. They are never made anew: what can't read them loses people's backups. */
describe('golden vaults', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();

  for (const [name, compression] of [
    ['v1-zstd', 'zstd'],
    ['v1-gzip', 'gzip'],
  ] as const) {
    it(`of format 1 are read to the last byte (${compression})`, async () => {
      const { blobs, settings, ...vault } = await openVault({ path: goldenPath(name), access: 'read' });
      assert.deepEqual([settings.formatVersion, settings.compression], [1, compression]);
      let count = 0;
      for await (const blob of blobs.list()) {
        await collect(readVerified(blobs, blob));
        count += 1;
      }
      assert.equal(count, 7);

      const { entries } = await readSnapshotIndex({ ...vault, blobs, settings });
      const [entry] = entries;
      assert.ok(entry?.descriptor && isSnapshot(entry));
      assert.equal(refNameOf(entry), 'golden:1@20261121T000000Z');
      const snapshot = parseImageIndex(await readDocument(blobs, entry.descriptor), 'snapshot');
      const [image, list] = snapshot.manifests ?? [];
      assert.ok(image && list);
      const manifest = parseManifest(await readDocument(blobs, blobOf(image)), 'image');
      assert.equal(manifest.config.digest, imageId);
      const config = parseImageConfig(await readDocument(blobs, blobOf(manifest.config)), 'config');
      assert.deepEqual(config.rootfs?.diff_ids, [diffId]);

      const table = parseManifest(await readDocument(blobs, blobOf(list)), 'layer index').config;
      const index = await openLayerIndex(blobs, blobOf(table));
      assert.equal(index.diffId, diffId);
      assert.equal(index.digest, manifest.layers?.[0]?.digest);
      assert.equal(index.frames.length, 2);
      assert.equal(digestOf(await collect(readLayer(blobs, index))), diffId);
      const paths: string[] = [];
      for await (const { path, type } of layerEntries(blobs, index)) paths.push(`${type} ${path}`);
      assert.deepEqual(paths, ['directory etc/', 'file etc/motd', 'symlink etc/link', 'file big']);
      const motd = await findLayerEntry(blobs, index, 'etc/motd');
      assert.ok(motd);
      const bytes = await collect(
        readRange(blobs, index, { start: motd.offset, end: motd.offset + motd.size }),
      );
      assert.equal(String(bytes), 'Welcome aboard\n');
      assert.equal(motd.sha256, hexOf(digestOf(bytes)));
    });

    it(`of format 1 are written to (${compression})`, async () => {
      await cp(goldenPath(name), folder.path(), { recursive: true });
      const vault = await openVault({ path: folder.path(), access: 'write' });
      await updateSnapshotIndex({ vault, owner: await currentProcess() }, (entries) => entries.slice(1));
      assert.deepEqual((await readSnapshotIndex(vault)).entries, []);
    });
  }

  it('of format 1 give every snapshot and all that it holds', async () => {
    const vault = await openVault({ path: goldenPath('v1-snapshots'), access: 'read' });
    const [pulled, shop, ...others] = await readSnapshots(vault);
    assert.ok(pulled && shop);
    assert.deepEqual([others, pulled.unreadable, shop.unreadable], [[], undefined, undefined]);
    assert.equal(shop.refName, 'project/shop@20261121T120000Z');
    assert.equal(shop.createdMs, Date.parse('2026-11-21T12:00:00Z'));
    assert.deepEqual([shop.tags, shop.remarkCount, shop.isPinned], [['weekly'], 1, false]);
    assert.deepEqual(shop.source, { kind: 'project', name: 'shop', engineId: 'E1', engineName: 'here' });

    const { images, containers, volumes, project } = await openSnapshot(vault, shop);
    assert.deepEqual(
      images.map(({ role, tags }) => [role, tags]),
      [
        ['image', ['app:1']],
        ['writable', []],
      ],
    );
    const [container] = containers;
    assert.equal(container?.document.name, 'web-1');
    assert.equal(container.document.imageManifest, images[0]?.target.digest);
    assert.equal(container.document.writableManifest, images[1]?.target.digest);
    assert.deepEqual(
      project?.document.services.map(({ name }) => name),
      ['web'],
    );
    const [file] = project.document.files;
    assert.ok(file);
    assert.match(String(await readDocument(vault.blobs, file)), /app:1/);
    assert.equal(volumes[0]?.document.name, 'data');
    assert.deepEqual(await textsIn(vault, volumes[0].parts), { 'v/rows': 'one\ntwo\n' });
    assert.deepEqual(await textsIn(vault, images[1]?.manifests[0]?.layers ?? []), {
      'etc/motd': 'Welcome aboard\n',
      'var/log': 'written later\n',
    });
  });

  it('of format 1 keep an image as a containerd store had it', async () => {
    const vault = await openVault({ path: goldenPath('v1-snapshots'), access: 'read' });
    const [pulled] = await readSnapshots(vault);
    assert.ok(pulled);
    const [image] = (await openSnapshot(vault, pulled)).images;
    assert.deepEqual([image?.id, pulled.imageIds], [image?.target.digest, [image?.id]]);
    const [manifest] = image?.manifests ?? [];
    assert.deepEqual([image?.manifests.length, manifest?.platform.architecture], [1, 'amd64']);
    assert.equal(manifest?.layers[0]?.index.compression, 'gzip');
    assert.deepEqual(await textsIn(vault, manifest.layers), { 'etc/motd': 'As it was pulled\n' });
  });
});

/** The files in layers, path to content. */
async function textsIn(
  { blobs }: Vault,
  layers: readonly SnapshotLayer[],
): Promise<Readonly<Record<string, string>>> {
  const texts: Record<string, string> = {};
  for (const { index, diffId } of layers) {
    assert.equal(digestOf(await collect(readLayer(blobs, index))), diffId);
    for await (const { path, offset, size, sha256 } of layerEntries(blobs, index)) {
      const bytes = await collect(readRange(blobs, index, { start: offset, end: offset + size }));
      assert.equal(hexOf(digestOf(bytes)), sha256);
      texts[path] = String(bytes);
    }
  }
  return texts;
}
