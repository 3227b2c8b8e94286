import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { backupContainer } from '../../src/core/backup/backupContainer.ts';
import { backupImages } from '../../src/core/backup/backupImages.ts';
import { tarEnd, tarFile } from '../../src/core/archive/tarWriter.ts';
import type { Digest } from '../../src/core/digest.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import { unattended } from '../../src/core/progress.ts';
import { executeRestore } from '../../src/core/restore/executeRestore.ts';
import { loadArchive } from '../../src/core/restore/loadArchive.ts';
import { planLoad } from '../../src/core/restore/planLoad.ts';
import { planRestore } from '../../src/core/restore/planRestore.ts';
import type { RestoreResult } from '../../src/core/restore/restoreResult.ts';
import type { Snapshot } from '../../src/core/snapshot/snapshot.ts';
import { openSnapshot } from '../../src/core/snapshot/snapshots.ts';
import { createVault, type Vault } from '../../src/core/vault/layout.ts';
import { currentProcess } from '../../src/core/vault/processIdentity.ts';
import { packedOci } from '../support/archives/packedOci.ts';
import { sampleImage, sampleLayer, type SampleImage } from '../support/archives/sampleImages.ts';
import { engineHost, tarOf, type EngineHost } from '../support/tinyImage.ts';
import { shownImage } from './contractImages.ts';

const baseBytes = 1 << 20;

/** What a restore must do on every engine that has the base of an image, which is in no snapshot. */
export function restoreContract(name: string, connectTo: () => Promise<Engine>): void {
  describe(`restores on ${name} whose base is there and in no snapshot`, function () {
    this.timeout(120_000);
    const run = randomBytes(4).toString('hex');
    const tagOf = (word: string): string => `localhost/drydock-test/${run}-${word}`;
    let engine: Engine;
    let host: EngineHost;
    let folder: string;
    let vault: Vault;
    let base: SampleImage;
    let app: SampleImage;
    let appId: Digest;
    let snapshot: Snapshot;

    before(async () => {
      engine = await connectTo();
      host = engineHost(engine.endpoint);
      folder = await mkdtemp(join(tmpdir(), 'drydock-restores-'));
      vault = await createVault({ path: join(folder, 'vault'), compression: 'zstd' });
      const large = Buffer.concat([tarFile(`base-${run}`, randomBytes(baseBytes)), tarEnd]);
      base = sampleImage([large], [tagOf('base:1')]);
      app = sampleImage([large, sampleLayer(7)], [tagOf('app:1'), tagOf('app:latest'), tagOf('other:2')]);
      await load(base, 6);
      appId = await load(app, 6);
      const deps = { engine, vault, owner: await currentProcess() };
      const [result] = await backupImages(
        deps,
        { images: [{ id: appId, tags: app.tags }], transport: 'stream' },
        unattended(),
      );
      assert.ok(result);
      snapshot = result.snapshot;
    });
    afterEach(async () => {
      assert.deepEqual(await readdir(vault.paths.journal), []);
    });
    after(async () => {
      await host.removeLabelled();
      for (const { tags } of [app, base]) for (const tag of tags) await removeIfThere(tag);
      await engine.close();
      await rm(folder, { recursive: true, force: true });
    });

    /** Loads an image as a registry would have given it, with layers that are packed in that way. */
    async function load(image: SampleImage, level: number): Promise<Digest> {
      const path = join(folder, 'packed.tar');
      await writeFile(path, packedOci(image, 'gzip', (layer) => gzipSync(layer, { level })).bytes);
      const plan = await planLoad({ engine }, { path }, unattended());
      const { images } = await loadArchive({ engine }, { plan, keepAs: new Map() }, unattended());
      assert.ok(images[0]);
      return images[0].id;
    }
    async function removeIfThere(ref: string): Promise<void> {
      const all = await engine.images.list();
      const found = all.find(({ id, tags }) => id === ref || tags.includes(ref));
      if (found !== undefined) await engine.images.remove(found.id, { force: true });
    }
    async function restore(of: Snapshot): Promise<RestoreResult & { planned: number; whole: number }> {
      const plan = await planRestore(
        { engine, vault },
        { contents: await openSnapshot(vault, of), choices: {} },
      );
      const deps = { engine, vault, owner: await currentProcess() };
      const result = await executeRestore(deps, plan, unattended());
      return { ...result, planned: plan.sending.bytes, whole: plan.sending.wholeBytes };
    }
    /** An image that lacks a blob is listed too, and can’t be given away. */
    async function requireWhole(ref: string): Promise<void> {
      await finished((await engine.images.save([ref])).resume());
    }
    async function requireApp(): Promise<void> {
      const shown = await shownImage(host, appId);
      assert.deepEqual(shown.tags, [...app.tags].sort());
      assert.deepEqual(shown.diffIds, app.diffIds);
      await requireWhole(appId);
    }
    /** A containerd store tells what is whole from API 1.48 on. */
    async function tells(): Promise<boolean> {
      const { imageStore, apiVersion } = await engine.info();
      return imageStore !== 'containerd' || Number(apiVersion.split('.')[1]) >= 48;
    }

    it('send no layer of the base, and give an image all its names', async () => {
      await engine.images.remove(appId, { force: true });
      const { sentBytes, sentAgain, planned, whole } = await restore(snapshot);
      assert.deepEqual([sentBytes, sentAgain], [planned, undefined]);
      assert.equal(whole - sentBytes > baseBytes / 2, await tells());
      await requireApp();
    });

    it('bring an image and the changes of a container, one after the other where that spares the base', async () => {
      const container = `drydock-test-${run}`;
      await host.createContainer({ Image: appId }, container);
      const changes = await tarOf([{ name: 'changed', content: run }]);
      await engine.containers.writeArchive(container, '/', Readable.from([changes]));
      const deps = { engine, vault, owner: await currentProcess() };
      const input = { container, consistency: 'none', includeBinds: false, transport: 'stream' } as const;
      const { snapshot: taken } = await backupContainer(deps, input, unattended());
      await engine.containers.remove(container, { force: true });
      await engine.images.remove(appId, { force: true });
      const { sentBytes, sentAgain, planned, whole } = await restore(taken);
      assert.deepEqual([sentBytes, sentAgain], [planned, undefined]);
      assert.equal(whole - sentBytes > baseBytes / 2, await tells());
      await requireApp();
      const { imageId } = await engine.containers.inspect(container);
      await requireWhole(imageId);
      await engine.containers.remove(container, { force: true });
      if (imageId !== appId) await removeIfThere(imageId);
    });

    it('send all of it where the base is packed otherwise than it looks, and leave the image whole', async () => {
      await engine.images.remove(appId, { force: true });
      await engine.images.remove(tagOf('base:1'), { force: true });
      await load(base, 1);
      const { sentBytes, sentAgain, whole } = await restore(snapshot);
      const { imageStore } = await engine.info();
      const isMistaken = imageStore === 'containerd' && (await tells());
      assert.equal(sentAgain !== undefined, isMistaken, sentAgain);
      assert.equal(sentBytes > whole, isMistaken);
      await requireApp();
    });
  });
}
