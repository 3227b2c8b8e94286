import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readArchivedImages } from '../../src/core/layers/archivedLayers.ts';
import { mergeLayers } from '../../src/core/layers/mergeLayers.ts';
import { openArchiveSource } from '../../src/core/archive/openArchiveSource.ts';
import { unattended } from '../../src/core/progress.ts';
import { classicEngine } from '../support/archives/producers.ts';
import { sampleImage } from '../support/archives/sampleImages.ts';
import { testHost, testLabel } from '../support/engine.ts';
import { layerTar, look, type Told } from '../support/overlayReference.ts';
import { engineStack, toldTree } from '../support/randomLayers.ts';
import { dockerCli, type DockerCli } from '../support/variedImages.ts';

const run = promisify(execFile);
const seed = 20_261_121;
const stacks = 24;

describe(`random layers on a real engine (seed ${seed})`, function () {
  this.timeout(180_000);
  let folder: string;
  let docker: DockerCli;
  const made: string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-merged-'));
    docker = await dockerCli(testHost());
  });

  after(async () => {
    for (const name of made) await docker('image', 'rm', '--force', name);
    await rm(folder, { recursive: true, force: true });
  });

  /** What a container of the image would see, as the engine exports it. */
  async function exported(name: string, place: number): Promise<Told> {
    const [tar, root] = [join(folder, `${place}.tar`), join(folder, `root${place}`)];
    const id = (await docker('create', '--label', testLabel, name, 'x')).trim();
    try {
      await docker('export', '--output', tar, id);
    } finally {
      await docker('rm', id);
    }
    await mkdir(root);
    await run('tar', [
      '--absolute-names',
      '--extract',
      '--no-same-owner',
      '--file',
      tar,
      '--directory',
      root,
    ]);
    return (await look(root)).names;
  }

  it('have the names, files and links that a container has', async () => {
    for (let place = 0; place < stacks; place++) {
      const name = `drydock-merged:${place}`;
      const archive = join(folder, `image${place}.tar`);
      const layers = engineStack(seed + place).map(layerTar);
      await writeFile(archive, classicEngine([sampleImage(layers, [name])]));
      await docker('load', '--input', archive);
      made.push(name);
      const saved = join(folder, `saved${place}.tar`);
      await docker('save', '--output', saved, name);
      const { images } = await readArchivedImages(await openArchiveSource(saved), unattended());
      const { signal } = new AbortController();
      const entries = images[0]?.layers.map((layer) => layer.entries(signal)) ?? [];
      const found = toldTree(await mergeLayers({ name, layers: entries }));
      assert.deepEqual(comparable(found), comparable(await exported(name, place)), `stack ${place}`);
    }
  });
});

/**
 * Without what the engine adds to each container, and without the modes of folders: one that a layer does not name is
 * made anew there by overlay2, and is the one below on containerd.
 */
function comparable(names: Told): readonly (readonly [string, string])[] {
  return [...names]
    .filter(([path]) => !/^(\.dockerenv|dev|etc|proc|sys)(\/|$)/.test(path))
    .map(([path, what]) => [path, what.replace(/^directory.*/, 'directory')] as const)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
}
