import assert from 'node:assert/strict';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Archive } from '../../../src/core/archive/archive.ts';
import { loadableTar } from '../../../src/core/archive/loadStream.ts';
import type { LoadingEngine } from '../../../src/core/archive/shipping.ts';
import { readArchive } from '../../../src/core/archive/readArchive.ts';
import { readTar } from '../../../src/core/archive/tarReader.ts';
import { digestOf } from '../../../src/core/digest.ts';
import { unattended } from '../../../src/core/progress.ts';
import type { ProgressFact } from '../../../src/core/progress.ts';
import { collect, inChunks, memorySource } from '../../support/archives/byteStreams.ts';
import { frozenArchives } from '../../support/archives/frozenArchives.ts';
import {
  buildkitOci,
  classicEngine,
  containerdStore,
  legacyEngine,
  skopeoDocker,
  skopeoOci,
  tarOf,
} from '../../support/archives/producers.ts';
import { sampleImage, sampleImages, sampleLayer } from '../../support/archives/sampleImages.ts';

const classic: LoadingEngine = { imageStore: 'graphdriver', acceptsZstdLayers: false };
const containerd: LoadingEngine = { imageStore: 'containerd', acceptsZstdLayers: true };

async function entriesOf(tar: Uint8Array): Promise<Map<string, Buffer>> {
  const entries = new Map<string, Buffer>();
  for await (const { entry, data } of readTar(inChunks(tar), 'x')) {
    assert.ok(!entries.has(entry.path), `${entry.path} comes twice`);
    entries.set(entry.path, await collect(data));
  }
  return entries;
}

async function loadable(bytes: Uint8Array, engine: LoadingEngine, tags?: readonly string[]): Promise<Buffer> {
  const source = memorySource(bytes);
  const archive = await readArchive(source, unattended());
  const images = tags ? archive.images.map((image) => ({ ...image, tags })) : archive.images;
  return collect(loadableTar(source, archive, images, engine, unattended()));
}

const stacks = (archive: Archive): unknown =>
  archive.images.map(({ configDigest, tags, layers }) => ({
    configDigest,
    tags,
    diffIds: layers.map(({ diffId }) => diffId),
  }));

describe('loadableTar', () => {
  const [app, base] = sampleImages();
  const inputs: readonly [string, Uint8Array][] = [
    ['Docker 20.10', legacyEngine([app, base])],
    ['Docker 25+ classic', classicEngine([app, base])],
    ['the containerd store', containerdStore(app).bytes],
    ['BuildKit', buildkitOci(app).bytes],
    ['skopeo docker-archive', skopeoDocker(app)],
    ['skopeo oci-archive', skopeoOci(base, 'base:latest')],
    ['gzip', gzipSync(legacyEngine([app, base]))],
    ['zstd', zstdCompressSync(legacyEngine([app, base]))],
    ['xz', frozenArchives.xz],
    ['bzip2', frozenArchives.bzip2],
  ];
  for (const [name, bytes] of inputs)
    for (const engine of [classic, containerd])
      it(`carries everything of ${name} to a ${engine.imageStore} store, each blob once`, async () => {
        const before = await readArchive(memorySource(bytes), unattended());
        const tar = await loadable(bytes, engine);
        const after = await readArchive(memorySource(tar), unattended());
        assert.deepEqual(stacks(after), stacks(before));
        assert.deepEqual(
          after.remarks.filter(({ kind }) => kind === 'unreferenced' || kind === 'index-mismatch'),
          [],
        );
        const entries = await entriesOf(tar);
        assert.deepEqual(entries.get('oci-layout')?.toString(), '{"imageLayoutVersion":"1.0.0"}');
        assert.ok(entries.has('index.json') && entries.has('manifest.json'));
      });

  it('keeps the ID that a containerd store knows an image by', async () => {
    const { bytes, targetDigest } = containerdStore(app);
    const [image] = (await readArchive(memorySource(await loadable(bytes, containerd)), unattended())).images;
    assert.equal(image?.targetDigest, targetDigest);
  });

  it('gives each image the names it is told with their registry, in the annotations and in RepoTags', async () => {
    const entries = await entriesOf(await loadable(legacyEngine([base]), classic, ['team/kept:7']));
    const index = JSON.parse(entries.get('index.json')?.toString() ?? '') as {
      manifests: { annotations: unknown }[];
    };
    assert.deepEqual(
      index.manifests.map(({ annotations }) => annotations),
      [
        {
          'io.containerd.image.name': 'docker.io/team/kept:7',
          'org.opencontainers.image.ref.name': '7',
        },
      ],
    );
    assert.match(entries.get('manifest.json')?.toString() ?? '', /"RepoTags":\["docker\.io\/team\/kept:7"\]/);
  });

  it('loads an image without any name', async () => {
    const entries = await entriesOf(await loadable(legacyEngine([base]), classic, []));
    assert.match(entries.get('manifest.json')?.toString() ?? '', /"RepoTags":null/);
    assert.doesNotMatch(entries.get('index.json')?.toString() ?? '', /annotations/);
  });

  it('sends only what the chosen images need', async () => {
    const source = memorySource(legacyEngine([app, base]));
    const archive = await readArchive(source, unattended());
    const chosen = archive.images.filter(({ configDigest }) => configDigest === base.configDigest);
    const entries = await entriesOf(
      await collect(loadableTar(source, archive, chosen, classic, unattended())),
    );
    const blobs = [...entries.keys()].filter((path) => path.startsWith('blobs/'));
    assert.equal(blobs.length, base.layers.length + 2);
  });

  describe('with layers that not every engine reads', () => {
    const layer = sampleLayer(4, 3000);
    const image = sampleImage([layer], ['packed:1']);
    const archiveOf = (stored: Uint8Array): Buffer =>
      tarOf([
        { path: 'c.json', bytes: image.config },
        { path: 'l.tar', bytes: stored },
        {
          path: 'manifest.json',
          bytes: JSON.stringify([{ Config: 'c.json', RepoTags: image.tags, Layers: ['l.tar'] }]),
        },
      ]);
    const blobOf = (bytes: Uint8Array): string => `blobs/${digestOf(bytes).replace(':', '/')}`;

    it('unpacks zstd for an engine that can’t, and only then', async () => {
      const zstd = zstdCompressSync(layer);
      const unpacked = await entriesOf(await loadable(archiveOf(zstd), classic));
      assert.deepEqual(unpacked.get(blobOf(layer)), layer);
      assert.ok(!unpacked.has(blobOf(zstd)));
      const kept = await entriesOf(await loadable(archiveOf(zstd), { ...classic, acceptsZstdLayers: true }));
      assert.deepEqual(kept.get(blobOf(zstd)), zstd);
    });

    it('leaves gzip as it is', async () => {
      const gzip = gzipSync(layer);
      const entries = await entriesOf(await loadable(archiveOf(gzip), classic));
      assert.deepEqual(entries.get(blobOf(gzip)), gzip);
    });
  });

  it('fails when the archive is another one the second time', async () => {
    const bytes = legacyEngine([app]);
    const archive = await readArchive(memorySource(bytes), unattended());
    const layer = bytes.indexOf(app.layers[1]?.subarray(600, 700) ?? '');
    const changed = Buffer.from(bytes);
    changed[layer] = (changed[layer] ?? 0) ^ 1;
    const others = [changed, legacyEngine([base]), legacyEngine([sampleImage([sampleLayer(1, 999)], [])])];
    for (const other of others)
      await assert.rejects(
        collect(loadableTar(memorySource(other), archive, archive.images, classic, unattended())),
        { code: 'archiveChanged' },
      );
  });

  it('reports bytes up to the total it named', async () => {
    const facts: ProgressFact[] = [];
    const source = memorySource(legacyEngine([app, base]));
    const archive = await readArchive(source, unattended());
    const tar = await collect(
      loadableTar(source, archive, archive.images, classic, {
        ...unattended(),
        progress: { report: (fact) => facts.push(fact) },
      }),
    );
    const last = facts.at(-1);
    assert.equal(last?.phase, 'sending');
    assert.equal(last.doneBytes, tar.length);
    assert.equal(last.totalBytes, tar.length);
  });
});
