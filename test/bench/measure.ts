/** Runs commands and says how long they took and how much memory they needed. */
import { execFile, spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Measured {
  readonly seconds: number;
  /** The most memory that one process of it held, where that was asked. */
  readonly peakBytes?: number;
}

/** Runs a shell line to its end; anything but exit code 0 is an error, in every part of a pipe. */
export async function measureShell(line: string, env: NodeJS.ProcessEnv): Promise<Measured> {
  return measure('bash', ['-o', 'pipefail', '-c', line], env);
}

/** Runs a Node program and reads its peak memory at its exit. */
export async function measureNode(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Measured> {
  const report = join(tmpdir(), `drydock-bench-peak-${process.pid}`);
  const hook = new URL('./reportPeak.cjs', import.meta.url).pathname;
  const measured = await measure(process.execPath, ['--require', hook, ...args], {
    ...env,
    DRYDOCK_BENCH_PEAK: report,
  });
  const peakBytes = Number(await readFile(report, 'utf8')) * 1024;
  await rm(report);
  return { ...measured, peakBytes };
}

/** What ran before has written its last byte by then, so that nobody pays for another's. */
async function measure(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Measured> {
  await promisify(execFile)('sync');
  return new Promise((resolve, reject) => {
    const start = process.hrtime.bigint();
    const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      const seconds = Number(process.hrtime.bigint() - start) / 1e9;
      if (code === 0) resolve({ seconds });
      else reject(new Error(`${program} ${args.join(' ')} ended with ${String(signal ?? code)}`));
    });
  });
}

/** The middle one of several runs of the same thing. */
export async function median(runs: number, once: () => Promise<Measured>): Promise<Measured> {
  const all: Measured[] = [];
  for (let run = 0; run < runs; run += 1) all.push(await once());
  const sorted = all.toSorted((a, b) => a.seconds - b.seconds);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('nothing was run');
  return middle;
}
