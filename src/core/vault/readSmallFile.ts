import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { failure } from '../errors.ts';
import { explainFileError } from '../files/fileErrors.ts';

/** A pipe in the place of a file answers nothing instead of waiting for a writer. Windows has no such flag. */
export const readFlags = constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0);

/** The bytes of a file of at most `maxBytes`. Rejects with `fileMissing`, `fileUnusable`, or `badJson` when larger. */
export async function readSmallFile(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const file = await open(path, readFlags);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) throw failure('fileUnusable', { path, reason: 'it is no file' });
      const { size } = stats;
      if (size > maxBytes) throw failure('badJson', { where: path, reason: `it has ${size} bytes` });
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw explainFileError(error, path);
  }
}
