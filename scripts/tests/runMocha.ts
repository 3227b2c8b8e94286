import { spawn } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { endProcesses, processesOfSession } from '../engine/processes.ts';
import { beforeExit } from '../provision/cleanups.ts';
import { checkout, node } from '../provision/places.ts';
import { matchingFiles } from './matchingFiles.ts';
import { notRun, readResults, type SuiteResults } from './results.ts';

export interface MochaRun {
  readonly suite: string;
  /** Relative to the checkout. */
  readonly pattern: string;
  /** What matches `pattern` and is left to another run. */
  readonly except?: string;
  /** Where the results and other files of this run go. */
  readonly folder: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly testTimeoutMs: number;
  readonly suiteTimeoutMs: number;
  /** Where its output goes instead of ours, so that runs beside each other can be told apart. */
  readonly outputPath?: string;
}

/** Runs the test files in a process of their own, with its output on ours. */
export async function runMocha(run: MochaRun): Promise<SuiteResults> {
  const left = new Set(run.except === undefined ? [] : await matchingFiles(run.except, checkout));
  const files = (await matchingFiles(run.pattern, checkout)).filter((file) => !left.has(file));
  if (files.length === 0) return notRun(run.suite, `no test files match ${run.pattern}`);
  const resultsPath = join(run.folder, `${run.suite}-results.json`);
  await rm(resultsPath, { force: true });
  const output = run.outputPath === undefined ? undefined : await open(run.outputPath, 'w');
  const main = join(checkout, 'scripts/tests/mochaMain.ts');
  const child = spawn(
    node,
    [main, resultsPath, String(run.testTimeoutMs), ...files.map((file) => join(checkout, file))],
    {
      cwd: checkout,
      env: {
        ...process.env,
        // Tests that kill a process at each of its steps start it a hundred times.
        NODE_COMPILE_CACHE: join(run.folder, 'compiled'),
        ...run.env,
        DRYDOCK_TEST_FOLDER: run.folder,
      },
      stdio: ['ignore', output?.fd ?? 'inherit', output?.fd ?? 'inherit'],
      detached: true,
    },
  );
  await output?.close();
  const end = beforeExit(async () => {
    if (child.pid !== undefined) await endProcesses(await processesOfSession(child.pid), 'SIGTERM', 10_000);
  });
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort();
    void end();
  }, run.suiteTimeoutMs);
  const ended = await new Promise<string>((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('exit', (code, signal) => {
      resolve(`mocha ended with ${code ?? signal ?? 'no code'}`);
    });
  });
  clearTimeout(timer);
  await end();
  if (late.signal.aborted)
    return notRun(run.suite, `it took longer than ${run.suiteTimeoutMs / 60_000} minutes`);
  const results = await readResults(run.suite, resultsPath, ended);
  if (results.failures.length === 0 && !ended.endsWith(' 0')) return notRun(run.suite, ended);
  return results;
}
