import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compress } from '../../../src/core/archive/compress.ts';
import { readArchive } from '../../../src/core/archive/readArchive.ts';
import { savedArchive } from '../../../src/core/archive/saveStream.ts';
import { tarEnd, tarFile, tarHeader, tarPadding } from '../../../src/core/archive/tarWriter.ts';
import { digestOf, hexOf, Hasher } from '../../../src/core/digest.ts';
import type { Digest } from '../../../src/core/digest.ts';
import { unattended } from '../../../src/core/progress.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';

const gibibyte = 2 ** 30;

/** Two layers, together of `totalBytes`, as a 20.10 engine sends them; the config comes when their digests are known. */
async function* largeEngineTar(totalBytes: number): AsyncGenerator<Uint8Array> {
  const chunk = seededRandom(1).bytes(1 << 20);
  const diffIds: Digest[] = [];
  for (const at of [0, 1]) {
    const hasher = new Hasher();
    const sizeBytes = totalBytes / 2 + at;
    yield tarHeader({ path: `${at}/layer.tar`, sizeBytes });
    for (let left = sizeBytes; left > 0; left -= chunk.length) {
      const piece = chunk.subarray(0, left);
      hasher.update(piece);
      yield await Promise.resolve(piece);
    }
    yield tarPadding(sizeBytes);
    diffIds.push(hasher.digest());
  }
  const config = JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { diff_ids: diffIds } });
  const path = `${hexOf(digestOf(config))}.json`;
  yield tarFile(path, config);
  yield tarFile(
    'manifest.json',
    JSON.stringify([{ Config: path, RepoTags: null, Layers: ['0/layer.tar', '1/layer.tar'] }]),
  );
  yield tarEnd;
}

describe('memory', () => {
  let spoolFolder = '';
  before(async () => {
    spoolFolder = await mkdtemp(join(tmpdir(), 'drydock-spool-'));
  });
  after(async () => {
    await rm(spoolFolder, { recursive: true });
  });

  it('stays flat while a GiB is read, checked and hashed', async () => {
    let peak = 0;
    const start = process.memoryUsage().rss;
    const archive = await readArchive(
      { name: 'large.tar', open: () => largeEngineTar(gibibyte) },
      {
        ...unattended(),
        progress: { report: () => (peak = Math.max(peak, process.memoryUsage.rss())) },
      },
    );
    assert.equal(archive.images[0]?.layers.length, 2);
    assert.ok(peak - start < 150 << 20, `grew by ${(peak - start) >> 20} MiB`);
  }).timeout(120_000);

  for (const form of ['docker-archive', 'oci-archive'] as const)
    it(`stays flat while half a GiB is saved as ${form}, packed, unpacked and checked`, async () => {
      const { images } = await readArchive(
        { name: 'large.tar', open: () => largeEngineTar(gibibyte / 2) },
        unattended(),
      );
      const wanted = images.map(({ configDigest, layers }) => ({
        id: configDigest,
        tags: ['large:1'],
        diffIds: layers.map(({ diffId }) => diffId),
      }));
      let peak = 0;
      const start = process.memoryUsage().rss;
      const archive = await readArchive(
        {
          name: 'large.tar.zst',
          open: () =>
            compress(
              savedArchive(largeEngineTar(gibibyte / 2), { form, images: wanted, spoolFolder }, unattended()),
              'zstd',
            ),
        },
        {
          ...unattended(),
          progress: { report: () => (peak = Math.max(peak, process.memoryUsage.rss())) },
        },
      );
      assert.equal(archive.form, form);
      assert.deepEqual(archive.images[0]?.tags, ['large:1']);
      assert.ok(peak - start < 250 << 20, `grew by ${(peak - start) >> 20} MiB`);
      assert.deepEqual(await readdir(spoolFolder), []);
    }).timeout(120_000);
});
