import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { commitContainer } from '../../src/core/backup/commitContainer.ts';
import { exportContainer } from '../../src/core/backup/exportContainer.ts';
import { saveImages } from '../../src/core/backup/saveImages.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import { unattended, type ProgressFact } from '../../src/core/progress.ts';
import { importRootfs } from '../../src/core/restore/importRootfs.ts';
import { loadArchive, type LoadedArchive } from '../../src/core/restore/loadArchive.ts';
import { planLoad, type LoadPlan } from '../../src/core/restore/planLoad.ts';
import { packedOci, platformsOci } from '../support/archives/packedOci.ts';
import { sampleImage, sampleLayer } from '../support/archives/sampleImages.ts';
import { cancelledWhen } from '../support/cancelledWhen.ts';
import { failureOf } from '../support/failureOf.ts';
import { losingLargeFiles } from '../support/losingLargeFiles.ts';
import { engineHost, tarOf, type EngineHost } from '../support/tinyImage.ts';
import { watchedEngine } from '../support/watchedEngine.ts';
import {
  makeContractImages,
  shownImage,
  shownImages,
  type ContractImage,
  type ShownImage,
} from './contractImages.ts';

const forms = ['docker-archive', 'oci-archive'] as const;
const compressions = ['none', 'gzip', 'zstd'] as const;

/**
 * What saving, loading, exporting and importing must do on every engine, whatever its image store. Runs on an engine
 * made for tests and removes only what it made.
 */
export function archiveContract(name: string, connectTo: () => Promise<Engine>): void {
  describe(`archives on ${name}`, function () {
    this.timeout(120_000);
    const run = randomBytes(4).toString('hex');
    const tagOf = (word: string): string => `localhost/drydock-test/${run}-${word}`;
    let engine: Engine;
    let host: EngineHost;
    let folder: string;
    let images: readonly ContractImage[];

    before(async () => {
      engine = await connectTo();
      host = engineHost(engine.endpoint);
      folder = await mkdtemp(join(tmpdir(), 'drydock-archives-'));
      images = await makeContractImages(engine, host, { run, folder });
    });
    after(async () => {
      await host.removeLabelled();
      await engine.close();
      await rm(folder, { recursive: true, force: true });
    });

    const named = (what: string): ContractImage => {
      const found = images.find((image) => image.what === what);
      assert.ok(found, what);
      return found;
    };
    /** Children first. */
    const removeAll = async (which: readonly ContractImage[]): Promise<void> => {
      for (const { id } of which.toReversed()) await engine.images.remove(id, { force: true });
    };
    const save = async (
      which: readonly ContractImage[],
      file: string,
      form: (typeof forms)[number] = 'docker-archive',
      compression: (typeof compressions)[number] = 'none',
    ): Promise<string> => {
      const path = join(folder, file);
      await saveImages({ engine }, { images: which, path, form, compression, replace: true }, unattended());
      return path;
    };
    const load = async (
      path: string,
      keepAs: ReadonlyMap<string, string> = new Map(),
    ): Promise<{ plan: LoadPlan; loaded: LoadedArchive }> => {
      const plan = await planLoad({ engine }, { path }, unattended());
      return { plan, loaded: await loadArchive({ engine }, { plan, keepAs }, unattended()) };
    };
    const isContainerd = async (): Promise<boolean> => (await engine.info()).imageStore === 'containerd';

    for (const form of forms) {
      for (const compression of compressions) {
        it(`give back ID, names, config and layers through ${form} with ${compression}`, async () => {
          const before = await Promise.all(images.map(({ id }) => shownImage(host, id)));
          // A containerd store lists the builder's own steps as soon as the image above them was removed once.
          const allBefore = await shownImages(host, { withSteps: true });
          const path = await save(images, `all-${form}-${compression}`, form, compression);
          await removeAll(images);
          const { plan, loaded } = await load(path);

          const after = await Promise.all(images.map(({ id }) => shownImage(host, id)));
          assert.deepEqual(after, before);
          for (const id of Object.keys(await shownImages(host)))
            assert.ok(id in allBefore, 'and no image more is listed');
          const ids = new Set<string>(images.map(({ id }) => id));
          assert.deepEqual(new Set<string>(plan.images.map(({ id }) => id)), ids, 'as planned');
          assert.deepEqual(new Set<string>(loaded.images.map(({ id }) => id)), ids, 'as told');
          await rm(path);
        });
      }
    }

    it('give back each image that is saved alone', async () => {
      for (const [index, image] of images.entries()) {
        if (image.what === 'a base of others') continue;
        const before = await shownImage(host, image.id);
        const form = forms[index % 2];
        const path = await save([image], 'alone', form);
        await engine.images.remove(image.id, { force: true });
        await load(path);
        assert.deepEqual(await shownImage(host, image.id), before, `${image.what}, ${form ?? ''}`);
      }
    });

    it('save the names that were asked for and no others', async () => {
      const image = named('several layers with empty steps between them, and many names');
      const asked = image.tags.slice(1, 3);
      const path = await save([{ ...image, tags: asked }], 'some-names');
      const before = await shownImage(host, image.id);
      await engine.images.remove(image.id, { force: true });
      await load(path);
      const after = await shownImage(host, image.id);
      assert.deepEqual(after, { ...before, tags: [...asked].sort() });
      for (const tag of image.tags) await engine.images.tag(image.id, tag);
    });

    it('load images whose layers are packed, whatever the store makes of them', async () => {
      const layers = [sampleLayer(61, 3000), sampleLayer(62, 70_000), sampleLayer(61, 3000)];
      const packs: [string, (layer: Uint8Array) => Buffer][] = [
        ['gzip', gzipSync],
        ['zstd', zstdCompressSync],
      ];
      for (const [kind, pack] of packs) {
        const sample = sampleImage(layers, [tagOf(`${kind}:1`)]);
        const { bytes, manifestDigest } = packedOci(sample, kind, pack);
        const path = join(folder, `packed-${kind}`);
        await writeFile(path, bytes);
        try {
          const { loaded } = await load(path);
          const shown = await shownImage(host, tagOf(`${kind}:1`));
          assert.deepEqual(shown.diffIds, sample.diffIds);
          assert.equal(shown.id, (await isContainerd()) ? manifestDigest : sample.configDigest);
          assert.deepEqual(
            loaded.images.map(({ id }) => id),
            [shown.id],
          );
          const [id] = loaded.images.map((image) => image.id);
          assert.ok(id);
          const again = await save([{ what: kind, id, tags: [tagOf(`${kind}:1`)] }], `again-${kind}`);
          await engine.images.remove(id, { force: true });
          await load(again);
          assert.deepEqual(await shownImage(host, id), shown, 'and through an archive of its own');
        } finally {
          await engine.images.remove(tagOf(`${kind}:1`), { force: true });
        }
      }
    });

    it('load an image of several platforms: whole on a containerd store, else the engine’s own', async () => {
      const { platform } = await engine.info();
      const other = platform.architecture === 'arm64' ? 'amd64' : 'arm64';
      const tag = tagOf('platforms:1');
      const mine = sampleImage([sampleLayer(71, 2000), sampleLayer(72)], [tag], platform.architecture);
      const foreign = sampleImage([sampleLayer(73, 2000), sampleLayer(72)], [tag], other);
      const made = platformsOci([mine, foreign]);
      const path = join(folder, 'platforms');
      await writeFile(path, made.bytes);
      try {
        const { plan } = await load(path);
        const shown = await shownImage(host, tag);
        assert.deepEqual(shown.diffIds, mine.diffIds);
        if (!(await isContainerd())) {
          assert.equal(shown.id, mine.configDigest);
          assert.deepEqual(
            plan.leftOut.map(({ configDigest }) => configDigest),
            [foreign.configDigest],
          );
          return;
        }
        assert.equal(shown.id, made.indexDigest);
        for (const form of forms) {
          const again = await save([{ what: form, id: made.indexDigest, tags: [tag] }], 'platforms-2', form);
          await engine.images.remove(made.indexDigest, { force: true });
          const second = await load(again);
          assert.deepEqual(await shownImage(host, tag), shown);
          assert.deepEqual(
            new Set(second.plan.images.map(({ image }) => image.configDigest)),
            new Set([mine.configDigest, foreign.configDigest]),
            'both platforms',
          );
        }
      } finally {
        await engine.images.remove(tag, { force: true });
      }
    });

    it('move a name that another image has, and keep that image when asked', async () => {
      const [first, second] = [named('child 1 of that base'), named('child 2 of that base')];
      const tag = first.tags[0] ?? '';
      const kept = tagOf('kept:1');
      const path = await save([first], 'moving');
      await engine.images.remove(first.id, { force: true });
      await engine.images.tag(second.id, tag);
      const listBefore = await shownImages(host);

      const plan = await planLoad({ engine }, { path }, unattended());
      assert.deepEqual(
        plan.images.map(({ tags }) => tags),
        [[{ tag, effect: 'move', currentId: second.id }]],
      );
      const times: ((fact: ProgressFact) => boolean)[] = [
        ({ phase }) => phase === 'sending',
        ({ phase, doneBytes = 0, totalBytes = 0 }) => phase === 'sending' && doneBytes > totalBytes / 2,
        ({ phase, doneBytes, totalBytes }) => phase === 'sending' && doneBytes === totalBytes,
      ];
      for (const [index, isTime] of times.entries()) {
        await assert.rejects(
          loadArchive({ engine }, { plan, keepAs: new Map([[tag, kept]]) }, cancelledWhen(isTime)),
          { name: 'AbortError' },
        );
        assert.deepEqual(await shownImages(host), listBefore, `as it was after cancel ${index + 1}`);
      }

      await loadArchive({ engine }, { plan, keepAs: new Map([[tag, kept]]) }, unattended());
      assert.equal((await shownImage(host, tag)).id, first.id);
      assert.equal((await shownImage(host, kept)).id, second.id);
      await engine.images.remove(kept);
    });

    it('get only what they lack where they can be trusted with it, and all of it when that is gone meanwhile', async () => {
      const [baseTag, childTag] = [tagOf('lacking-base:1'), tagOf('lacking-child:1')];
      const label = 'LABEL dev.drydock.test=1';
      const large = await tarOf([{ name: 'large', content: randomBytes(2 << 20) }]);
      const base = await engine.images.importRootfs(Readable.from([large]), {
        name: baseTag,
        changes: [label, 'CMD ["x"]'],
      });
      const container = await host.createContainer({ Image: base });
      await engine.containers.writeArchive(
        container,
        '/',
        Readable.from([await tarOf([{ name: 'own', content: run }])]),
      );
      const child = await engine.containers.commit(container, {
        name: childTag,
        pause: false,
        changes: [label],
      });
      await engine.containers.remove(container);
      const { imageStore, apiVersion } = await engine.info();
      // What a containerd store has is known by manifests alone; Podman takes a part of one image only.
      const which: readonly ContractImage[] = [
        ...(imageStore === 'containerd' ? [{ what: 'base', id: base, tags: [baseTag] }] : []),
        { what: 'child', id: child, tags: [childTag] },
      ];
      const shown = (): Promise<readonly ShownImage[]> =>
        Promise.all(which.map(({ id }) => shownImage(host, id)));
      const path = await save(which, 'partly-there');
      const before = await shown();
      const tells = imageStore !== 'containerd' || Number(apiVersion.split('.')[1]) >= 48;

      await engine.images.remove(child, { force: true });
      const { plan, loaded } = await load(path);
      assert.deepEqual(await shown(), before);
      assert.deepEqual([loaded.sentBytes, loaded.sentAgain], [plan.sending.bytes, undefined]);
      assert.equal(plan.sending.wholeBytes - plan.sending.bytes > 1 << 20, tells);

      await engine.images.remove(child, { force: true });
      let loads = 0;
      const pruned = watchedEngine(engine, {
        before: async (call) => {
          if (call !== 'images.load') return;
          loads += 1;
          if (loads === 1) await engine.images.remove(base, { force: true });
        },
      });
      const again = await planLoad({ engine }, { path }, unattended());
      const whole = await loadArchive({ engine: pruned }, { plan: again, keepAs: new Map() }, unattended());
      assert.deepEqual(await shown(), before);
      assert.deepEqual([loads, whole.sentAgain !== undefined], tells ? [2, true] : [1, false]);
      // What is broken is listed too, and can't be given away again.
      await save(which, 'given-away');
      await removeAll(which);
    });

    it('leave everything as it was when a layer does not arrive', async () => {
      const image = named('a large layer of random bytes');
      const other = named('one layer');
      const path = await save([image], 'robbed');
      await engine.images.remove(image.id, { force: true });
      for (const isTaken of [false, true]) {
        if (isTaken) await engine.images.tag(other.id, image.tags[0] ?? '');
        const listBefore = await shownImages(host);
        const plan = await planLoad({ engine }, { path }, unattended());
        const failed = await failureOf(
          loadArchive({ engine: losingLargeFiles(engine) }, { plan, keepAs: new Map() }, unattended()),
        );
        assert.equal(failed.code, 'loadFailed');
        assert.deepEqual(await shownImages(host), listBefore);
      }
      await load(path);
      assert.equal((await shownImage(host, image.tags[0] ?? '')).id, image.id);
    });

    it('leave everything as it was when the last image of several is broken', async () => {
      const which = [named('one layer'), named('a large layer of random bytes'), named('no name')];
      const path = await save(which, 'robbed-several');
      await removeAll(which);
      const listBefore = await shownImages(host);
      const plan = await planLoad({ engine }, { path }, unattended());
      const failed = await failureOf(
        loadArchive({ engine: losingLargeFiles(engine) }, { plan, keepAs: new Map() }, unattended()),
      );
      assert.equal(failed.code, 'loadFailed');
      assert.deepEqual(await shownImages(host), listBefore);
      await load(path);
      for (const { id } of which) assert.equal((await shownImage(host, id)).id, id);
    });

    it('leave no file when a save is cancelled at any phase', async () => {
      for (const phase of ['preparing', 'reading', 'checking'] as const) {
        const target = await mkdtemp(join(folder, 'cancelled-'));
        const saving = saveImages(
          { engine },
          { images, path: join(target, 'a'), form: 'oci-archive', compression: 'zstd', replace: false },
          cancelledWhen((fact) => fact.phase === phase),
        );
        await assert.rejects(saving, { name: 'AbortError' }, phase);
        assert.deepEqual(await readdir(target), [], phase);
      }
    });

    it('hold a container’s files, which become an image again, and so does the container', async () => {
      const base = named('several layers with empty steps between them, and many names');
      const id = await host.createContainer({ Image: base.id, Cmd: ['/a'] });
      await host.call(
        'PUT',
        `/containers/${id}/archive?path=/`,
        await tarOf([{ name: 'new', content: run }]),
      );
      for (const compression of compressions) {
        const path = join(folder, `export-${compression}`);
        const exported = await exportContainer(
          { engine },
          { containerId: id, path, compression, replace: false },
          unattended(),
        );
        const imported = await importRootfs(
          { engine },
          { path, name: tagOf(`back:${compression}`), changes: ['LABEL dev.drydock.test=1'] },
          unattended(),
        );
        assert.equal(imported.plainBytes, exported.plainBytes);
        const shown = await shownImage(host, tagOf(`back:${compression}`));
        assert.equal(shown.id, imported.id);
        assert.deepEqual(shown.diffIds, [exported.digest]);
      }
      const committed = await commitContainer(
        { engine },
        { containerId: id, name: tagOf('committed:1'), message: 'm', pause: true },
        unattended(),
      );
      const shown = await shownImage(host, tagOf('committed:1'));
      assert.equal(shown.id, committed.id);
      const below = await shownImage(host, base.id);
      assert.deepEqual(shown.diffIds.slice(0, below.diffIds.length), below.diffIds);
      assert.equal(shown.diffIds.length, below.diffIds.length + 1);

      const image = { what: 'committed', id: committed.id, tags: [tagOf('committed:1')] };
      const path = await save([image], 'committed', 'oci-archive', 'zstd');
      await engine.images.remove(committed.id, { force: true });
      await load(path);
      assert.deepEqual(await shownImage(host, committed.id), shown);
    });
  });
}
