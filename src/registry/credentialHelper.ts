import { spawn } from 'node:child_process';
import * as z from 'zod';
import { reasonOf } from '../core/errors.ts';
import { parseJson } from '../core/oci/parseJson.ts';

/** A person may have to unlock a keychain. */
const usualLimitMs = 60_000;
const maxAnswerBytes = 1 << 20;
const namePattern = /^\w[\w.-]*$/;

const answer = z.object({ Username: z.string(), Secret: z.string() });

export interface HelperSecret {
  readonly user: string;
  readonly secret: string;
}

export interface HelperInput {
  /** What stands behind `docker-credential-`. */
  readonly name: string;
  /** The key under which the log-in was kept. */
  readonly server: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly limitMs?: number;
}

/**
 * What a credential helper knows of a server; undefined where it has nothing. Its output is a secret and never part
 * of an error; only what it says when it failed is. Source: docker-credential-helpers, client/client.go.
 */
export async function askCredentialHelper(
  { name, server, env, limitMs = usualLimitMs }: HelperInput,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<HelperSecret | undefined> {
  signal?.throwIfAborted();
  if (!namePattern.test(name)) throw new Error(`"${name.slice(0, 100)}" is no name of a credential helper`);
  const program = `docker-credential-${name}`;
  const limit = AbortSignal.timeout(limitMs);
  const { code, output } = await run(
    program,
    server,
    env,
    signal ? AbortSignal.any([signal, limit]) : limit,
  ).catch((error: unknown) => {
    signal?.throwIfAborted();
    if (limit.aborted)
      throw new Error(`${program} gave no answer in ${Math.round(limitMs / 1000)} s`, { cause: error });
    throw new Error(`${program} can’t be run: ${reasonOf(error)}`, { cause: error });
  });
  if (code !== 0) {
    const said = output.toString('utf8').trim();
    if (said.includes('credentials not found')) return undefined;
    throw new Error(`${program} says: ${said.split('\n')[0]?.slice(0, 200) ?? ''}`);
  }
  try {
    const { Username: user, Secret: secret } = parseJson(output, answer, program);
    return { user, secret };
  } catch {
    // The parser's words may hold a piece of the secret.
    throw new Error(`${program} answered with something else than a log-in`);
  }
}

function run(
  program: string,
  server: string,
  env: HelperInput['env'],
  signal: AbortSignal,
): Promise<{ readonly code: number | null; readonly output: Buffer }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], {
      env: { ...env },
      signal,
      killSignal: 'SIGKILL',
      stdio: ['pipe', 'pipe', 'ignore'],
      windowsHide: true,
    });
    const pieces: Buffer[] = [];
    let sizeBytes = 0;
    child.stdout.on('data', (piece: Buffer) => {
      sizeBytes += piece.length;
      if (sizeBytes <= maxAnswerBytes) pieces.push(piece);
      else child.kill('SIGKILL');
    });
    // One that needs no input may be gone before it is written.
    child.stdin.on('error', () => undefined);
    child.stdin.end(server);
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, output: Buffer.concat(pieces) });
    });
  });
}
