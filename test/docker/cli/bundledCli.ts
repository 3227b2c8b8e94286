import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { testHost } from '../../support/engine.ts';

const checkout = join(import.meta.dirname, '../../..');

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Bundles the command as it is shipped, into a folder of the test's own; gives the bundle's path. */
export async function bundleCli(folder: string): Promise<string> {
  const out = join(folder, 'dist');
  await promisify(execFile)(process.execPath, ['esbuild.mjs', '--out', out], { cwd: checkout });
  return join(out, 'cli.cjs');
}

/** The bundled command as a process, against the engine of this run. */
export function startCli(
  bundle: string,
  argv: readonly string[],
  more: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [bundle, ...argv], {
    cwd: more.cwd,
    env: {
      ...process.env,
      DOCKER_HOST: testHost(),
      XDG_CACHE_HOME: join(dirname(bundle), 'cache'),
      ...more.env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => {
      resolve({ exitCode, stdout, stderr });
    });
  });
  return { child, ended };
}

/** Runs the bundled command to its end. */
export async function runCli(
  bundle: string,
  argv: readonly string[],
  more: { readonly cwd: string; readonly stdin?: Uint8Array },
): Promise<Ended> {
  const { child, ended } = startCli(bundle, argv, more);
  child.stdin?.end(more.stdin ?? '');
  return ended;
}
