/** Comparing two images of 100,000 files whose layers are listed on disk, and what it does to the event loop. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { makeDiffReport } from '../../src/core/diff/makeDiffReport.ts';
import { digestOf } from '../../src/core/digest.ts';
import { imageTree } from '../../src/core/fileTrees/imageTree.ts';
import { LayerIndexCache } from '../../src/core/fileTrees/layerIndexCache.ts';
import type { LayeredImage, ListedLayer } from '../../src/core/layers/layeredImage.ts';
import { parseImageConfig } from '../../src/core/oci/manifest.ts';
import { unattended } from '../../src/core/progress.ts';
import type { LayerEntry } from '../../src/core/vault/layerEntry.ts';
import type { BenchRow } from './report.ts';

const layerCount = 10;
const runs = 5;
const { signal } = new AbortController();

export async function benchDiff(folder: string, fileCount = 100_000): Promise<readonly BenchRow[]> {
  const cache = new LayerIndexCache({ folder: join(folder, 'layers') });
  const images = [await listed(cache, 'app:1', fileCount), await listed(cache, 'app:2', fileCount)];
  const open = (): Promise<readonly LayeredImage[]> =>
    Promise.all(images.map((image) => reopened(cache, image)));

  const theirs = await best(async () => {
    for (const { layers } of await open())
      for (const layer of layers)
        for await (const entry of layer.entries(signal)) if (entry.size < 0) throw new Error();
  });
  let found = 0;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const ours = await best(async () => {
    const [left, right] = await open();
    if (left === undefined || right === undefined) return;
    const sides = { left: await imageTree(left, signal), right: await imageTree(right, signal) };
    found = (await makeDiffReport({ ...sides, strictness: 'semantic' }, unattended())).files.length;
  });
  delay.disable();
  return [
    {
      what: `compare two images of ${fileCount.toLocaleString('en')} files that are known`,
      ours,
      peer: 'reading the lists of their layers alone',
      theirs,
      note: `${ours.seconds.toFixed(2)} s, goal below 2 s; ${found.toLocaleString('en')} differences; longest stop of the event loop ${(delay.max / 1e6).toFixed(0)} ms`,
    },
  ];
}

async function best(once: () => Promise<void>): Promise<{ readonly seconds: number }> {
  let seconds = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run += 1) {
    const start = performance.now();
    await once();
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
  }
  return { seconds };
}

/** An image whose layers are all in the cache; every tenth file is another one than in images of other names. */
async function listed(cache: LayerIndexCache, name: string, fileCount: number): Promise<LayeredImage> {
  const layers: ListedLayer[] = [];
  for (let place = 0; place < layerCount; place++)
    layers.push(
      await cache.add(
        {
          diffId: digestOf(`${name} ${place}`),
          tarBytes: fileCount * 1024,
          entries: () => entriesOf(name, place, fileCount / layerCount),
        },
        signal,
      ),
    );
  const config = {
    os: 'linux',
    architecture: 'amd64',
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map((_, place) => ({ created_by: `RUN step ${place}` })),
  };
  const bytes = Buffer.from(JSON.stringify(config));
  return {
    name,
    kind: 'image',
    tags: [name],
    platform: { os: 'linux', architecture: 'amd64' },
    configDigest: digestOf(bytes),
    config: parseImageConfig(bytes, name),
    layers,
  };
}

async function reopened(cache: LayerIndexCache, image: LayeredImage): Promise<LayeredImage> {
  const layers: ListedLayer[] = [];
  for (const { diffId } of image.layers) {
    const layer = await cache.find(diffId, signal);
    if (layer === undefined) throw new Error(`${diffId} is not in the cache`);
    layers.push(layer);
  }
  return { ...image, layers };
}

function* entriesOf(name: string, place: number, count: number): Generator<LayerEntry> {
  const usual = { uid: 0, gid: 0, mtime: 1_700_000_000 + name.length, header: 0, offset: 512 };
  for (let at = 0; at < count; at++) {
    const folder = `usr/lib/part${place}/package${Math.floor(at / 20)}`;
    if (at % 20 === 0) yield { ...usual, path: `${folder}/`, type: 'directory', mode: 0o755, size: 0 };
    // Of ten files one has other bytes, one another name, and one is nowhere else.
    const [isOther, isElsewhere, isAlone] = [at % 30 === 1, at % 30 === 11, at % 30 === 21];
    const path = `${folder}/${isElsewhere || isAlone ? name : 'file'}-${at}.so`;
    const content = `${place} ${at} ${isOther || isAlone ? name : ''}`;
    const sha256 = createHash('sha256').update(content).digest('hex');
    yield { ...usual, path, type: 'file', mode: 0o644, size: 1000 + at, sha256 };
  }
}
