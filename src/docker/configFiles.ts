import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { failure, reasonOf } from '../core/errors.ts';
import type { Surroundings } from './endpoint.ts';

/** A config.json with many credentials stays far below this; anything larger is not what it claims to be. */
const largestBytes = 4 * 1024 * 1024;

/** The folder in which the Docker CLI keeps its configuration. */
export function configFolder(around: Surroundings): string {
  return variable(around, 'DOCKER_CONFIG') ?? join(around.home, '.docker');
}

/** A variable of the environment; one that is set to nothing counts as unset, as in the CLI. */
export function variable(around: Surroundings, name: string): string | undefined {
  const value = around.env[name];
  return value === '' ? undefined : value;
}

/** The text of a small file, undefined when there is none; `fileUnusable` when it can't be read or is too large. */
export async function readSmallFile(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size > largestBytes) throw new Error(`it has ${size} bytes`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      return undefined;
    }
    throw failure('fileUnusable', { path, reason: reasonOf(error) }, error);
  }
}
