import { spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeExit } from '../provision/cleanups.ts';
import { checkout, node } from '../provision/places.ts';
import { endProcesses, isAlive } from '../engine/processes.ts';
import { suiteFolder } from './testEngineFor.ts';

/** What the suites of all lanes came to. */
export interface LaneSums {
  readonly passed: number;
  readonly failed: number;
}

/** Names the file that the process of a lane writes last: its being there says that the lane came to its end. */
const sumsVariable = 'DRYDOCK_TEST_LANE_SUMS';

export async function writeLaneSums(sums: LaneSums): Promise<void> {
  const path = process.env[sumsVariable];
  if (path !== undefined) await writeFile(path, JSON.stringify(sums));
}

/** As long as it takes to end an engine, a browser and VS Code. */
const endingMs = 60_000;

/**
 * Runs suites in lanes beside each other, each lane in a process of its own: tests wait for engines and for VS Code
 * most of the time. The output of the first lane is seen at once, that of the others when they are done.
 */
export async function runLanes(lanes: readonly (readonly string[])[]): Promise<LaneSums> {
  const sums = await Promise.all(lanes.map((suites, place) => runLane(suites, place === 0)));
  return {
    passed: sums.reduce((total, { passed }) => total + passed, 0),
    failed: sums.reduce((total, { failed }) => total + failed, 0),
  };
}

async function runLane(suites: readonly string[], isLive: boolean): Promise<LaneSums> {
  const sumsPath = join(await suiteFolder('lanes'), `${suites.join('-')}.json`);
  await rm(sumsPath, { force: true });
  const child = spawn(node, [join(checkout, 'scripts/test.ts'), ...suites], {
    cwd: checkout,
    env: { ...process.env, [sumsVariable]: sumsPath },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: it is told to end by us alone, and ends what it started.
    detached: true,
  });
  const stopKeeping = beforeExit(async () => {
    if (child.pid !== undefined && isAlive(child.pid)) await endProcesses([child.pid], 'SIGTERM', endingMs);
  });
  const printed: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      printed.push(chunk);
      if (isLive) process.stdout.write(chunk);
    });
  const ended = await new Promise<string>((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('close', (code, signal) => {
      resolve(String(code ?? signal));
    });
  });
  await stopKeeping();
  if (!isLive) process.stdout.write(Buffer.concat(printed));
  const sums = await readFile(sumsPath, 'utf8').catch(() => undefined);
  if (sums !== undefined) return JSON.parse(sums) as LaneSums;
  console.log(`The suites ${suites.join(', ')} ended with ${ended} before they could be summed up.`);
  return { passed: 0, failed: 1 };
}
