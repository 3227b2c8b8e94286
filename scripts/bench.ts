/** `npm run bench`: measures Drydock against its peers on an engine of its own and writes docs/BENCHMARKS.md. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { benchActivation } from '../test/bench/activation.ts';
import { benchArchives, makeLargeImage } from '../test/bench/archives.ts';
import { benchListing } from '../test/bench/listing.ts';
import { benchmarkPage, ratioOf, type BenchRow } from '../test/bench/report.ts';
import { dockerCli } from '../test/support/variedImages.ts';
import { engineAt } from './engine/startEngine.ts';
import { cleanUp } from './provision/cleanups.ts';
import { checkout } from './provision/places.ts';
import { provideEngine } from './provision/provideEngine.ts';
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
  const bench = {
    folder: work,
    cli: join(built, 'cli.cjs'),
    docker,
    dockerPath,
    env: { ...process.env, DOCKER_HOST: host, DOCKER_BUILDKIT: '0' },
    runs,
  };
  const rows: BenchRow[] = [];
  const engine = await docker('version', '--format', 'Docker {{.Server.Version}}, classic image store');
  let imageBytes = 0;
  if (only === undefined || only === 'archives') {
    imageBytes = await makeLargeImage(bench);
    rows.push(...(await benchArchives(bench)));
  }
  if (only === undefined || only === 'listing') rows.push(...(await benchListing(host, socketPath)));
  if (only === undefined || only === 'activation')
    rows.push(await benchActivation(join(built, 'extension.cjs'), work));
  for (const row of rows) {
    console.log(`${row.what}: ${ratioOf(row).toFixed(2)}× ${row.peer}`, row.ours, row.theirs, row.note ?? '');
  }
  if (only !== undefined) return;
  const date = new Date().toISOString().slice(0, 10);
  await writeFile(
    join(checkout, 'docs/BENCHMARKS.md'),
    benchmarkPage(rows, { engine, imageBytes, runs, date }),
  );
  console.log('Written to docs/BENCHMARKS.md');
}

try {
  await main();
} finally {
  await cleanUp();
}
