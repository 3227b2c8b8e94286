import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import type { ArchiveSource } from '../../../src/core/archive/archive.ts';
import { loadableTar } from '../../../src/core/archive/loadStream.ts';
import { readArchive } from '../../../src/core/archive/readArchive.ts';
import { unattended } from '../../../src/core/progress.ts';
import { collect, inChunks } from '../../support/archives/byteStreams.ts';
import { frozenArchives } from '../../support/archives/frozenArchives.ts';
import { legacyEngine } from '../../support/archives/producers.ts';
import { sampleImages } from '../../support/archives/sampleImages.ts';

describe('Sources that are let go of', () => {
  function watched(bytes: Uint8Array, chunkBytes?: number): { source: ArchiveSource; open: () => number } {
    let count = 0;
    const open = async function* (): AsyncGenerator<Uint8Array> {
      count++;
      try {
        yield* inChunks(bytes, chunkBytes);
      } finally {
        count--;
      }
    };
    return { source: { name: 'x.tar', open }, open: () => count };
  }
  const images = sampleImages();

  it('are closed after every failure, wherever it is', async () => {
    const tar = legacyEngine(images);
    for (const bytes of [
      Buffer.alloc(5000, 'no archive '),
      tar.subarray(0, 6000),
      gzipSync(tar).subarray(0, 900),
      frozenArchives.xz.subarray(0, 3000),
      frozenArchives.bzip2.subarray(0, 3000),
    ])
      for (const chunkBytes of [100, 65_536]) {
        const { source, open } = watched(bytes, chunkBytes);
        await assert.rejects(readArchive(source, unattended()), { name: 'DrydockError' });
        assert.equal(open(), 0);
      }
  });

  it('are closed when all that is sent was sent, and when the engine stops listening', async () => {
    for (const bytes of [
      legacyEngine(images),
      gzipSync(legacyEngine(images)),
      frozenArchives.xz,
      frozenArchives.bzip2,
    ]) {
      const { source, open } = watched(bytes, 1000);
      const archive = await readArchive(source, unattended());
      const engine = { imageStore: 'graphdriver', acceptsZstdLayers: false } as const;
      const chunks = (await collect(loadableTar(source, archive, archive.images, engine, unattended())))
        .length;
      assert.ok(chunks > 0);
      assert.equal(open(), 0);
      for (let taken = 0; taken < 12; taken++) {
        const tar = loadableTar(source, archive, archive.images, engine, unattended());
        for (let at = 0; at < taken; at++) await tar.next();
        await tar.return();
        assert.equal(open(), 0, `after ${taken}`);
      }
    }
  });

  it('are closed when a cancel comes at any chunk', async () => {
    for (const bytes of [legacyEngine(images), frozenArchives.xz, frozenArchives.bzip2])
      for (let reports = 0; reports < 8; reports++) {
        const cancel = new AbortController();
        let seen = 0;
        const { source, open } = watched(bytes, 1000);
        const report = (): void => {
          if (seen++ === reports) cancel.abort();
        };
        await assert.rejects(readArchive(source, { signal: cancel.signal, progress: { report } }), {
          name: 'AbortError',
        });
        assert.equal(open(), 0);
      }
  });
});
