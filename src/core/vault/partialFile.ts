import { randomUUID } from 'node:crypto';
import { open, readdir, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Hasher, type Digest } from '../digest.ts';
import { explainFileError } from '../files/fileErrors.ts';
import { readAgain, requireReadBack, type ReadBack } from './blobStore.ts';
import { untilAborted } from './untilAborted.ts';
import { unwatched, type VaultSteps } from './vaultSteps.ts';
import { WrittenTail } from './writtenTail.ts';

/** A file that lies whole and synced under a temporary name. */
export interface PartialFile {
  readonly path: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export interface PartialOptions {
  readonly signal?: AbortSignal;
  readonly steps?: VaultSteps;
  /** Permission bits of the file; 0o444 for what never changes again. */
  readonly mode?: number;
  /** As a store's put has it. */
  readonly readBack?: ReadBack;
  /** What a failure of reading back calls the place. */
  readonly vault?: string;
}

/** Small pieces are gathered, so that a stream of 64 KiB pieces costs few calls. */
const gatherBytes = 1 << 20;
/** What is written is sent on to the disk this often, so that the last sync has little left to do. */
const syncEveryBytes = 64 << 20;

/**
 * Writes `bytes` to a new file in `folder`, syncs it, and lets `use` give it its name by link or rename. Whatever
 * fails or is cancelled, the temporary name is gone afterwards; only a crash leaves it, for `sweepPartials`.
 *
 * Rejects with `diskFilledUp`, `fileUnusable`, `blobDamaged` when it is not read back as it was written, what `bytes`,
 * `readBack` or `use` threw, or an AbortError.
 */
export async function withPartialFile<T>(
  folder: string,
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { signal, steps = unwatched, mode = 0o666, readBack, vault = folder }: PartialOptions,
  use: (partial: PartialFile) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const path = join(folder, `${randomUUID()}.partial`);
  try {
    const file = await open(path, 'wx+', 0o666);
    const hasher = new Hasher();
    let digest: Digest;
    const stopped = new AbortController();
    const tail = new WrittenTail(file);
    const reading = readBack && readAgain(tail.read(), readBack);
    reading?.catch((error: unknown) => {
      stopped.abort(error);
    });
    try {
      steps.reached('partial opened');
      const signals = [signal ?? [], reading ? stopped.signal : []].flat();
      const stop = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
      await writeAll(file, bytes, { hasher, tail }, stop);
      tail.end();
      steps.reached('partial written');
      if (mode !== 0o666) await file.chmod(mode);
      await file.sync();
      steps.reached('partial synced');
      digest = hasher.digest();
      if (reading) requireReadBack(vault, digest, await reading);
    } catch (error) {
      tail.fail(error);
      throw error;
    } finally {
      // Only when nobody reads any more may the file be closed.
      await reading?.catch(() => undefined);
      await file.close();
    }
    signal?.throwIfAborted();
    return await use({ path, sizeBytes: hasher.sizeBytes, digest });
  } catch (error) {
    throw explainFileError(error, path);
  } finally {
    await rm(path, { force: true });
  }
}

/**
 * Removes what writers that died left under temporary names; resolves with how many files that were. Only for the
 * holder of the exclusive vault lock: what a living writer writes has such a name too.
 */
export async function sweepPartials(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.partial'));
  for (const name of names) await rm(join(folder, name), { force: true });
  return names.length;
}

/**
 * Writes in order, one gathered piece behind the stream: 1. take pieces and hash them, 2. hand a full batch to the
 * disk and go on taking, 3. never have more than one batch under way, 4. sync now and then while writing goes on.
 */
async function writeAll(
  file: FileHandle,
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { hasher, tail }: { readonly hasher: Hasher; readonly tail: WrittenTail },
  signal: AbortSignal | undefined,
): Promise<void> {
  let batch: Uint8Array[] = [];
  let batchBytes = 0;
  let unsyncedBytes = 0;
  let writing: Promise<void> = Promise.resolve();
  let syncing: Promise<void> = Promise.resolve();
  let isSyncing = false;
  const write = async (pieces: readonly Uint8Array[], sizeBytes: number): Promise<void> => {
    const { bytesWritten } = await file.writev(pieces);
    if (bytesWritten < sizeBytes) await file.writeFile(Buffer.concat(pieces).subarray(bytesWritten));
    tail.advance(sizeBytes);
    unsyncedBytes += sizeBytes;
    if (unsyncedBytes < syncEveryBytes || isSyncing) return;
    // A sync that failed is never tried again: the system may have dropped what it could not write.
    await syncing;
    unsyncedBytes = 0;
    isSyncing = true;
    syncing = file.datasync().finally(() => {
      isSyncing = false;
    });
    syncing.catch(() => undefined);
  };
  const flush = async (): Promise<void> => {
    await writing;
    if (batchBytes === 0) return;
    writing = write(batch, batchBytes);
    // Thrown where it is awaited next; until then it must not count as unhandled.
    writing.catch(() => undefined);
    batch = [];
    batchBytes = 0;
  };
  try {
    for await (const piece of untilAborted(bytes, signal)) {
      hasher.update(piece);
      // A small view would keep the large buffer alive that it is cut from.
      batch.push(piece.buffer.byteLength > 4 * piece.length ? Uint8Array.from(piece) : piece);
      batchBytes += piece.length;
      if (batchBytes >= gatherBytes) await flush();
    }
    await flush();
    await writing;
    await syncing;
  } finally {
    // The file may be closed only when nothing writes to it any more.
    await Promise.allSettled([writing, syncing]);
  }
}
