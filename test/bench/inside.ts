/** Looking into an image for the first time and again, against the bare read of it. */
import { createWriteStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { tarEnd, tarFile } from '../../src/core/archive/tarWriter.ts';
import { openEngineImage } from '../../src/core/fileTrees/engineImage.ts';
import { imageTree } from '../../src/core/fileTrees/imageTree.ts';
import { LayerIndexCache } from '../../src/core/fileTrees/layerIndexCache.ts';
import { unattended } from '../../src/core/progress.ts';
import { analyzeWaste } from '../../src/core/waste/analyzeWaste.ts';
import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';
import { seededRandom } from '../support/archives/seededRandom.ts';
import type { ProgramBench } from './benchFolder.ts';
import { measureNode, measureShell, median } from './measure.ts';
import type { BenchRow } from './report.ts';

const image = 'drydock-bench/inside:1';
const openingGoalMs = 300;
const stopGoalMs = 50;

export interface InsideSize {
  readonly files: number;
  readonly bytesEach: number;
}

/** Fifty thousand files of 1 GB, a tenth of them once more in a layer above. */
export async function benchInside(
  bench: ProgramBench,
  host: string,
  size: InsideSize = { files: 50_000, bytesEach: 20_000 },
): Promise<readonly BenchRow[]> {
  const { cli, docker, dockerPath, folder, env, runs } = bench;
  await makeImage(bench, size);
  const cacheHome = join(folder, 'cache');
  const ownEnv = { ...env, XDG_CACHE_HOME: cacheHome };
  const theirs = await median(runs, () => measureShell(`'${dockerPath}' save ${image} > /dev/null`, env));
  const ours = await median(runs, async () => {
    await rm(cacheHome, { recursive: true, force: true });
    return measureNode([cli, 'analyze', image, '--quiet'], ownEnv);
  });
  const again = await median(runs, () => measureNode([cli, 'analyze', image, '--quiet'], ownEnv));
  const inProcess = await openings(host, join(folder, 'layers'), runs);
  await docker('image', 'rm', '--force', image);
  await Promise.all([cacheHome, join(folder, 'layers')].map((path) => rm(path, { recursive: true })));
  const met = (isMet: boolean): string => (isMet ? 'met' : '**missed**');
  const stopMs = Math.round(inProcess.longestStopMs);
  return [
    {
      what: `read an image of ${size.files} files, list and keep its layers, work out its waste`,
      ours,
      peer: '`docker save > /dev/null`',
      theirs,
      goal: 1.2,
      note: `longest stop of the event loop ${stopMs} ms, goal < ${stopGoalMs} ms ${met(stopMs < stopGoalMs)}`,
    },
    {
      what: 'the same again, from the cache, the whole program',
      ours: again,
      peer: 'the first time',
      theirs: ours,
    },
    {
      what: 'open it again and put its files together, inside a running program',
      ours: { seconds: inProcess.againMs / 1000 },
      peer: 'the first time',
      theirs: { seconds: inProcess.firstMs / 1000 },
      note: `goal < ${openingGoalMs} ms ${met(inProcess.againMs < openingGoalMs)}`,
    },
  ];
}

async function makeImage(
  { folder, dockerPath, env }: ProgramBench,
  { files, bytesEach }: InsideSize,
): Promise<void> {
  const context = join(folder, 'inside');
  await mkdir(context);
  const random = seededRandom(50_000);
  function* tarOf(count: number): Generator<Uint8Array, void, undefined> {
    for (let place = 0; place < count; place += 1)
      yield tarFile(`srv/part${place % 500}/file-${place}`, random.bytes(bytesEach));
    yield tarEnd;
  }
  for (const [name, count] of [
    ['all.tar', files],
    ['tenth.tar', files / 10],
  ] as const)
    await pipeline(Readable.from(tarOf(count)), createWriteStream(join(context, name)));
  await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nADD all.tar /\nADD tenth.tar /\n');
  await measureShell(`'${dockerPath}' build -q -t ${image} '${context}'`, env);
  await rm(context, { recursive: true });
}

interface Openings {
  readonly firstMs: number;
  /** The middle of several. */
  readonly againMs: number;
  readonly longestStopMs: number;
}

/** As a window has it: the engine connected, the code loaded. */
async function openings(host: string, folder: string, runs: number): Promise<Openings> {
  const endpoint = parseAddress(host);
  if (endpoint === undefined) throw new Error(`${host} is no address`);
  const engine = connect(endpoint);
  const { signal } = new AbortController();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const open = async (): Promise<number> => {
    const start = performance.now();
    const cache = new LayerIndexCache({ folder });
    await imageTree(await openEngineImage({ engine, cache }, image, unattended()), signal);
    return performance.now() - start;
  };
  delay.enable();
  const firstMs = await open();
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) times.push(await open());
  const opened = await openEngineImage(
    { engine, cache: new LayerIndexCache({ folder }) },
    image,
    unattended(),
  );
  await analyzeWaste(
    { name: image, layers: opened.layers.map((layer) => layer.entries(signal)) },
    { signal },
  );
  delay.disable();
  await engine.close();
  times.sort((a, b) => a - b);
  return { firstMs, againMs: times[Math.floor(times.length / 2)] ?? 0, longestStopMs: delay.max / 1e6 };
}
