import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { loadableTar } from '../../src/core/archive/loadStream.ts';
import { openArchiveSource } from '../../src/core/archive/openArchiveSource.ts';
import { readArchive } from '../../src/core/archive/readArchive.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import { unattended } from '../../src/core/progress.ts';
import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';
import { classicEngine } from '../support/archives/producers.ts';
import { sampleImage, sampleLayer } from '../support/archives/sampleImages.ts';
import { testHost } from '../support/engine.ts';

const run = promisify(execFile);

describe('archives that skopeo made', function () {
  this.timeout(120_000);
  const image = sampleImage([sampleLayer(41, 3000), sampleLayer(42), sampleLayer(41, 3000)], ['foreign:1']);
  let folder: string;
  let skopeo: string;
  let engine: Engine;

  before(async () => {
    skopeo = process.env['DRYDOCK_TEST_SKOPEO'] ?? '';
    assert.notEqual(
      skopeo,
      '',
      'DRYDOCK_TEST_SKOPEO is not set: run these tests with "npm run test:docker".',
    );
    folder = await mkdtemp(join(tmpdir(), 'drydock-foreign-'));
    // Not the form of 20.10: skopeo 1.9 fails on the symlinks in it when it writes a docker-archive.
    await writeFile(join(folder, 'engine.tar'), classicEngine([image]));
    const endpoint = parseAddress(testHost());
    assert.ok(endpoint);
    engine = connect(endpoint);
  });

  after(async () => {
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });

  const forms: readonly [string, string][] = [
    ['docker-archive', 'docker-archive:FILE:docker.io/library/foreign:1'],
    ['oci-archive', 'oci-archive:FILE:docker.io/library/foreign:1'],
    ['oci', 'oci:FILE:docker.io/library/foreign:1'],
  ];
  for (const [form, target] of forms)
    it(`load with every layer, and skopeo reads what was sent (${form})`, async () => {
      const path = join(folder, `made-${form}`);
      await run(skopeo, [
        'copy',
        '-q',
        `docker-archive:${join(folder, 'engine.tar')}`,
        target.replace('FILE', path),
      ]);
      const source = await openArchiveSource(path);
      const archive = await readArchive(source, unattended());
      const [found] = archive.images;
      assert.deepEqual(
        found?.layers.map(({ diffId }) => diffId),
        image.diffIds,
      );
      assert.deepEqual(found.tags, image.tags);
      const tar = (): AsyncIterable<Uint8Array> =>
        loadableTar(
          source,
          archive,
          archive.images,
          { imageStore: 'graphdriver', acceptsZstdLayers: false },
          unattended(),
        );

      await engine.images.load(tar());
      try {
        const details = await engine.images.inspect('foreign:1');
        assert.equal(details.id, found.configDigest);
        assert.deepEqual(details.diffIds, image.diffIds);
      } finally {
        await engine.images.remove('foreign:1', { force: true });
      }

      const sent = join(folder, `sent-${form}.tar`);
      await pipeline(tar(), createWriteStream(sent));
      for (const reader of ['docker-archive', 'oci-archive']) {
        const { stdout } = await run(skopeo, [
          '--insecure-policy',
          'inspect',
          '--config',
          `${reader}:${sent}`,
        ]);
        const config = JSON.parse(stdout) as { rootfs: { diff_ids: string[] } };
        assert.deepEqual(config.rootfs.diff_ids, image.diffIds);
        await run(skopeo, [
          '--insecure-policy',
          'copy',
          '-q',
          `${reader}:${sent}`,
          `dir:${join(folder, `${form}-${reader}`)}`,
        ]);
      }
    });
});
