import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { engineAt, startEngine } from '../engine/startEngine.ts';
import { isAlive } from '../engine/processes.ts';
import { beforeExit } from '../provision/cleanups.ts';
import { provisionFolder } from '../provision/places.ts';

/** A folder for one suite of this run, removed when the run ends. */
export async function suiteFolder(suite: string): Promise<string> {
  await sweepOldRuns();
  const folder = join(provisionFolder, `test-${suite}-${process.pid}`);
  await mkdir(folder, { recursive: true });
  beforeExit(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts the suite's engine and returns the environment by which tests find it. */
export async function testEngineFor(
  folder: string,
): Promise<{ readonly env: NodeJS.ProcessEnv; readonly host: string }> {
  const engineFolder = join(folder, 'engine');
  const engine = await engineAt(engineFolder);
  beforeExit(() => engine.remove());
  await startEngine(engineFolder);
  return {
    host: engine.host,
    env: { DRYDOCK_TEST_HOST: engine.host, DRYDOCK_TEST_ENGINE_FOLDER: engineFolder },
  };
}

/** What a run that was killed left behind: its engine is stopped, its folder removed. */
async function sweepOldRuns(): Promise<void> {
  for (const name of await readdir(provisionFolder).catch(() => [])) {
    const pid = Number(/^test-[a-z]+-(\d+)$/.exec(name)?.[1]);
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    const folder = join(provisionFolder, name);
    await (await engineAt(join(folder, 'engine'))).remove();
    await rm(folder, { recursive: true, force: true });
  }
}
