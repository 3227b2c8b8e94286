import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Archive, ArchivedImage } from '../../../src/core/archive/archive.ts';
import { openArchiveSource } from '../../../src/core/archive/openArchiveSource.ts';
import { readArchive } from '../../../src/core/archive/readArchive.ts';
import { readTar } from '../../../src/core/archive/tarReader.ts';
import { digestOf } from '../../../src/core/digest.ts';
import { unattended } from '../../../src/core/progress.ts';
import { collect, inChunks, memorySource } from '../../support/archives/byteStreams.ts';
import {
  buildkitOci,
  classicEngine,
  containerdStore,
  legacyEngine,
  skopeoDocker,
  skopeoOci,
} from '../../support/archives/producers.ts';
import { frozenArchives } from '../../support/archives/frozenArchives.ts';
import { sampleImage, sampleImages, sampleLayer } from '../../support/archives/sampleImages.ts';
import type { SampleImage } from '../../support/archives/sampleImages.ts';

const read = (bytes: Uint8Array, chunkBytes?: number): Promise<Archive> =>
  readArchive(memorySource(bytes, chunkBytes), unattended());

function assertIsImage(found: ArchivedImage | undefined, sample: SampleImage): void {
  assert.ok(found);
  assert.equal(found.configDigest, sample.configDigest);
  assert.deepEqual(Buffer.from(found.configBytes), sample.config);
  assert.deepEqual(
    found.layers.map(({ diffId }) => diffId),
    sample.diffIds,
  );
  assert.deepEqual(
    found.layers.map(({ sizeBytes }) => sizeBytes),
    sample.layers.map(({ length }) => length),
  );
  assert.deepEqual(found.tags, sample.tags);
  assert.deepEqual(found.platform, sample.platform);
}

describe('readArchive', () => {
  const [app, base] = sampleImages();

  const producers: readonly {
    readonly name: string;
    readonly form: Archive['form'];
    readonly bytes: Buffer;
    readonly images: readonly SampleImage[];
  }[] = [
    { name: 'Docker 20.10', form: 'docker-archive', bytes: legacyEngine([app, base]), images: [app, base] },
    {
      name: 'Docker 25+ classic',
      form: 'docker-archive',
      bytes: classicEngine([app, base]),
      images: [app, base],
    },
    {
      name: 'the containerd store',
      form: 'docker-archive',
      bytes: containerdStore(app).bytes,
      images: [app],
    },
    { name: 'BuildKit', form: 'oci-archive', bytes: buildkitOci(app).bytes, images: [app] },
    { name: 'skopeo docker-archive', form: 'docker-archive', bytes: skopeoDocker(app), images: [app] },
    {
      name: 'skopeo oci-archive',
      form: 'oci-archive',
      bytes: skopeoOci(base, 'base:latest'),
      images: [base],
    },
  ];

  for (const { name, form, bytes, images } of producers) {
    it(`reads what ${name} writes, in chunks of any size`, async () => {
      for (const chunkBytes of [511, 513, 65_536]) {
        const archive = await read(bytes, chunkBytes);
        assert.equal(archive.form, form);
        assert.equal(archive.images.length, images.length);
        images.forEach((image, at) => {
          assertIsImage(archive.images[at], image);
        });
        assert.equal(archive.fileDigest, digestOf(bytes));
        assert.equal(archive.fileBytes, bytes.length);
      }
    });

    it(`reads what ${name} writes inside gzip and zstd`, async () => {
      for (const [kind, packed] of [
        ['gzip', gzipSync(bytes)],
        ['zstd', zstdCompressSync(bytes)],
      ] as const) {
        const archive = await read(packed, 1000);
        assert.equal(archive.compression, kind);
        assert.equal(archive.fileDigest, digestOf(packed));
        images.forEach((image, at) => {
          assertIsImage(archive.images[at], image);
        });
      }
    });
  }

  for (const [kind, packed] of Object.entries(frozenArchives))
    it(`reads a ${kind} archive frozen long ago`, async () => {
      const archive = await read(packed);
      assert.equal(archive.compression, kind);
      assert.deepEqual(
        archive.images.map(({ tags }) => tags),
        [app.tags, base.tags],
      );
    });

  it('tells the IDs that a containerd store uses', async () => {
    const { bytes, targetDigest, manifestDigest } = containerdStore(app);
    const [image] = (await read(bytes)).images;
    assert.ok(image);
    assert.equal(image.targetDigest, targetDigest);
    assert.equal(image.manifestDigest, manifestDigest);
    assert.ok(image.companions?.some(({ digest }) => digest === targetDigest));
  });

  it('says what was left out: attestations and platforms that are not there', async () => {
    const { remarks } = await read(containerdStore(app).bytes);
    assert.deepEqual(remarks.map(({ kind }) => kind).sort(), ['absent-platform', 'attestation']);
  });

  it('gives an image for each platform that is fully there', async () => {
    const arm = sampleImage([sampleLayer(9)], app.tags, 'arm64');
    for (const { bytes } of [buildkitOci(app, arm), containerdStore(app, { other: arm })]) {
      const { images } = await read(bytes);
      assert.equal(images.length, 2);
      assertIsImage(images[0], app);
      assertIsImage(images[1], arm);
    }
  });

  it('follows manifest.json where a classic engine leaves an untagged image out of index.json', async () => {
    const untagged = sampleImage([sampleLayer(7)], []);
    const { images, remarks } = await read(classicEngine([app, untagged], { leavesUntaggedOut: true }));
    assertIsImage(images[1], untagged);
    assert.equal(images[1]?.targetDigest, undefined);
    assert.ok(remarks.some(({ kind }) => kind === 'no-tags'));
  });

  it('follows manifest.json where Docker 25.0.0 swapped layers in its OCI manifest', async () => {
    const { images, remarks } = await read(classicEngine([base], { swapsLayers: true }));
    assertIsImage(images[0], base);
    assert.equal(images[0]?.manifestDigest, undefined);
    assert.ok(remarks.some(({ kind }) => kind === 'index-mismatch'));
  });

  it('takes no name from a bare tag, and says so', async () => {
    const { images, remarks } = await read(skopeoOci(base, 'v1'));
    assert.deepEqual(images[0]?.tags, []);
    assert.ok(remarks.some(({ text }) => text.includes('"v1"')));
  });

  it('shows the names of Docker Hub as Docker shows them', async () => {
    const { images } = await read(skopeoDocker(base));
    assert.deepEqual(images[0]?.tags, ['base:latest']);
  });

  it('reads layers of every boundary size', async () => {
    const sizes = [0, 1, 511, 512, 513, (4 << 20) - 1, 4 << 20, (4 << 20) + 1];
    const image = sampleImage(
      sizes.map((size, at) => sampleLayer(at + 20, size)),
      ['sizes:1'],
    );
    for (const bytes of [legacyEngine([image]), classicEngine([image]), containerdStore(image).bytes])
      assertIsImage((await read(bytes)).images[0], image);
  });

  it('reads an image without layers', async () => {
    const image = sampleImage([], ['empty:1']);
    assertIsImage((await read(legacyEngine([image]))).images[0], image);
  });

  it('reports the phase and the bytes of the file', async () => {
    const facts: unknown[] = [];
    const bytes = legacyEngine([app]);
    await readArchive(memorySource(bytes), {
      signal: new AbortController().signal,
      progress: { report: (fact) => facts.push(fact) },
    });
    assert.deepEqual(facts.at(-1), {
      phase: 'checking',
      item: 'test.tar',
      doneBytes: bytes.length,
      totalBytes: bytes.length,
    });
  });

  it('throws when it is cancelled', async () => {
    const controller = new AbortController();
    const bytes = legacyEngine([app]);
    const work = readArchive(memorySource(bytes, 512), {
      signal: controller.signal,
      progress: {
        report: () => {
          controller.abort();
        },
      },
    });
    await assert.rejects(work, { name: 'AbortError' });
  });

  describe('of a folder', () => {
    let folder = '';
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'drydock-archive-'));
    });
    afterEach(async () => {
      await rm(folder, { recursive: true });
    });

    async function unpack(tar: Buffer): Promise<void> {
      for await (const { entry, data } of readTar(inChunks(tar), 'fixture')) {
        const path = join(folder, entry.path);
        if (entry.type === 'directory') continue;
        await mkdir(dirname(path), { recursive: true });
        if (entry.type === 'symlink') await symlink(entry.linkPath, path);
        else await writeFile(path, await collect(data));
      }
    }

    it('reads an OCI layout', async () => {
      await unpack(buildkitOci(app).bytes);
      const archive = await readArchive(await openArchiveSource(folder), unattended());
      assertIsImage(archive.images[0], app);
      assert.equal(archive.fileDigest, undefined);
    });

    it('reads an unpacked docker-archive with its links', async () => {
      await unpack(legacyEngine([app, base]));
      const archive = await readArchive(await openArchiveSource(folder), unattended());
      assertIsImage(archive.images[0], app);
    });

    it('never follows a link out of it', async () => {
      await unpack(buildkitOci(app).bytes);
      await symlink('/etc/passwd', join(folder, 'blobs', 'sha256', 'f'.repeat(64)));
      await assert.rejects(readArchive(await openArchiveSource(folder), unattended()), {
        code: 'archiveUnsafePath',
      });
    });

    it('refuses a folder that is no archive, and a path where nothing is', async () => {
      await assert.rejects(openArchiveSource(folder), { code: 'notAnArchive' });
      await assert.rejects(openArchiveSource(join(folder, 'nothing')), { code: 'fileMissing' });
    });
  });
});
