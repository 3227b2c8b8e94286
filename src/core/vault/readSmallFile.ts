import { open } from 'node:fs/promises';
import { failure } from '../errors.ts';
import { explainFileError } from '../files/fileErrors.ts';

/** The bytes of a file of at most `maxBytes`. Rejects with `fileMissing`, `fileUnusable`, or `badJson` when larger. */
export async function readSmallFile(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > maxBytes) throw failure('badJson', { where: path, reason: `it has ${size} bytes` });
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw explainFileError(error, path);
  }
}
