import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { saveImages } from '../../src/core/backup/saveImages.ts';
import type { Digest } from '../../src/core/digest.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import { familiarName, parseImageName } from '../../src/core/oci/imageName.ts';
import { unattended, type Operation } from '../../src/core/progress.ts';
import { loadArchive } from '../../src/core/restore/loadArchive.ts';
import { planLoad } from '../../src/core/restore/planLoad.ts';
import { packedOci } from '../support/archives/packedOci.ts';
import { sampleImage, sampleLayer } from '../support/archives/sampleImages.ts';
import { cancelledWhen } from '../support/cancelledWhen.ts';
import { losingLargeFiles } from '../support/losingLargeFiles.ts';
import { engineHost, tarOf, type EngineHost } from '../support/tinyImage.ts';
import { shownImage, shownImages } from './contractImages.ts';

/** Whose a name is before, after and instead of a load, on every engine. */
export function namesContract(name: string, connectTo: () => Promise<Engine>): void {
  describe(`names on ${name}`, function () {
    this.timeout(120_000);
    const run = randomBytes(4).toString('hex');
    let engine: Engine;
    let host: EngineHost;
    let folder: string;

    before(async () => {
      engine = await connectTo();
      host = engineHost(engine.endpoint);
      folder = await mkdtemp(join(tmpdir(), 'drydock-names-'));
    });
    afterEach(async () => {
      await host.removeLabelled();
    });
    after(async () => {
      await engine.close();
      await rm(folder, { recursive: true, force: true });
    });

    const imported = async (tag: string, sizeBytes: number): Promise<Digest> => {
      const tar = await tarOf([{ name: 'file', content: randomBytes(sizeBytes) }]);
      const changes = ['LABEL dev.drydock.test=1'];
      return engine.images.importRootfs(Readable.from([tar]), { name: tag, changes });
    };
    /** An archive of an image that is gone from the engine again, large enough to be robbed of its layer. */
    const archiveOf = async (tag: string): Promise<{ readonly id: Digest; readonly path: string }> => {
      const id = await imported(tag, 3 << 20);
      const path = join(folder, 'archive');
      await saveImages(
        { engine },
        { images: [{ id, tags: [tag] }], path, form: 'docker-archive', compression: 'none', replace: true },
        unattended(),
      );
      await engine.images.remove(id, { force: true });
      return { id, path };
    };
    const load = async (path: string, through = engine, operation: Operation = unattended()) => {
      const plan = await planLoad({ engine }, { path }, unattended());
      return loadArchive({ engine: through }, { plan, keepAs: new Map() }, operation);
    };
    const lateCancel = (): Operation =>
      cancelledWhen(({ phase, doneBytes, totalBytes }) => phase === 'sending' && doneBytes === totalBytes);

    it('leave an image that loses its last one, which stays without a name', async () => {
      const tag = `localhost/drydock-test/${run}-last:1`;
      const { id, path } = await archiveOf(tag);
      const old = await imported(tag, 1000);
      const listBefore = await shownImages(host);

      await assert.rejects(load(path, losingLargeFiles(engine)), { code: 'loadFailed' });
      assert.deepEqual(await shownImages(host), listBefore, 'after a load without the layer');
      await assert.rejects(load(path, engine, lateCancel()), { name: 'AbortError' });
      assert.deepEqual(await shownImages(host), listBefore, 'after a cancel');

      await load(path);
      assert.deepEqual(await shownImages(host), { ...listBefore, [id]: [tag], [old]: [] });
      const again = join(folder, 'old');
      await saveImages(
        { engine },
        {
          images: [{ id: old, tags: [] }],
          path: again,
          form: 'oci-archive',
          compression: 'gzip',
          replace: true,
        },
        unattended(),
      );
    });

    it('go from an image that was there without one when its load is cancelled, and the image stays', async () => {
      const tag = `localhost/drydock-test/${run}-nameless:1`;
      const { id, path } = await archiveOf(tag);
      await load(path);
      const other = await imported(`${tag}-other`, 1000);
      await engine.images.tag(other, tag);
      const listBefore = await shownImages(host);
      assert.deepEqual(listBefore[id], []);

      await assert.rejects(load(path, engine, lateCancel()), { name: 'AbortError' });
      assert.deepEqual(await shownImages(host), listBefore);
      await engine.images.remove(tag);
      const without = await shownImages(host);
      await assert.rejects(load(path, engine, lateCancel()), { name: 'AbortError' });
      assert.deepEqual(await shownImages(host), without);
      const { images } = await load(path);
      assert.deepEqual(
        images.map((image) => [image.id, image.wasThere]),
        [[id, true]],
      );
      assert.deepEqual((await shownImage(host, id)).tags, [tag]);
    });

    it('without a registry are those of Docker Hub', async () => {
      const tags = [`drydock-test-${run}:1`, `drydock-test/${run}:latest`];
      const sample = sampleImage([sampleLayer(81, 2000)], tags);
      const path = join(folder, 'short-names');
      await writeFile(path, packedOci(sample, 'gzip', gzipSync).bytes);
      try {
        const { images } = await load(path);
        const [id] = images.map((image) => image.id);
        assert.ok(id);
        const shown = await shownImage(host, id);
        assert.deepEqual(shown.tags.map((tag) => familiarName(parseImageName(tag))).sort(), [...tags].sort());
        const second = await planLoad({ engine }, { path }, unattended());
        assert.deepEqual(
          second.images.flatMap((image) => image.tags.map(({ effect }) => effect)),
          ['same', 'same'],
        );
      } finally {
        for (const [id, shown] of Object.entries(await shownImages(host)))
          if (shown.some((tag) => tag.includes(run))) await engine.images.remove(id, { force: true });
      }
    });
  });
}
