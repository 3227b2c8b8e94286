import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Archive, ArchiveForm } from '../../../src/core/archive/archive.ts';
import { readArchive } from '../../../src/core/archive/readArchive.ts';
import { savedArchive } from '../../../src/core/archive/saveStream.ts';
import type { WantedImage } from '../../../src/core/archive/savedImages.ts';
import { digestOf } from '../../../src/core/digest.ts';
import type { Digest } from '../../../src/core/digest.ts';
import { unattended } from '../../../src/core/progress.ts';
import { collect, inChunks, memorySource } from '../../support/archives/byteStreams.ts';
import {
  classicEngine,
  containerdStore,
  legacyEngine,
  skopeoDocker,
} from '../../support/archives/producers.ts';
import { sampleImage, sampleImages, sampleLayer } from '../../support/archives/sampleImages.ts';
import type { SampleImage } from '../../support/archives/sampleImages.ts';

describe('savedArchive', () => {
  const [app, base] = sampleImages();
  let spoolFolder = '';
  before(async () => {
    spoolFolder = await mkdtemp(join(tmpdir(), 'drydock-spool-'));
  });
  afterEach(async () => {
    assert.deepEqual(await readdir(spoolFolder), []);
  });
  after(async () => {
    await rm(spoolFolder, { recursive: true });
  });

  const wantedOf = (image: SampleImage, id: Digest = image.configDigest, tags = image.tags): WantedImage => ({
    id,
    tags,
    diffIds: image.diffIds,
  });
  const save = (bytes: Uint8Array, form: ArchiveForm, images: readonly WantedImage[]): Promise<Buffer> =>
    collect(savedArchive(inChunks(bytes, 3000), { form, images, spoolFolder }, unattended()));
  const readBack = (bytes: Uint8Array): Promise<Archive> => readArchive(memorySource(bytes), unattended());

  const store = containerdStore(app);
  const untagged = sampleImage([sampleLayer(8)], []);
  const large = sampleImage([sampleLayer(30, 5 << 20), sampleLayer(31, 4 << 20)], ['large:1']);
  const inputs: readonly [string, Buffer, readonly SampleImage[], readonly WantedImage[]][] = [
    ['Docker 20.10', legacyEngine([app, base]), [app, base], [wantedOf(app), wantedOf(base)]],
    ['Docker 25+', classicEngine([app, base]), [app, base], [wantedOf(app), wantedOf(base)]],
    ['Docker 25.0.0', classicEngine([base], { swapsLayers: true }), [base], [wantedOf(base)]],
    [
      'Docker 25+ with an untagged image',
      classicEngine([app, untagged], { leavesUntaggedOut: true }),
      [app, untagged],
      [wantedOf(app), wantedOf(untagged)],
    ],
    ['the containerd store', store.bytes, [app], [wantedOf(app, store.targetDigest)]],
    ['Podman', skopeoDocker(app), [app], [wantedOf(app)]],
    ['Docker 20.10 with large layers', legacyEngine([large]), [large], [wantedOf(large)]],
    ['Docker 25+ with large layers', classicEngine([large]), [large], [wantedOf(large)]],
  ];
  for (const [name, bytes, images, wanted] of inputs)
    for (const form of ['docker-archive', 'oci-archive'] as const)
      it(`makes a whole ${form} of what ${name} sends`, async () => {
        const archive = await readBack(await save(bytes, form, wanted));
        assert.equal(archive.form, form);
        assert.equal(archive.images.length, images.length);
        images.forEach((image, at) => {
          const found = archive.images[at];
          assert.equal(found?.configDigest, image.configDigest);
          assert.deepEqual(Buffer.from(found.configBytes), image.config);
          assert.deepEqual(
            found.layers.map(({ diffId }) => diffId),
            image.diffIds,
          );
          assert.deepEqual(found.tags, image.tags);
        });
        const harmful = archive.remarks.filter(
          ({ kind }) => kind === 'unreferenced' || kind === 'index-mismatch',
        );
        assert.deepEqual(harmful, []);
      });

  it('keeps the ID of a containerd store in both forms', async () => {
    for (const form of ['docker-archive', 'oci-archive'] as const) {
      const { images } = await readBack(await save(store.bytes, form, [wantedOf(app, store.targetDigest)]));
      assert.equal(images[0]?.targetDigest, store.targetDigest);
    }
  });

  it('writes the names it is told, whatever the engine wrote', async () => {
    for (const bytes of [legacyEngine([base]), classicEngine([base])])
      for (const form of ['docker-archive', 'oci-archive'] as const) {
        const wanted = [wantedOf(base, base.configDigest, ['other/name:3', 'base:latest'])];
        const { images } = await readBack(await save(bytes, form, wanted));
        assert.deepEqual(images[0]?.tags, ['other/name:3', 'base:latest']);
      }
  });

  it('leaves stray documents of the engine out', async () => {
    const saved = await save(classicEngine([base]), 'docker-archive', [wantedOf(base)]);
    assert.ok(!saved.includes('a stray v1 config'));
  });

  it('gives the same bytes for the same input', async () => {
    for (const form of ['docker-archive', 'oci-archive'] as const) {
      const [once, again] = [
        await save(legacyEngine([app]), form, [wantedOf(app)]),
        await save(legacyEngine([app]), form, [wantedOf(app)]),
      ];
      assert.ok(once.equals(again));
    }
  });

  const refusals: readonly [string, string, Buffer, WantedImage][] = [
    ['an image that did not come', 'archiveMissing', legacyEngine([base]), wantedOf(app)],
    ['an image that did not come in a layout', 'archiveMissing', classicEngine([base]), wantedOf(app)],
    [
      'an image with other layers than the engine said',
      'archiveWrongDiffId',
      legacyEngine([base]),
      { ...wantedOf(base), diffIds: [digestOf('x'), digestOf('y')] },
    ],
    [
      'an index without the layers that the engine said',
      'archiveMissing',
      store.bytes,
      { ...wantedOf(app, store.targetDigest), diffIds: [digestOf('x')] },
    ],
    ['a tar without its end', 'archiveNoEnd', legacyEngine([base]).subarray(0, -1024), wantedOf(base)],
    ['a tar that is cut', 'archiveCut', legacyEngine([base]).subarray(0, 4000), wantedOf(base)],
    [
      'an engine’s error inside the tar',
      'archiveTrailing',
      Buffer.concat([
        legacyEngine([base]).subarray(0, 4000),
        Buffer.from('{"errorDetail":{"message":"boom"}}'),
      ]),
      wantedOf(base),
    ],
  ];
  for (const [name, code, bytes, wanted] of refusals)
    it(`refuses ${name}, in both forms`, async () => {
      for (const form of ['docker-archive', 'oci-archive'] as const)
        await assert.rejects(save(bytes, form, [wanted]), { code });
    });

  it('leaves nothing in the spool folder when its reader goes away', async () => {
    const tar = savedArchive(
      inChunks(legacyEngine([large])),
      { form: 'oci-archive', images: [wantedOf(large)], spoolFolder },
      unattended(),
    );
    await tar.next();
    await tar.next();
    await tar.return();
    assert.deepEqual(await readdir(spoolFolder), []);
  });

  it('throws when it is cancelled', async () => {
    const operation = { ...unattended(), signal: AbortSignal.abort() };
    const tar = savedArchive(
      inChunks(legacyEngine([app])),
      { form: 'docker-archive', images: [wantedOf(app)], spoolFolder },
      operation,
    );
    await assert.rejects(collect(tar), { name: 'AbortError' });
  });
});
