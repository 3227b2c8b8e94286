import { readdir, stat } from 'node:fs/promises';
import { failure } from '../errors.ts';
import { explainFileError, hasCode } from './fileErrors.ts';

/** Throws `fileExists` for a name that is taken. A folder with nothing in it may be passed. */
export async function requireAbsent(
  path: string,
  { mayBeEmptyFolder = false }: { readonly mayBeEmptyFolder?: boolean } = {},
): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw explainFileError(error, path);
  });
  if (found === undefined) return;
  const isVacant = mayBeEmptyFolder && found.isDirectory() && (await readdir(path)).length === 0;
  if (!isVacant) throw failure('fileExists', { path });
}
