import assert from 'node:assert/strict';
import { tarEnd, tarFile } from '../../../src/core/archive/tarWriter.ts';
import { digestOf, type Digest } from '../../../src/core/digest.ts';
import { ociConfigType, ociIndexType, ociManifestType } from '../../../src/core/oci/mediaTypes.ts';
import { putDocument, type BlobStore } from '../../../src/core/vault/blobStore.ts';
import { memoryStore } from '../../../src/core/vault/memoryStore.ts';
import { reachableBlobs, type BlobReference } from '../../../src/core/vault/reachableBlobs.ts';
import {
  descriptorOf,
  putArtifact,
  putLayerIndex,
  putSnapshot,
} from '../../../src/core/vault/snapshotDocuments.ts';
import type { EntryDescriptor } from '../../../src/core/vault/snapshotIndex.ts';
import { writeLayer } from '../../../src/core/vault/writeLayer.ts';
import { inChunks } from '../../support/archives/byteStreams.ts';

async function smallSnapshot(store: BlobStore): Promise<{ entry: EntryDescriptor; layer: Digest }> {
  const bytes = inChunks(Buffer.concat([tarFile('a', 'b'), tarEnd]));
  const written = await writeLayer(store, { bytes, name: 'layer', compression: 'zstd' });
  const config = await putDocument(store, '{"os":"linux","architecture":"amd64"}');
  const image = await putDocument(
    store,
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociManifestType,
      config: descriptorOf(ociConfigType, config),
      layers: [descriptorOf('application/vnd.oci.image.layer.v1.tar+zstd', written.index)],
    }),
  );
  const manifests = [descriptorOf(ociManifestType, image), await putLayerIndex(store, written)];
  return { entry: await putSnapshot(store, { manifests, annotations: {} }), layer: written.index.digest };
}

async function reached(store: BlobStore, ...roots: readonly EntryDescriptor[]): Promise<BlobReference[]> {
  const found: BlobReference[] = [];
  for await (const reference of reachableBlobs(store, roots)) found.push(reference);
  return found;
}

describe('what a snapshot reaches', function () {
  this.timeout(20_000);
  it('is every blob that was stored for it, each once, parents first', async () => {
    const store = memoryStore();
    const { entry } = await smallSnapshot(store);
    const found = await reached(store, entry, entry);
    const stored: Digest[] = [];
    for await (const { digest } of store.list()) stored.push(digest);
    assert.deepEqual(found.map(({ digest }) => digest).sort(), stored.sort());
    const places = new Map(found.map(({ digest }, place) => [digest, place]));
    for (const [place, { from }] of found.entries())
      assert.ok(from === undefined || (places.get(from) ?? Infinity) < place);
    assert.ok(found.every(({ found: stat, sizeBytes }) => stat?.sizeBytes === sizeBytes));
  });

  it('names what is missing', async () => {
    const store = memoryStore();
    const { entry, layer } = await smallSnapshot(store);
    await store.delete(layer);
    const missing = (await reached(store, entry)).filter(({ found }) => found === undefined);
    assert.deepEqual(
      missing.map(({ digest }) => digest),
      [layer],
    );
  });

  it('is never guessed when a document can’t be read', async () => {
    const store = memoryStore();
    const { digest, sizeBytes } = await putDocument(store, '{"schemaVersion":2,"manifests":[{}]}');
    const entry = { mediaType: ociIndexType, digest, sizeBytes, annotations: {} };
    await assert.rejects(reached(store, entry), { code: 'badJson' });
    const large = await putDocument(store, Buffer.alloc((4 << 20) + 1, ' '));
    await assert.rejects(reached(store, { ...large, mediaType: ociManifestType, annotations: {} }), {
      code: 'blobDamaged',
    });
  });

  it('is found through descriptors without a type or with an unknown one as well', async () => {
    const store = memoryStore();
    const data = await putDocument(store, '{data, not JSON');
    const config = await putDocument(store, '{"config":{"Cmd":["x"]},"rootfs":{}}');
    const manifest = await putDocument(
      store,
      JSON.stringify({
        schemaVersion: 2,
        config: { digest: config.digest, size: config.sizeBytes },
        layers: [{ digest: data.digest, size: data.sizeBytes }],
      }),
    );
    for (const mediaType of ['', 'application/vnd.other.manifest+json'])
      assert.deepEqual(
        (await reached(store, { ...manifest, mediaType, annotations: {} })).map(({ digest }) => digest),
        [manifest.digest, config.digest, data.digest],
      );
  });

  it('ends for documents that point at one another and at absent subjects', async () => {
    const store = memoryStore();
    const config = descriptorOf('application/x', await putDocument(store, '{}'));
    const inner = await putArtifact(store, {
      artifactType: 'application/x',
      config,
      layers: [config, config],
    });
    assert.deepEqual(inner.platform, { os: 'unknown', architecture: 'unknown' });
    const outer = await putDocument(
      store,
      JSON.stringify({
        schemaVersion: 2,
        config,
        layers: [],
        subject: { ...inner, digest: digestOf('absent') },
      }),
    );
    const found = await reached(store, { ...outer, mediaType: ociManifestType, annotations: {} });
    assert.deepEqual(
      found.map(({ found: stat }) => stat !== undefined),
      [true, true, false],
    );
  });
});
