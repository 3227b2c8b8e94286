import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { backupImages } from '../../../src/core/backup/backupImages.ts';
import type { BackupResult } from '../../../src/core/backup/backupResult.ts';
import { digestOf, type Digest } from '../../../src/core/digest.ts';
import { failure } from '../../../src/core/errors.ts';
import { unattended, type Operation } from '../../../src/core/progress.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import { openSnapshot, readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { readDocument } from '../../../src/core/vault/blobStore.ts';
import { readLayer } from '../../../src/core/vault/frames.ts';
import { layerEntries } from '../../../src/core/vault/layerIndex.ts';
import { createVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { collect } from '../../support/archives/byteStreams.ts';
import {
  classicEngine,
  containerdStore,
  legacyEngine,
  skopeoDocker,
} from '../../support/archives/producers.ts';
import {
  sampleImage,
  sampleImages,
  sampleLayer,
  type SampleImage,
} from '../../support/archives/sampleImages.ts';
import { cancelledWhen } from '../../support/cancelledWhen.ts';
import { failureOf } from '../../support/failureOf.ts';
import { LyingEngine } from '../../support/lyingEngine.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const [one, two, three] = [sampleLayer(1, 3000), sampleLayer(2, 5000), sampleLayer(3, 7000)];
const app = sampleImage([one, two], ['app:1', 'app:latest']);
const next = sampleImage([one, three], ['app:2']);

describe('backing up images', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  let vault: Vault;
  beforeEach(async () => {
    vault = await createVault({ path: folder.path(), compression: 'zstd' });
  });

  const backUp = async (
    engine: LyingEngine,
    images: readonly SampleImage[],
    operation: Operation = unattended(),
  ): Promise<readonly BackupResult[]> =>
    backupImages(
      { engine, vault, owner: await currentProcess() },
      { images: images.map(({ configDigest: id, tags }) => ({ id, tags })), tags: ['t'] },
      operation,
    );
  const saves = (engine: LyingEngine): readonly unknown[] =>
    engine.calls.filter(({ name }) => name === 'save').map(({ args }) => args[0]);
  const blobCount = async (): Promise<number> => (await readdir(vault.paths.blobs)).length;

  /** Reads every byte of a snapshot's images and compares them with what the engine has. */
  async function requireSame(snapshot: Snapshot, image: SampleImage): Promise<void> {
    const { images } = await openSnapshot(vault, snapshot);
    const [found] = images;
    const [manifest] = found?.manifests ?? [];
    assert.ok(found && manifest);
    assert.deepEqual([images.length, found.role], [1, 'image']);
    assert.deepEqual(found.tags, image.tags);
    assert.deepEqual(manifest.platform, image.platform);
    const config = { digest: manifest.config.digest, sizeBytes: manifest.config.size };
    assert.ok(image.config.equals(await readDocument(vault.blobs, config)));
    assert.equal(manifest.layers.length, image.layers.length);
    for (const [place, { index }] of manifest.layers.entries()) {
      assert.ok(
        (await collect(readLayer(vault.blobs, index))).equals(image.layers[place] ?? Buffer.alloc(0)),
      );
      let count = 0;
      for await (const entry of layerEntries(vault.blobs, index)) count += entry.path === '' ? 0 : 1;
      assert.equal(count, index.entryCount);
    }
  }

  async function nothingLeft(before: string): Promise<void> {
    assert.equal(await readFile(vault.paths.index, 'utf8'), before);
    for (const place of [vault.paths.partial, vault.paths.locks, vault.paths.journal])
      assert.deepEqual(await readdir(place), []);
  }

  const producers: Readonly<Record<string, (images: readonly SampleImage[]) => Buffer>> = {
    'Docker 20.10': legacyEngine,
    'Docker 25': classicEngine,
  };
  for (const [what, producer] of Object.entries(producers))
    for (const compression of ['zstd', 'gzip'] as const)
      it(`keeps configs, layers and names of several images, asked for once (${what}, ${compression})`, async () => {
        vault = await createVault({ path: `${folder.path()}/${compression}`, compression });
        const images = sampleImages();
        const engine = new LyingEngine(images);
        engine.lies.save = () => Promise.resolve(Readable.from([producer(images)]));
        const results = await backUp(engine, images);
        assert.equal(saves(engine).length, 1);
        assert.deepEqual(
          results.map(({ isUnchanged, remarks }) => [isUnchanged, remarks]),
          [
            [false, []],
            [false, []],
          ],
        );
        for (const [place, { snapshot }] of results.entries()) {
          const image = images[place];
          assert.ok(image);
          assert.deepEqual(snapshot.imageIds, [image.configDigest]);
          assert.equal(snapshot.source.name, image.tags[0]);
          await requireSame(snapshot, image);
        }
        assert.deepEqual((await readSnapshots(vault)).length, 2);
      });

  it('takes what Podman sends', async () => {
    const engine = new LyingEngine([app]);
    engine.lies.save = () => Promise.resolve(Readable.from([skopeoDocker(app)]));
    const [result] = await backUp(engine, [app]);
    assert.ok(result);
    await requireSame(result.snapshot, app);
  });

  it('asks for nothing that the vault has, and says that nothing changed', async () => {
    await backUp(new LyingEngine([app]), [app]);
    const blobs = await blobCount();
    const engine = new LyingEngine([app]);
    const [again] = await backUp(engine, [app]);
    assert.deepEqual(saves(engine), []);
    assert.equal(again?.isUnchanged, true);
    assert.equal(again.snapshot.newBytes, again.snapshot.sizeBytes);
    await requireSame(again.snapshot, app);
    assert.equal(await blobCount(), blobs + 1);
    assert.equal(new Set((await readSnapshots(vault)).map(({ id }) => id)).size, 2);
  });

  it('stores a layer once that comes again in another image', async () => {
    await backUp(new LyingEngine([app]), [app]);
    const engine = new LyingEngine([app, next]);
    const results = await backUp(engine, [app, next]);
    assert.deepEqual(saves(engine), [[next.configDigest]]);
    const [old, fresh] = results;
    assert.deepEqual([old?.isUnchanged, fresh?.isUnchanged], [true, false]);
    assert.ok(fresh);
    await requireSame(fresh.snapshot, next);
    const layersOf = async (image: Snapshot): Promise<readonly string[]> =>
      (await openSnapshot(vault, image)).images.flatMap(({ manifests }) =>
        manifests.flatMap(({ layers }) => layers.map(({ descriptor }) => descriptor.digest)),
      );
    assert.ok(old);
    assert.equal((await layersOf(old.snapshot))[0], (await layersOf(fresh.snapshot))[0]);
  });

  it('keeps every document and blob of a containerd store as it is, and says which platforms are absent', async () => {
    const arm = sampleImage([one, three], [], 'arm64');
    const { bytes, targetDigest } = containerdStore(app, { other: arm });
    const engine = new LyingEngine([app]);
    engine.lies.info = async (truth) => ({ ...(await truth()), imageStore: 'containerd' });
    engine.lies.inspect = async () => ({
      ...(await new LyingEngine([app]).images.inspect(app.configDigest)),
      id: targetDigest,
    });
    engine.lies.save = () => Promise.resolve(Readable.from([bytes]));
    const owner = await currentProcess();
    const input = { images: [{ id: targetDigest, tags: app.tags }] };
    const [result] = await backupImages({ engine, vault, owner }, input, unattended());
    assert.ok(result);
    assert.deepEqual(
      result.remarks.map(({ kind, subject }) => [kind, subject]),
      [['notRead', 'linux/s390x']],
    );
    const { images } = await openSnapshot(vault, result.snapshot);
    assert.equal(images[0]?.target.digest, targetDigest);
    assert.deepEqual(
      images[0].manifests.map(({ platform }) => platform.architecture),
      ['amd64', 'arm64'],
    );
    for (const { layers } of images[0].manifests)
      for (const { index, descriptor } of layers) {
        assert.equal(index.compression, 'gzip');
        assert.equal(descriptor.digest, index.digest);
        assert.equal(digestOf(await collect(readLayer(vault.blobs, index))), index.diffId);
      }

    // Whether another platform was pulled since is not told by the ID: an older engine has to send it all again.
    let sent = 0;
    engine.lies.save = () => {
      sent += 1;
      return Promise.resolve(Readable.from([bytes]));
    };
    const remarksAgain = async (present?: readonly Digest[]): Promise<readonly string[] | undefined> => {
      engine.lies.inspect = async () => ({
        ...(await new LyingEngine([app]).images.inspect(app.configDigest)),
        id: targetDigest,
        ...(present && { presentManifests: present }),
      });
      const [again] = await backupImages({ engine, vault, owner }, input, unattended());
      return again?.remarks.map(({ subject }) => subject);
    };
    const present = images[0].manifests.map(({ descriptor }) => descriptor.digest);
    assert.deepEqual(await remarksAgain(), ['linux/s390x']);
    assert.equal(sent, 1);
    assert.deepEqual(await remarksAgain(present), ['linux/s390x']);
    assert.equal(sent, 1);
    // The platform that the index lists was pulled meanwhile, and is not among what is sent all the same.
    const lost = await failureOf(remarksAgain([...present, digestOf('never pulled')]));
    assert.equal(lost.code, 'archiveMissing');
    assert.equal(sent, 2);
  });

  it('refuses an image that was not chosen, or whose name means another one by now', async () => {
    await assert.rejects(backUp(new LyingEngine([app]), []), { code: 'nothingSelected' });
    await assert.rejects(backUp(new LyingEngine([app]), [next]), { code: 'engineNotFound' });
    const before = await readFile(vault.paths.index, 'utf8');
    const engine = new LyingEngine([app]);
    engine.lies.save = async (truth) => {
      const tar = await truth();
      engine.hold(next);
      await engine.images.tag(next.configDigest, 'app:1');
      return tar;
    };
    await assert.rejects(backUp(engine, [app]), { code: 'tagMoved', details: { tag: 'app:1' } });
    await nothingLeft(before);
  });

  const tar = legacyEngine([{ ...app, tags: [] }]);
  const cuts = [0, 1, 511, 512, 1024, 5000, tar.length - 1025, tar.length - 1];
  for (const cut of cuts)
    it(`leaves nothing when the engine stops after ${cut} bytes`, async () => {
      const before = await readFile(vault.paths.index, 'utf8');
      const engine = new LyingEngine([app]);
      engine.lies.save = () =>
        Promise.resolve(
          Readable.from(
            (async function* () {
              yield await Promise.resolve(tar.subarray(0, cut));
              throw failure('streamCut', { call: 'image save', bytes: cut });
            })(),
          ),
        );
      await assert.rejects(backUp(engine, [app]), { code: 'streamCut' });
      await nothingLeft(before);
    });

  for (const [where, at] of [
    ['inside a layer', 4000],
    ['between two files', 1024],
    ['before the end mark', tar.length - 1024],
    ['after the end mark', tar.length],
  ] as const)
    it(`leaves nothing, and says so, when the engine’s own error stands in its tar ${where}`, async () => {
      const before = await readFile(vault.paths.index, 'utf8');
      const engine = new LyingEngine([app]);
      const said = Buffer.from('{"errorDetail":{"message":"disk on fire"},"error":"disk on fire"}\r\n');
      engine.lies.save = () => Promise.resolve(Readable.from([tar.subarray(0, at), said]));
      await assert.rejects(backUp(engine, [app]), { code: 'archiveTrailing', message: /disk on fire/ });
      await nothingLeft(before);
    });

  it('leaves nothing when the tar ends early, lacks a layer, or has another one', async () => {
    const before = await readFile(vault.paths.index, 'utf8');
    const stranger = sampleImage([one, three], app.tags);
    const lies = [
      tar.subarray(0, tar.length - 1024),
      legacyEngine([next]),
      classicEngine([{ ...app, layers: [one] }]),
      classicEngine([{ ...app, layers: [one, three] }]),
      legacyEngine([{ ...app, layers: [one, three] }]),
      legacyEngine([stranger]),
    ];
    for (const bytes of lies) {
      const engine = new LyingEngine([app]);
      engine.lies.save = () => Promise.resolve(Readable.from([bytes]));
      await assert.rejects(backUp(engine, [app]), (error: Error & { code?: string }) =>
        (error.code ?? '').startsWith('archive'),
      );
      await nothingLeft(before);
    }
  });

  for (const phase of ['preparing', 'reading', 'checking'] as const)
    it(`leaves nothing when it is cancelled while ${phase}`, async () => {
      const before = await readFile(vault.paths.index, 'utf8');
      const operation = cancelledWhen((fact) => fact.phase === phase);
      await assert.rejects(backUp(new LyingEngine([app]), [app], operation), { name: 'AbortError' });
      await nothingLeft(before);
    });

  it('leaves nothing when the disk runs full, whichever blob that happens at', async () => {
    const before = await readFile(vault.paths.index, 'utf8');
    const whole = vault;
    for (let at = 0; ; at += 1) {
      let puts = 0;
      vault = {
        ...whole,
        blobs: {
          ...whole.blobs,
          put: (bytes, expectation) => {
            puts += 1;
            if (puts - 1 === at) return Promise.reject(failure('diskFilledUp', { path: whole.paths.root }));
            return whole.blobs.put(bytes, expectation);
          },
        },
      };
      const outcome = await backUp(new LyingEngine([app]), [app]).catch((error: unknown) => error);
      if (Array.isArray(outcome)) {
        assert.ok(at > 5);
        return;
      }
      assert.equal((outcome as { code?: string }).code, 'diskFilledUp', String(at));
      await nothingLeft(before);
    }
  });
});
