import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineAt, startEngine } from '../engine/startEngine.ts';
import type { EngineKind } from '../engine/engineKind.ts';
import { askVersion } from '../engine/ping.ts';
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

export interface SuiteEngine {
  readonly host: string;
  /** What it says of itself, e.g. "Docker 20.10.24". */
  readonly version: string;
  /** The environment by which tests find it. */
  readonly env: NodeJS.ProcessEnv;
  remove(): Promise<void>;
}

/** Starts the suite's engine below that folder; by default the machine's own Docker. It goes with the run. */
export async function testEngineFor(folder: string, kind?: EngineKind): Promise<SuiteEngine> {
  const engineFolder = join(folder, 'engine');
  const engine = await engineAt(engineFolder);
  const remove = beforeExit(() => engine.remove());
  await startEngine(engineFolder, kind);
  return {
    host: engine.host,
    version: await askVersion(engine.socketPath),
    env: {
      DRYDOCK_TEST_HOST: engine.host,
      DRYDOCK_TEST_ENGINE_FOLDER: engineFolder,
      DRYDOCK_TEST_ENGINE_SOCKETS: tmpdir(),
    },
    remove,
  };
}

/** What a run that was killed left behind: its engine is stopped, its folder removed. */
async function sweepOldRuns(): Promise<void> {
  for (const name of await readdir(provisionFolder).catch(() => [])) {
    const pid = Number(/^test-[a-z]+-(\d+)$/.exec(name)?.[1]);
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    const folder = join(provisionFolder, name);
    // The suite of several engines has a folder for each.
    const inner = await readdir(folder);
    for (const engine of ['engine', ...inner.map((entry) => join(entry, 'engine'))])
      if (existsSync(join(folder, engine))) await (await engineAt(join(folder, engine))).remove();
    await rm(folder, { recursive: true, force: true });
  }
}
