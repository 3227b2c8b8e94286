import { statfs } from 'node:fs/promises';
import { failure } from '../errors.ts';
import { formatBytes } from '../quantity.ts';
import { explainFileError, hasCode } from './fileErrors.ts';

/**
 * Throws `diskFull` if the disk that holds `folder` has less than `neededBytes` free for this user.
 * A file system that can't tell (all zero) is let pass: the write itself will say.
 */
export async function requireRoom(folder: string, neededBytes: number): Promise<void> {
  const stats = await statfs(folder).catch((error: unknown) => {
    throw hasCode(error, 'ENOENT')
      ? failure('folderMissing', { path: folder }, error)
      : explainFileError(error, folder);
  });
  if (stats.blocks === 0) return;
  const freeBytes = stats.bavail * stats.bsize;
  if (freeBytes >= neededBytes) return;
  throw failure('diskFull', { path: folder, free: formatBytes(freeBytes), needed: formatBytes(neededBytes) });
}
