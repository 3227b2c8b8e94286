import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { checksumLine, checksumPath } from './checksumFile.ts';
import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import type { GrowingFile } from '../files/growingFile.ts';
import { explainFileError, hasCode } from '../files/fileErrors.ts';
import { linkExclusively, syncFolder, writeDurably } from '../files/writeDurably.ts';

export interface CheckedFile {
  readonly path: string;
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly replace: boolean;
  /** Reads the temporary file back and resolves with its digest. */
  readonly check: (written: GrowingFile) => Promise<Digest>;
  /** A folder on the same disk for what is on its way; the caller removes it. */
  readonly workFolder: string;
}

/**
 * Writes a file durably and its checksum beside it. A checksum never stands beside a file that it is not of, not
 * even after a crash between two steps:
 * 1. write and check the file under a temporary name, 2. write the new checksum, 3. put the old one aside,
 * 4. name the file, 5. name the checksum.
 *
 * When step 4 fails, the old checksum is put back. When step 5 fails, a file that replaced none is removed. Of two
 * writers that replace the same file at once, the one whose file was replaced again rejects with `archiveChanged`.
 */
export async function writeWithChecksum(file: CheckedFile, signal: AbortSignal): Promise<void> {
  const { path, replace, workFolder } = file;
  const sumPath = checksumPath(path);
  const [newSum, oldSum] = [join(workFolder, 'sha256'), join(workFolder, 'old-sha256')];
  const old = await identityOf(path);
  let written: string | undefined;
  try {
    await writeDurably(
      {
        path,
        replace,
        bytes: file.bytes,
        check: async (growing) => {
          await writeFile(newSum, checksumLine(await file.check(growing), path), { flush: true });
          written = await identityOf(growing.path);
          signal.throwIfAborted();
          if (replace) await renameIfThere(sumPath, oldSum);
        },
      },
      signal,
    );
  } catch (error) {
    if (replace && old === (await identityOf(path))) await renameIfThere(oldSum, sumPath);
    throw error;
  }
  const ownSum = await identityOf(newSum);
  try {
    if (replace) await rename(newSum, sumPath);
    else await linkExclusively(newSum, sumPath);
    await syncFolder(dirname(path));
  } catch (error) {
    if (!replace && written === (await identityOf(path))) await rm(path);
    throw explainFileError(error, sumPath);
  }
  if (written === (await identityOf(path))) return;
  if (ownSum === (await identityOf(sumPath))) await rm(sumPath, { force: true });
  throw failure('archiveChanged', { name: basename(path) });
}

/** Tells one file from another of the same name; undefined for none. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw explainFileError(error, path);
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT')) throw error;
  });
}
