import { mkdir, open, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ArchiveSource } from '../archive/archive.ts';
import { directorySource } from '../archive/directorySource.ts';
import { failure } from '../errors.ts';
import { explainFileError, hasCode } from '../files/fileErrors.ts';
import { passingName, sweepLeftovers } from '../files/passingName.ts';
import { syncFolder } from '../files/writeDurably.ts';
import type { PassingFile } from './convertedFiles.ts';

export interface LayoutToWrite {
  /** A folder that is not there yet, or empty. */
  readonly path: string;
  readonly files: AsyncIterable<PassingFile>;
  /** Reads back what lies on the disk; what it throws keeps the folder from ever having its name. */
  readonly check: (written: ArchiveSource) => Promise<void>;
}

/**
 * Writes a folder with an OCI layout so that its name stands for the whole of it or does not exist: 1. write each file
 * into a folder of a passing name beside it, and onto the disk, 2. read it back, 3. give it its name. Whatever fails or
 * is cancelled, the passing folder is gone afterwards.
 *
 * Rejects with `fileExists`, `folderMissing`, `diskFilledUp`, `fileUnusable`, what `files` or `check` threw, or an
 * AbortError.
 */
export async function writeLayout({ path, files, check }: LayoutToWrite, signal: AbortSignal): Promise<void> {
  const parent = dirname(path);
  const temporary = join(parent, passingName());
  signal.throwIfAborted();
  try {
    await sweepLeftovers(parent);
    const blobs = join(temporary, 'blobs', 'sha256');
    await mkdir(temporary);
    await mkdir(blobs, { recursive: true });
    for await (const file of files) {
      signal.throwIfAborted();
      if ('bytes' in file) await write(join(temporary, file.path), [Buffer.from(file.bytes)]);
      else if ('data' in file) await write(join(temporary, file.path), file.data);
      else throw failure('unexpected', { reason: `a layout has no place for ${file.path}` });
    }
    for (const folder of [blobs, dirname(blobs), temporary]) await syncFolder(folder);
    await check(await directorySource(temporary));
    signal.throwIfAborted();
    // An empty folder of that name; one with something in it stays, and the rename fails.
    await rmdir(path).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) throw error;
    });
    await rename(temporary, path).catch((error: unknown) => {
      throw hasCode(error, 'ENOTEMPTY', 'ENOTDIR') ? failure('fileExists', { path }, error) : error;
    });
    await syncFolder(parent);
  } catch (error) {
    throw explainFileError(error, path);
  } finally {
    await rm(temporary, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function write(path: string, bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    for await (const chunk of bytes) await file.writeFile(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
}
