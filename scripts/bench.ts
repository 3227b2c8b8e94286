/** `npm run bench`: measures Drydock against its peers on an engine of its own and writes docs/BENCHMARKS.md. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { benchActivation } from '../test/bench/activation.ts';
import { benchArchives, makeLargeImage } from '../test/bench/archives.ts';
import type { ProgramBench } from '../test/bench/benchFolder.ts';
import { benchInside } from '../test/bench/inside.ts';
import { benchDeltaBackup } from '../test/bench/deltaBackup.ts';
import { benchDeltaRestore } from '../test/bench/deltaRestore.ts';
import { benchDiff } from '../test/bench/diff.ts';
import { benchDiffPage } from '../test/bench/diffPage.ts';
import { benchLens } from '../test/bench/lens.ts';
import { benchListing } from '../test/bench/listing.ts';
import { benchMove } from '../test/bench/move.ts';
import { benchPush } from '../test/bench/push.ts';
import { benchLarge, benchVersions, makeVersions } from '../test/bench/vaultImages.ts';
import { benchMemory, benchOneFile } from '../test/bench/vaultLimits.ts';
import { benchVolume } from '../test/bench/vaultVolume.ts';
import { benchmarkPage, benchmarkSection, ratioOf, type BenchRow } from '../test/bench/report.ts';
import { dockerCli } from '../test/support/variedImages.ts';
import { engineAt } from './engine/startEngine.ts';
import { cleanUp } from './provision/cleanups.ts';
import { checkout } from './provision/places.ts';
import { provideEngine } from './provision/provideEngine.ts';
import { provideDockerRegistry } from './provision/provideDockerRegistry.ts';
import { provideRestic } from './provision/provideRestic.ts';
import { provideSkopeo } from './provision/provideSkopeo.ts';
import { runLogged } from './provision/runLogged.ts';
import { suiteFolder, testEngineFor } from './tests/testEngineFor.ts';

const runs = 3;

async function main(): Promise<void> {
  const only = process.argv[2];
  const folder = await suiteFolder('bench');
  const built = join(folder, 'dist');
  await runLogged(process.execPath, ['esbuild.mjs', '--minify', '--out', built], {
    cwd: checkout,
    log: 'build',
  });
  const { host } = await testEngineFor(folder);
  const { socketPath } = await engineAt(join(folder, 'engine'));
  const { docker: dockerPath } = await provideEngine();
  const docker = await dockerCli(host);
  const work = join(folder, 'work');
  await mkdir(work);
  const bench: ProgramBench = {
    folder: work,
    cli: join(built, 'cli.cjs'),
    docker,
    dockerPath,
    env: { ...process.env, DOCKER_HOST: host, DOCKER_BUILDKIT: '0' },
    runs,
  };
  const engine = await docker('version', '--format', 'Docker {{.Server.Version}}, classic image store');
  const restic = await provideRestic();
  const parts: Readonly<Record<string, { title: string; measure: () => Promise<readonly BenchRow[]> }>> = {
    listing: { title: 'Listing', measure: () => benchListing(host, socketPath) },
    activation: {
      title: 'Activation',
      measure: async () => [await benchActivation(join(built, 'extension.cjs'), work)],
    },
    archives: {
      title: 'Archives of one image of 1.5 GB',
      measure: async () => {
        await makeLargeImage(bench);
        return benchArchives(bench);
      },
    },
    large: {
      title: 'A vault and one image of 1.5 GB',
      measure: async () => {
        await makeLargeImage(bench);
        return benchLarge(bench);
      },
    },
    versions: {
      title: 'A vault and ten versions of an app',
      measure: async () => {
        await makeVersions(bench);
        return benchVersions(bench, restic);
      },
    },
    delta: { title: 'Backing up what a vault lacks', measure: () => benchDeltaBackup(bench) },
    deltaRestore: { title: 'Restoring what an engine lacks', measure: () => benchDeltaRestore(bench) },
    push: {
      title: 'Pushing what a registry lacks',
      measure: async () => {
        process.env['DRYDOCK_TEST_REGISTRY'] = await provideDockerRegistry();
        return benchPush(bench, await provideSkopeo());
      },
    },
    move: { title: 'Moving to another engine', measure: () => benchMove(bench, host) },
    volume: { title: 'A vault and a volume', measure: () => benchVolume(bench, restic) },
    file: { title: 'One file out of a vault', measure: () => benchOneFile(bench, restic) },
    inside: { title: 'Looking into an image of 1 GB', measure: () => benchInside(bench, host) },
    diff: { title: 'Differences of two large images', measure: () => benchDiff(bench.folder) },
    diffPage: { title: 'A diff report of 100,000 files', measure: () => benchDiffPage() },
    lens: { title: 'The lens over a Dockerfile', measure: () => benchLens() },
    memory: { title: 'Memory', measure: () => benchMemory(bench) },
  };
  if (only !== undefined && !(only in parts))
    throw new Error(`There is no part "${only}". Parts: ${Object.keys(parts).join(', ')}.`);
  const page = join(checkout, 'docs/BENCHMARKS.md');
  const date = new Date().toISOString().slice(0, 10);
  for (const [name, { title, measure }] of Object.entries(parts)) {
    if (only !== undefined && only !== name) continue;
    const rows = await measure();
    for (const row of rows)
      console.log(
        `${row.what}: ${ratioOf(row).toFixed(2)}× ${row.peer}`,
        row.ours,
        row.theirs,
        row.note ?? '',
      );
    const section = benchmarkSection(rows, { title, engine, date });
    await writeFile(page, benchmarkPage(await readFile(page, 'utf8'), [section]));
    console.log(`Written to docs/BENCHMARKS.md: ${title}`);
  }
}

try {
  await main();
} finally {
  await cleanUp();
}
