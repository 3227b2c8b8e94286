import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { blobPath } from '../../../src/core/archive/archiveContents.ts';
import { readArchiveAt } from '../../../src/core/archive/readArchiveAt.ts';
import {
  convertArchive,
  type ConvertedArchive,
  type ConvertInput,
} from '../../../src/core/bundle/convertArchive.ts';
import type { ConvertedForm } from '../../../src/core/bundle/convertedForm.ts';
import type { Digest } from '../../../src/core/digest.ts';
import { unattended, type Operation } from '../../../src/core/progress.ts';
import { frozenArchives } from '../../support/archives/frozenArchives.ts';
import { packedOci, platformsOci } from '../../support/archives/packedOci.ts';
import {
  classicEngine,
  containerdStore,
  legacyEngine,
  skopeoDocker,
} from '../../support/archives/producers.ts';
import { sampleImage, sampleImages, sampleLayer } from '../../support/archives/sampleImages.ts';
import { cancelledWhen } from '../../support/cancelledWhen.ts';
import { failureOf } from '../../support/failureOf.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const forms: readonly ConvertedForm[] = ['docker-archive', 'docker-archive-old', 'oci-archive', 'oci-layout'];
const images = sampleImages();
const [app, base] = images;

/** What must be the same on both sides, whatever the form. */
interface Facts {
  readonly id: Digest;
  readonly config: string;
  readonly tags: readonly string[];
  readonly diffIds: readonly Digest[];
}

describe('converting archives', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  const at = (name: string): string => join(folder.path(), name);

  const convert = (
    form: ConvertedForm,
    more: Partial<ConvertInput> = {},
    operation: Operation = unattended(),
  ): Promise<ConvertedArchive> =>
    convertArchive(
      {
        path: at('in'),
        output: at('out'),
        form,
        compression: 'none',
        replace: false,
        isPortable: false,
        platform: { os: 'linux', architecture: 'amd64' },
        ...more,
      },
      operation,
    );

  const factsOf = async (path: string): Promise<readonly Facts[]> => {
    const { archive } = await readArchiveAt(path, unattended());
    return archive.images
      .map(({ configDigest, configBytes, tags, layers }) => ({
        id: configDigest,
        config: Buffer.from(configBytes).toString(),
        tags: [...tags].sort(),
        diffIds: layers.map(({ diffId }) => diffId),
      }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  };

  const given: readonly (readonly [string, Buffer])[] = [
    ['Docker 20.10', legacyEngine(images)],
    ['Docker 25 in gzip', gzipSync(classicEngine(images))],
    ['skopeo in zstd', zstdCompressSync(skopeoDocker(app))],
    ['a containerd store', containerdStore(app).bytes],
    ['xz', frozenArchives.xz],
    ['zstd layers', packedOci(app, 'zstd', zstdCompressSync).bytes],
    ['an image without a name', legacyEngine([sampleImage([sampleLayer(5)], [])])],
  ];

  for (const form of forms)
    it(`keeps IDs, config bytes, layers and names in ${form}, whatever wrote the archive`, async () => {
      for (const [what, bytes] of given) {
        await writeFile(at('in'), bytes);
        const before = await factsOf(at('in'));
        const result = await convert(form);
        assert.deepEqual(await factsOf(at('out')), before, what);
        const { archive } = await readArchiveAt(at('out'), unattended());
        assert.equal(archive.form, form.startsWith('docker') ? 'docker-archive' : 'oci-archive', what);
        assert.equal((await stat(at('out'))).isDirectory(), form === 'oci-layout', what);
        assert.equal(result.images.length, before.length, what);
        await rm(at('out'), { recursive: true });
        await rm(at('out.sha256'), { force: true });
        assert.deepEqual(await readdir(folder.path()), ['in'], what);
      }
    });

  it('comes back to the same images through every form in turn', async () => {
    await writeFile(at('in'), legacyEngine(images));
    const before = await factsOf(at('in'));
    let path = at('in');
    for (const [step, form] of [...forms, ...forms.toReversed()].entries()) {
      const output = at(`step-${step}`);
      await convert(form, { path, output, compression: form === 'oci-layout' ? 'none' : 'zstd' });
      path = output;
    }
    assert.deepEqual(await factsOf(path), before);
  });

  it('gives the same bytes for the same archive, and a checksum beside them that sha256sum takes', async () => {
    await writeFile(at('in'), legacyEngine(images));
    for (const form of ['docker-archive', 'docker-archive-old', 'oci-archive'] as const) {
      await convert(form, { output: at('one'), replace: true });
      await convert(form, { output: at('two'), replace: true });
      assert.deepEqual(await readFile(at('one')), await readFile(at('two')), form);
      const { status } = spawnSync('sha256sum', ['--check', '--strict', 'one.sha256'], {
        cwd: folder.path(),
      });
      assert.equal(status, 0, form);
    }
  });

  it('keeps the ID of a containerd store, its index, attestation and platforms', async () => {
    const arm = sampleImage([sampleLayer(8)], [], 'arm64');
    const { bytes, indexDigest } = platformsOci([app, arm]);
    await writeFile(at('in'), bytes);
    for (const form of ['docker-archive', 'oci-archive', 'oci-layout'] as const) {
      const { leftOut, targets } = await convert(form, { output: at(form) });
      const { archive } = await readArchiveAt(at(form), unattended());
      assert.deepEqual(
        archive.images.map(({ targetDigest, configDigest }) => [targetDigest, configDigest]).sort(),
        [app, arm].map(({ configDigest }) => [indexDigest, configDigest]).sort(),
      );
      assert.deepEqual([leftOut, targets], [[], [indexDigest, indexDigest]]);
      assert.ok(archive.images[0]?.companions?.some(({ mediaType }) => mediaType.includes('in-toto')));
    }
    assert.deepEqual(
      (JSON.parse(await textIn(at('docker-archive'), 'manifest.json')) as { Config: string }[]).map(
        ({ Config }) => Config,
      ),
      [blobPath(app.configDigest)],
      'manifest.json has one platform',
    );
  });

  it('says which platforms the old form has no room for, and takes the one that was asked for', async () => {
    const arm = sampleImage([sampleLayer(8)], [], 'arm64');
    await writeFile(at('in'), platformsOci([app, arm]).bytes);
    const result = await convert('docker-archive-old', { platform: { os: 'linux', architecture: 'arm64' } });
    assert.deepEqual(
      [result.images, result.leftOut].map((list) => list.map(({ configDigest }) => configDigest)),
      [[arm.configDigest], [app.configDigest]],
    );
    assert.deepEqual((await factsOf(at('out')))[0]?.tags, [...app.tags].sort());
  });

  it('unpacks zstd layers where it is to be portable, and says where they are left', async () => {
    await writeFile(at('in'), packedOci(app, 'zstd', zstdCompressSync).bytes);
    const kept = await convert('docker-archive', { output: at('kept') });
    const portable = await convert('docker-archive', { output: at('portable'), isPortable: true });
    assert.deepEqual([kept.hasZstdLayers, portable.hasZstdLayers], [true, false]);
    const { archive } = await readArchiveAt(at('portable'), unattended());
    assert.deepEqual(
      archive.images.flatMap(({ layers }) => layers.map(({ compression }) => compression)),
      app.layers.map(() => 'none'),
    );
  });

  it('links a layer of several folders, and names the last folder of each tag', async () => {
    await writeFile(at('in'), legacyEngine(images));
    await convert('docker-archive-old');
    const items = JSON.parse(await textIn(at('out'), 'manifest.json')) as readonly {
      Config: string;
      Layers: readonly string[];
      RepoTags: readonly string[];
    }[];
    assert.deepEqual(
      items.map(({ Config }) => Config),
      images.map(({ configDigest }) => `${configDigest.slice(7)}.json`),
    );
    const listing = spawnSync('tar', ['-tvf', at('out')], { encoding: 'utf8' }).stdout.split('\n');
    assert.equal(
      listing.filter((line) => line.startsWith('l')).length,
      2,
      'a twice in one image, b in both of them',
    );
    const repositories = JSON.parse(await textIn(at('out'), 'repositories')) as Record<string, unknown>;
    assert.deepEqual(repositories, {
      app: { 1: items[0]?.Layers.at(-1)?.split('/')[0] },
      'registry.example:5000/team/app': { 2: items[0]?.Layers.at(-1)?.split('/')[0] },
      base: { latest: items[1]?.Layers.at(-1)?.split('/')[0] },
    });
  });

  it('replaces a file only when told to, and a folder never', async () => {
    await writeFile(at('in'), legacyEngine([base]));
    await writeFile(at('out'), 'mine');
    assert.equal((await failureOf(convert('oci-archive'))).code, 'fileExists');
    assert.equal((await failureOf(convert('oci-layout', { replace: true }))).code, 'fileExists');
    assert.equal(await readFile(at('out'), 'utf8'), 'mine');
    await convert('oci-archive', { replace: true });
    assert.equal((await factsOf(at('out')))[0]?.id, base.configDigest);
    await mkdir(at('folder'));
    await convert('oci-layout', { output: at('folder') });
    assert.equal((await failureOf(convert('oci-layout', { output: at('folder') }))).code, 'fileExists');
    assert.equal((await factsOf(at('folder')))[0]?.id, base.configDigest);
  });

  it('leaves nothing when it is cancelled while it reads, writes or checks', async () => {
    await writeFile(at('in'), legacyEngine(images));
    for (const form of ['docker-archive', 'oci-layout'] as const)
      for (const phase of ['checking', 'writing'] as const)
        for (const which of [0, 1]) {
          let seen = 0;
          const operation = cancelledWhen((fact) => fact.phase === phase && seen++ >= which);
          await assert.rejects(convert(form, {}, operation), { name: 'AbortError' }, `${form} ${phase}`);
          assert.deepEqual(await readdir(folder.path()), ['in'], `${form} ${phase}`);
        }
  });

  it('leaves nothing of an archive that is damaged, changes meanwhile or does not match its checksum', async () => {
    const bytes = legacyEngine(images);
    await writeFile(at('in'), bytes.subarray(0, bytes.length - 2000));
    for (const form of forms) assert.match((await failureOf(convert(form))).code, /^archive/);
    await writeFile(at('in'), bytes);
    await writeFile(at('in.sha256'), `${'0'.repeat(64)}  in\n`);
    assert.equal((await failureOf(convert('oci-archive'))).code, 'checksumDiffers');
    await rm(at('in.sha256'));
    const other = Buffer.from(bytes);
    const place = other.indexOf(app.layers[1]?.subarray(0, 600) ?? '') + 700;
    other[place] = (other[place] ?? 0) ^ 1;
    for (const form of forms) {
      await writeFile(at('in'), bytes);
      let isDone = false;
      const change = {
        ...unattended(),
        progress: {
          report: ({ phase, doneBytes }: { phase: string; doneBytes?: number }) => {
            if (isDone || phase !== 'checking' || doneBytes !== bytes.length) return;
            isDone = true;
            spawnSync('dd', [`of=${at('in')}`, 'conv=notrunc', 'bs=1', `seek=${place}`, 'status=none'], {
              input: other.subarray(place, place + 1),
            });
          },
        },
      };
      assert.equal((await failureOf(convert(form, {}, change))).code, 'archiveChanged', form);
      assert.deepEqual(await readdir(folder.path()), ['in'], form);
    }
  });

  it('keeps a layer’s bytes as they lie there', async () => {
    const { bytes } = packedOci(app, 'gzip', gzipSync);
    await writeFile(at('in'), bytes);
    await convert('oci-layout');
    for (const layer of app.layers) {
      const packed = gzipSync(layer);
      const names = await readdir(join(at('out'), 'blobs', 'sha256'));
      const found = await Promise.all(
        names.map((name) => readFile(join(at('out'), 'blobs', 'sha256', basename(name)))),
      );
      assert.ok(found.some((blob) => blob.equals(packed)));
    }
  });

  const textIn = async (path: string, entry: string): Promise<string> => {
    const { stdout, status } = spawnSync('tar', ['-xOf', path, entry], { encoding: 'utf8' });
    assert.equal(status, 0);
    return Promise.resolve(stdout);
  };
});
