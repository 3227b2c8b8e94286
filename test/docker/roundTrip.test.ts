import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { fileSource } from '../../src/core/archive/fileSource.ts';
import { readArchive } from '../../src/core/archive/readArchive.ts';
import { saveImages } from '../../src/core/backup/saveImages.ts';
import { parseDigest } from '../../src/core/digest.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import { unattended } from '../../src/core/progress.ts';
import { loadArchive } from '../../src/core/restore/loadArchive.ts';
import { planLoad } from '../../src/core/restore/planLoad.ts';
import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';
import { testHost } from '../support/engine.ts';
import { dockerCli, makeVariedImages, type DockerCli, type VariedImage } from '../support/variedImages.ts';

const run = promisify(execFile);

interface Known {
  readonly id: string;
  readonly tags: readonly string[];
  readonly diffIds: readonly string[];
}

describe('saving, removing and loading images on a real engine', function () {
  this.timeout(240_000);
  let folder: string;
  let docker: DockerCli;
  let engine: Engine;
  let images: readonly VariedImage[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-roundtrip-'));
    docker = await dockerCli(testHost());
    const endpoint = parseAddress(testHost());
    assert.ok(endpoint);
    engine = connect(endpoint);
    images = await makeVariedImages(testHost(), folder);
    assert.ok(images.length >= 12);
  });

  after(async () => {
    await removeAll();
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });

  const removeAll = async (): Promise<void> => {
    for (const { id } of images.toReversed()) {
      const left = await docker('image', 'ls', '--all', '--quiet', '--no-trunc');
      if (left.includes(id)) await docker('image', 'rm', '--force', id);
    }
  };

  /** What the engine says, asked through its own CLI and not through our adapter. */
  const lookUp = async (id: string): Promise<Known> => {
    const text = await docker('image', 'inspect', '--format', '{{json .}}', id);
    const parsed = JSON.parse(text) as {
      Id: string;
      RepoTags: string[];
      RootFS: { Layers?: string[] | null };
    };
    return { id: parsed.Id, tags: [...parsed.RepoTags].sort(), diffIds: parsed.RootFS.Layers ?? [] };
  };

  const toSave = (image: VariedImage) => ({ id: parseDigest(image.id, 'a test'), tags: image.tags });

  for (const form of ['docker-archive', 'oci-archive'] as const) {
    for (const compression of ['none', 'gzip', 'zstd'] as const) {
      it(`keeps ID, tags, config and every diffID through ${form} with ${compression}`, async () => {
        const path = join(folder, `all-${form}-${compression}.tar`);
        const before = await Promise.all(images.map(({ id }) => lookUp(id)));

        const saved = await saveImages(
          { engine },
          { images: images.map(toSave), path, form, compression, replace: false },
          unattended(),
        );
        await removeAll();
        const plan = await planLoad({ engine }, { path }, unattended());
        await loadArchive({ engine }, { plan, keepAs: new Map() }, unattended());

        assert.deepEqual(await Promise.all(images.map(({ id }) => lookUp(id))), before);
        for (const { image } of plan.images) {
          assert.equal(
            `sha256:${createHash('sha256').update(image.configBytes).digest('hex')}`,
            image.configDigest,
          );
        }
        assert.deepEqual(
          new Set(plan.images.map(({ image }) => image.configDigest as string)),
          new Set(images.map(({ id }) => id)),
        );
        assert.equal(
          await readFile(saved.checksumPath, 'utf8'),
          `${createHash('sha256')
            .update(await readFile(path))
            .digest('hex')}  ${basename(path)}\n`,
        );
        await run('sha256sum', ['--check', basename(saved.checksumPath)], { cwd: folder });
        assert.deepEqual(
          (await readdir(folder)).filter((name) => name.startsWith('.')),
          [],
          'nothing temporary is left',
        );
        await rm(path);
        await rm(saved.checksumPath);
      });
    }
  }

  it('keeps each image when it is saved alone, and plain docker load takes it', async () => {
    const parents = ['a base of others', 'several layers and empty steps between them'];
    for (const [index, image] of images.filter(({ what }) => !parents.includes(what)).entries()) {
      const path = join(folder, `alone-${index}.tar.gz`);
      const before = await lookUp(image.id);
      await saveImages(
        { engine },
        { images: [toSave(image)], path, form: 'docker-archive', compression: 'gzip', replace: false },
        unattended(),
      );
      await docker('image', 'rm', '--force', image.id);
      await docker('load', '--input', path);
      assert.deepEqual(await lookUp(image.id), before, image.what);
      await rm(path);
    }
  });

  it('writes archives in which skopeo finds the same layers', async () => {
    const skopeo = process.env['DRYDOCK_TEST_SKOPEO'];
    assert.ok(
      skopeo !== undefined && skopeo !== '',
      'DRYDOCK_TEST_SKOPEO is not set: run "npm run test:docker"',
    );
    for (const image of images.filter(({ tags }) => tags.length > 0)) {
      const known = await lookUp(image.id);
      for (const form of ['docker-archive', 'oci-archive'] as const) {
        const path = join(folder, `skopeo-${form}.tar`);
        await rm(path, { force: true });
        await saveImages(
          { engine },
          { images: [toSave(image)], path, form, compression: 'none', replace: true },
          unattended(),
        );
        const copy = join(folder, 'skopeo-copy');
        await rm(copy, { recursive: true, force: true });
        await mkdir(copy);
        const ref = form === 'docker-archive' ? `${form}:${path}:${known.tags[0] ?? ''}` : `${form}:${path}`;
        if (form === 'docker-archive' || image.tags.length === 1) {
          const { stdout } = await run(skopeo, ['--insecure-policy', 'inspect', '--config', '--raw', ref]);
          const config = JSON.parse(stdout) as { rootfs: { diff_ids: string[] | null } };
          assert.deepEqual(config.rootfs.diff_ids ?? [], known.diffIds, `${image.what} as ${form}`);
        }
      }
    }
  });

  it('loads what skopeo wrote, from an archive and from a folder', async () => {
    const skopeo = process.env['DRYDOCK_TEST_SKOPEO'] ?? '';
    const image = images.find(({ what }) => what === 'the same layer more than once');
    assert.ok(image !== undefined);
    const known = await lookUp(image.id);
    const saved = join(folder, 'for-skopeo.tar');
    await saveImages(
      { engine },
      { images: [toSave(image)], path: saved, form: 'docker-archive', compression: 'none', replace: true },
      unattended(),
    );
    for (const target of [
      `docker-archive:${folder}/sk.tar`,
      `oci-archive:${folder}/sk-oci.tar`,
      `oci:${folder}/sk-oci`,
    ]) {
      const name = image.tags[0] ?? '';
      await run(skopeo, [
        '--insecure-policy',
        'copy',
        `docker-archive:${saved}:${name}`,
        `${target}:${name}`,
      ]);
      await docker('image', 'rm', '--force', image.id);
      const path = target.split(':')[1] ?? '';
      const plan = await planLoad({ engine }, { path }, unattended());
      const loaded = await loadArchive({ engine }, { plan, keepAs: new Map() }, unattended());
      const after = await lookUp(loaded.images[0]?.id ?? '');
      assert.deepEqual(after.diffIds, known.diffIds, target);
      assert.deepEqual(after.tags, known.tags, target);
      await docker('image', 'rm', '--force', after.id);
      await rm(path, { recursive: true });
      await docker('load', '--input', saved);
    }
  });

  it('names tags that move, keeps the old image when asked, and puts things back when a load is cancelled', async () => {
    const [first, second] = ['a child of a base', 'another child of it'].map((what) =>
      images.find((image) => image.what === what),
    );
    assert.ok(first !== undefined && second !== undefined);
    const tag = first.tags[0] ?? '';
    const path = join(folder, 'moving.tar');
    await saveImages(
      { engine },
      { images: [toSave(first)], path, form: 'docker-archive', compression: 'none', replace: true },
      unattended(),
    );
    await docker('image', 'rm', '--force', first.id);
    await docker('tag', second.id, tag);

    const plan = await planLoad({ engine }, { path }, unattended());
    assert.deepEqual(
      plan.images.map(({ tags }) => tags),
      [[{ tag, effect: 'move', currentId: second.id }]],
    );

    const controller = new AbortController();
    const cancelled = loadArchive(
      { engine },
      { plan, keepAs: new Map([[tag, 'drydock-test/kept:1']]) },
      {
        signal: controller.signal,
        progress: {
          report: () => {
            controller.abort();
          },
        },
      },
    );
    await assert.rejects(cancelled, { name: 'AbortError' });
    assert.deepEqual((await lookUp(tag)).id, second.id);
    assert.deepEqual((await lookUp(second.id)).tags, [...second.tags, tag].sort());

    await loadArchive({ engine }, { plan, keepAs: new Map([[tag, 'drydock-test/kept:1']]) }, unattended());
    assert.equal((await lookUp(tag)).id, first.id);
    assert.equal((await lookUp('drydock-test/kept:1')).id, second.id);
    await docker('image', 'rm', 'drydock-test/kept:1');
  });

  it('leaves no file behind when a save is cancelled at any phase', async () => {
    const image = images.find(({ what }) => what === 'a large layer of random bytes');
    assert.ok(image !== undefined);
    for (const phase of ['preparing', 'reading', 'checking'] as const) {
      const controller = new AbortController();
      const target = join(folder, `cancelled-${phase}`);
      await mkdir(target);
      const saving = saveImages(
        { engine },
        {
          images: [toSave(image)],
          path: join(target, 'a.tar.zst'),
          form: 'oci-archive',
          compression: 'zstd',
          replace: false,
        },
        {
          signal: controller.signal,
          progress: {
            report: (fact) => {
              if (fact.phase === phase) controller.abort();
            },
          },
        },
      );
      await assert.rejects(saving, { name: 'AbortError' }, phase);
      assert.deepEqual(await readdir(target), [], phase);
    }
  });

  it('refuses to call a tag saved that now means another image', async () => {
    const [first, second] = images.filter(({ tags }) => tags.length === 1);
    assert.ok(first !== undefined && second !== undefined);
    await assert.rejects(
      saveImages(
        { engine },
        {
          images: [{ id: parseDigest(first.id, 'a test'), tags: second.tags }],
          path: join(folder, 'moved.tar'),
          form: 'docker-archive',
          compression: 'none',
          replace: false,
        },
        unattended(),
      ),
      { code: 'tagMoved' },
    );
  });

  it('names the image that the engine can’t save because it has no layers', async () => {
    const context = join(folder, 'bare');
    await mkdir(context);
    await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCMD ["none"]\n');
    const id = await docker('build', '--quiet', '--label', 'dev.drydock.test=1', context);
    const target = join(folder, 'bare-target');
    await mkdir(target);
    await assert.rejects(
      saveImages(
        { engine },
        {
          images: [{ id: parseDigest(id, 'a test'), tags: [] }],
          path: join(target, 'bare.tar'),
          form: 'docker-archive',
          compression: 'none',
          replace: false,
        },
        unattended(),
      ),
      { code: 'imageWithoutLayers' },
    );
    assert.deepEqual(await readdir(target), []);
    await docker('image', 'rm', '--force', id);
  });

  it('reads an archive of the engine’s own making', async () => {
    const path = join(folder, 'by-docker.tar');
    const names = images.flatMap(({ tags }) => tags.slice(0, 1));
    await docker('save', '--output', path, ...names);
    const archive = await readArchive(fileSource(path), unattended());
    assert.deepEqual(
      new Set(archive.images.map(({ configDigest }) => configDigest as string)),
      new Set(images.filter(({ tags }) => tags.length > 0).map(({ id }) => id)),
    );
  });
});
