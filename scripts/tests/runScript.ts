import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { endProcesses, processesOfSession } from '../engine/processes.ts';
import { beforeExit } from '../provision/cleanups.ts';
import { checkout, node } from '../provision/places.ts';
import { notRun, type SuiteResults } from './results.ts';

/** One of the project's own scripts as one test: it passes when the script ends with 0 and prints what it should. */
export async function runScript(
  title: string,
  script: string,
  args: readonly string[],
  expected: string,
  options: { readonly env?: NodeJS.ProcessEnv; readonly timeoutMs: number },
): Promise<SuiteResults> {
  const child = spawn(node, [join(checkout, script), ...args], {
    cwd: checkout,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const end = beforeExit(async () => {
    if (child.pid !== undefined) await endProcesses(await processesOfSession(child.pid), 'SIGTERM', 20_000);
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      process.stdout.write(chunk);
    });
  const timer = setTimeout(() => void end(), options.timeoutMs);
  const code = await new Promise<number | string>((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('close', (exit, signal) => {
      resolve(exit ?? signal ?? 'no code');
    });
  });
  clearTimeout(timer);
  await end();
  if (code === 0 && printed.includes(expected)) return { passed: 1, failures: [] };
  const reason = code === 0 ? `it did not print "${expected}"` : `it ended with ${code}`;
  return notRun(title, `${reason}\n${printed.split('\n').slice(-20).join('\n')}`);
}
