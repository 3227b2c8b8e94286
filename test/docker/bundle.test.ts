import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { applyImages } from '../../src/core/bundle/applyImages.ts';
import { bundleImages, type BundleImagesInput, type MadeBundle } from '../../src/core/bundle/bundleImages.ts';
import { inventoryFrom } from '../../src/core/bundle/bundleInventory.ts';
import { convertArchive } from '../../src/core/bundle/convertArchive.ts';
import { engineInventory } from '../../src/core/bundle/inventory.ts';
import { planApply, type ApplyPlan } from '../../src/core/bundle/planApply.ts';
import { writeInventory } from '../../src/core/bundle/writeInventory.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import { unattended } from '../../src/core/progress.ts';
import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';
import { classicEngine } from '../support/archives/producers.ts';
import { sampleImage, sampleLayer, type SampleImage } from '../support/archives/sampleImages.ts';
import { testHost } from '../support/engine.ts';
import { failureOf } from '../support/failureOf.ts';
import { dockerCli, type DockerCli } from '../support/variedImages.ts';

const run = promisify(execFile);
const [low, middle, high, own] = [51, 52, 53, 54].map((seed) => sampleLayer(seed, 200_000)) as [
  Buffer,
  Buffer,
  Buffer,
  Buffer,
];
const base = sampleImage([low, middle], ['drydock-bundle/base:1']);
const app = sampleImage([low, middle, high], ['drydock-bundle/app:1', 'drydock-bundle/app:latest']);
/** Has the layers of the base, and on other chains. */
const turned = sampleImage([middle, low, own], ['drydock-bundle/turned:1']);

describe('bundles and converted archives on a real engine', function () {
  this.timeout(120_000);
  const skopeo = process.env['DRYDOCK_TEST_SKOPEO'] ?? 'skopeo';
  let folder: string;
  let docker: DockerCli;
  let engine: Engine;
  const at = (name: string): string => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-bundle-'));
    docker = await dockerCli(testHost());
    const endpoint = parseAddress(testHost());
    assert.ok(endpoint);
    engine = connect(endpoint);
  });

  beforeEach(() => load(base, app));
  afterEach(removeAll);

  after(async () => {
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function load(...images: readonly SampleImage[]): Promise<void> {
    await writeFile(at('given.tar'), classicEngine(images));
    await docker('load', '--quiet', '--input', at('given.tar'));
  }

  async function removeAll(): Promise<void> {
    for (const { configDigest } of [turned, app, base]) await remove(configDigest);
  }

  async function remove(id: string): Promise<void> {
    const left = await docker('image', 'ls', '--all', '--quiet', '--no-trunc');
    if (left.includes(id)) await docker('image', 'rm', '--force', id);
  }

  const make = (
    path: string,
    images: readonly SampleImage[],
    more: Partial<BundleImagesInput> = {},
  ): Promise<MadeBundle> =>
    bundleImages(
      { engine },
      {
        images: images.map(({ configDigest: id, tags }) => ({ id, tags })),
        path: at(path),
        replace: false,
        compression: 'none',
        nowMs: Date.now(),
        ...more,
      },
      unattended(),
    );

  const apply = async (path: string): Promise<ApplyPlan> => {
    const plan = await planApply({ engine }, { path: at(path) }, unattended());
    const temporaryFolder = folder;
    await applyImages({ engine, temporaryFolder }, { plan, keepAs: new Map() }, unattended());
    return plan;
  };

  /** What the engine says, asked through its own CLI and not through our adapter. */
  const requireThere = async (...images: readonly SampleImage[]): Promise<void> => {
    for (const image of images) {
      const text = await docker('image', 'inspect', '--format', '{{json .}}', image.configDigest);
      const found = JSON.parse(text) as { RepoTags: string[]; RootFS: { Layers: string[] } };
      assert.deepEqual(found.RootFS.Layers, image.diffIds);
      assert.deepEqual(found.RepoTags.sort(), [...image.tags].sort());
    }
  };

  it('a full one is loaded by plain docker load and read by skopeo in both forms, every ID kept', async () => {
    const made = await make('full.tar.gz', [app, base], { compression: 'gzip' });
    assert.deepEqual(made.leftOut, []);
    await run('sha256sum', ['--check', '--strict', 'full.tar.gz.sha256'], { cwd: folder });
    await removeAll();
    await docker('load', '--input', at('full.tar.gz'));
    await requireThere(app, base);
    await removeAll();
    await apply('full.tar.gz');
    await requireThere(app, base);
    await run('sh', ['-c', 'gzip -dc full.tar.gz > full.tar'], { cwd: folder });
    for (const place of [
      'docker-archive:full.tar:drydock-bundle/app:1',
      'oci-archive:full.tar:docker.io/drydock-bundle/app:1',
    ]) {
      const [form = ''] = place.split(':');
      const name = form === 'oci-archive' ? 'oci-archive:full.tar:latest' : place;
      const { stdout } = await run(skopeo, ['inspect', '--config', '--raw', name], { cwd: folder });
      assert.equal(stdout, app.config.toString(), form);
    }
  });

  it('brings what an engine lacks: it takes the image without the layers that it has', async () => {
    await remove(app.configDigest);
    await writeInventory(
      await engineInventory(engine, Date.now()),
      { path: at('target.json'), replace: false },
      unattended(),
    );
    await load(app);
    const had = await inventoryFrom(at('target.json'), unattended());
    const made = await make('delta.tar', [app], { had, partBytes: 100_000 });
    assert.deepEqual(made.leftOut.map(({ digest }) => digest).sort(), [...base.diffIds].sort());
    assert.ok(made.sizeBytes < 220_000, String(made.sizeBytes));
    await remove(app.configDigest);
    const plan = await apply('delta.tar.002');
    assert.deepEqual([plan.omitted.size, plan.fetched.size], [2, 0]);
    await requireThere(app, base);

    // The same layers on other chains: the engine takes them only with the image, and gives them back itself.
    await load(turned);
    const other = await make('turned.tar', [turned], { had });
    assert.deepEqual(other.leftOut.map(({ digest }) => digest).sort(), [...base.diffIds].sort());
    await remove(turned.configDigest);
    const again = await apply('turned.tar');
    assert.deepEqual([again.omitted.size, again.fetched.size], [0, 2]);
    await requireThere(turned, app, base);

    // And where the base is gone it is refused before anything is touched.
    await removeAll();
    const before = await docker('image', 'ls', '--all', '--quiet');
    for (const path of ['delta.tar', 'turned.tar'])
      assert.equal((await failureOf(apply(path))).code, 'bundleLacks', path);
    assert.equal(await docker('image', 'ls', '--all', '--quiet'), before);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('.')),
      [],
    );
  });

  it('are converted into every form: docker load and skopeo take them, and every ID is kept', async () => {
    const convert = async (
      path: string,
      form: 'docker-archive' | 'docker-archive-old' | 'oci-archive' | 'oci-layout',
    ): Promise<string> => {
      const output = at(`to-${form}`);
      await convertArchive(
        {
          path,
          output,
          form,
          compression: 'none',
          replace: false,
          isPortable: false,
          platform: { os: 'linux', architecture: 'amd64' },
        },
        unattended(),
      );
      return output;
    };
    await docker('save', '--output', at('saved.tar'), ...app.tags, ...base.tags);
    let last = at('saved.tar');
    for (const form of ['oci-layout', 'oci-archive', 'docker-archive', 'docker-archive-old'] as const) {
      last = await convert(last, form);
      const isFolder = (await stat(last)).isDirectory();
      if (form.startsWith('docker')) {
        await removeAll();
        await docker('load', '--input', last);
        await requireThere(app, base);
      }
      const name = form.startsWith('docker')
        ? `docker-archive:${last}:drydock-bundle/base:1`
        : `${isFolder ? 'oci' : 'oci-archive'}:${last}:latest`;
      const { stdout } = await run(skopeo, ['inspect', '--config', '--raw', name]);
      const of = form.startsWith('docker') ? base : app;
      assert.equal(stdout, of.config.toString(), form);
    }
  });
});
