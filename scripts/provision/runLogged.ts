import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { beforeExit } from './cleanups.ts';
import { provisionFolder } from './places.ts';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The log's name; by default the command's. */
  readonly log?: string;
}

/** Runs a command with its output in .provision/logs; a failure throws with the end of that log. */
export async function runLogged(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<void> {
  const logs = join(provisionFolder, 'logs');
  await mkdir(logs, { recursive: true });
  const path = join(logs, `${options.log ?? basename(command)}.log`);
  const log = createWriteStream(path, { flags: 'a' });
  log.write(`\n$ ${command} ${args.join(' ')}\n`);
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: options.env ?? process.env,
  });
  const done = beforeExit(() => void child.kill('SIGTERM'));
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const code = await new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exit, signal) => {
      resolve(exit ?? signal ?? 'unknown');
    });
  }).finally(done);
  await new Promise<void>((resolve) => {
    log.end(resolve);
  });
  if (code === 0) return;
  const tail = (await readFile(path, 'utf8')).split('\n').slice(-25).join('\n');
  throw new Error(`"${command} ${args.join(' ')}" ended with ${code}. The end of ${path}:\n${tail}`);
}
