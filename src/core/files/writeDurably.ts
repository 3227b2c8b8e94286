import { link, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { addAbortSignal, Readable } from 'node:stream';
import { failure } from '../errors.ts';
import { explainFileError, hasCode } from './fileErrors.ts';
import { GrowingFile } from './growingFile.ts';
import { passingName } from './passingName.ts';

export interface WriteInput {
  readonly path: string;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Whether a file of that name may be replaced. Without it nothing that exists is touched. */
  readonly replace: boolean;
  /**
   * Reads the temporary file back, beginning while it is still written; what it throws keeps the name from ever
   * appearing. It must read the file to its end.
   */
  readonly check?: (written: GrowingFile) => Promise<void>;
}

/**
 * Writes a file so that its name stands for the whole of it or does not exist:
 * 1. write to a temporary name in the same folder, and at the same time read back what lies there already,
 * 2. fsync while the rest is read back, 3. give it its name (by link, which refuses an existing name, or by rename
 * where it may be replaced), 4. fsync the folder.
 * Whatever fails or is cancelled, the temporary file is gone afterwards.
 *
 * Rejects with `fileExists`, `diskFull`, `fileUnusable`, what `check` or `bytes` threw, or an AbortError.
 */
export async function writeDurably(input: WriteInput, signal: AbortSignal): Promise<void> {
  const folder = dirname(input.path);
  const temporary = join(folder, passingName());
  signal.throwIfAborted();
  const file = await open(temporary, 'wx', 0o666).catch((error: unknown) => {
    throw hasCode(error, 'ENOENT')
      ? failure('folderMissing', { path: folder }, error)
      : explainFileError(error, input.path);
  });
  try {
    try {
      await writeAndCheck(file, new GrowingFile(temporary), input, signal);
    } finally {
      await file.close(); // waits for a sync that is still running
    }
    signal.throwIfAborted();
    if (input.replace) await rename(temporary, input.path);
    else await linkExclusively(temporary, input.path);
    await syncFolder(folder);
  } catch (error) {
    throw explainFileError(error, input.path);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeAndCheck(
  file: FileHandle,
  growing: GrowingFile,
  { bytes, check }: WriteInput,
  signal: AbortSignal,
): Promise<void> {
  const checkFailed = new AbortController();
  const checking = Promise.resolve(check?.(growing));
  checking.catch((error: unknown) => {
    checkFailed.abort(error);
  });
  try {
    const stop = AbortSignal.any([signal, checkFailed.signal]);
    await writeAll(file, addAbortSignal(stop, Readable.from(bytes, { highWaterMark: 4 })), growing);
    growing.complete();
    await Promise.all([file.sync(), checking]);
  } catch (error) {
    const isByCheck = checkFailed.signal.aborted;
    growing.fail(error);
    await checking.catch(() => undefined); // what it throws now is only the consequence
    if (isByCheck) checkFailed.signal.throwIfAborted();
    throw error;
  }
}

/** Small pieces are gathered, so that a stream of 64 KiB pieces costs few calls. */
const gatherBytes = 1 << 20;

/** What is written is sent on to the disk this often, so that the last sync has little left to do. */
const syncEveryBytes = 64 << 20;

async function writeAll(
  file: FileHandle,
  bytes: AsyncIterable<Uint8Array>,
  growing: GrowingFile,
): Promise<void> {
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  let unsyncedBytes = 0;
  let syncing: Promise<void> | undefined;
  let syncError: Error | undefined;
  const flush = async (): Promise<void> => {
    const { bytesWritten } = await file.writev(gathered);
    if (bytesWritten < gatheredBytes) await file.writeFile(Buffer.concat(gathered).subarray(bytesWritten));
    growing.grow(gatheredBytes);
    unsyncedBytes += gatheredBytes;
    gathered = [];
    gatheredBytes = 0;
    if (unsyncedBytes < syncEveryBytes || syncing !== undefined) return;
    unsyncedBytes = 0;
    syncing = file
      .datasync()
      .catch((error: unknown) => {
        syncError ??= error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => {
        syncing = undefined;
      });
  };
  for await (const piece of bytes) {
    gathered.push(piece);
    gatheredBytes += piece.length;
    if (gatheredBytes >= gatherBytes) await flush();
    // A sync that failed is never tried again: the system may have dropped what it could not write.
    if (syncError !== undefined) throw syncError;
  }
  if (gatheredBytes > 0) await flush();
  await syncing;
  if (syncError !== undefined) throw syncError;
}

/** Gives a file a second name unless that exists; on file systems without hard links, renames after a look. */
export async function linkExclusively(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK')) throw error;
    const probe = await open(to, 'wx');
    await probe.close();
    await rename(from, to).catch(async (renameError: unknown) => {
      await rm(to, { force: true });
      throw renameError;
    });
  }
}

/** Makes a new name in a folder survive a power cut. Windows has no such call and needs none. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
