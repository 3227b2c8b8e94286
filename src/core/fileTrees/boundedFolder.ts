import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Pacer } from '../archive/pacer.ts';
import { Hasher, hexOf } from '../digest.ts';
import { hasCode } from '../files/fileErrors.ts';
import { passingName, sweepLeftovers } from '../files/passingName.ts';

const sealBytes = 32;
const stepBytes = 1 << 20;
/** After a clean-up there is room for a while. */
const keptShare = 0.9;

/**
 * Files that can be made again, in a folder that several processes use at once without locks. Each ends with the
 * sha256 of all before, gets its name when it is whole, and is never changed. When all of them are too large together,
 * those go that were not read for the longest time. Whatever is wrong with a file, it is not there.
 */
export class BoundedFolder {
  readonly #folder: string;
  readonly #maxBytes: number;
  /** What the folder may hold by now, as far as this process knows. */
  #supposedBytes = Number.POSITIVE_INFINITY;
  #isSwept = false;

  constructor(folder: string, maxBytes: number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /** The bytes of a file that is whole. One that is not, or too large, is removed. */
  async read(name: string, signal?: AbortSignal): Promise<Buffer | undefined> {
    const path = join(this.#folder, name);
    const bytes = await this.#readWhole(path);
    signal?.throwIfAborted();
    if (bytes === undefined) return undefined;
    const content = bytes.subarray(0, -sealBytes);
    if (bytes.length < sealBytes || !(await sealOf([content], signal)).equals(bytes.subarray(-sealBytes))) {
      await this.remove(name);
      return undefined;
    }
    const now = new Date();
    await utimes(path, now, now).catch(forgiving);
    return content;
  }

  /**
   * Writes a file, in the place of one of that name. False where the folder can't take it: it is only a cache. Rejects
   * as `bytes` does, or with an AbortError; then nothing is left.
   */
  async write(name: string, bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<boolean> {
    const temporary = join(this.#folder, passingName());
    try {
      const writtenBytes = await this.#writeSealed(temporary, bytes, signal);
      if (writtenBytes === undefined) return false;
      signal.throwIfAborted();
      await rename(temporary, join(this.#folder, name));
      this.#supposedBytes += writtenBytes;
    } catch (error) {
      if (isUnusable(error)) return false;
      throw error;
    } finally {
      await rm(temporary, { force: true }).catch(forgiving);
    }
    if (this.#supposedBytes > this.#maxBytes) await this.#makeRoom();
    return true;
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#folder, name), { force: true }).catch(forgiving);
  }

  async #readWhole(path: string): Promise<Buffer | undefined> {
    try {
      const file = await open(path, 'r');
      try {
        const { size } = await file.stat();
        if (size <= this.#maxBytes) return await file.readFile();
      } finally {
        await file.close();
      }
      await rm(path, { force: true });
    } catch (error) {
      forgiving(error);
    }
    return undefined;
  }

  /** How many bytes it has become; undefined where they are more than may be in the folder. */
  async #writeSealed(
    path: string,
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    if (!this.#isSwept) await sweepLeftovers(this.#folder);
    this.#isSwept = true;
    const file = await open(path, 'wx', 0o600);
    try {
      const hasher = new Hasher();
      for await (const piece of bytes) {
        signal.throwIfAborted();
        hasher.update(piece);
        if (hasher.sizeBytes > this.#maxBytes / 2) return undefined;
        await file.writeFile(piece);
      }
      const { sizeBytes } = hasher;
      await file.writeFile(Buffer.from(hexOf(hasher.digest()), 'hex'));
      return sizeBytes + sealBytes;
    } finally {
      await file.close();
    }
  }

  async #makeRoom(): Promise<void> {
    const files: { readonly path: string; readonly size: number; readonly mtimeMs: number }[] = [];
    // Another window may remove the folder itself.
    for (const name of (await readdir(this.#folder).catch(forgiving)) ?? []) {
      const path = join(this.#folder, name);
      // Another process may remove it just now.
      const found = await stat(path).catch(forgiving);
      if (found?.isFile() === true && !name.startsWith('.'))
        files.push({ path, size: found.size, mtimeMs: found.mtimeMs });
    }
    let total = files.reduce((sum, { size }) => sum + size, 0);
    if (total > this.#maxBytes)
      for (const { path, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
        if (total <= this.#maxBytes * keptShare) break;
        await rm(path, { force: true }).catch(forgiving);
        total -= size;
      }
    this.#supposedBytes = total;
  }
}

async function sealOf(pieces: readonly Uint8Array[], signal?: AbortSignal): Promise<Buffer> {
  const hasher = new Hasher();
  const pacer = new Pacer();
  for (const piece of pieces)
    for (let at = 0; at < piece.length; at += stepBytes) {
      hasher.update(piece.subarray(at, at + stepBytes));
      await pacer.pause();
      signal?.throwIfAborted();
    }
  return Buffer.from(hexOf(hasher.digest()), 'hex');
}

function isUnusable(error: unknown): boolean {
  return hasCode(
    error,
    'ENOENT',
    'ENOTDIR',
    'EACCES',
    'EPERM',
    'EROFS',
    'ENOSPC',
    'EDQUOT',
    'EISDIR',
    'EEXIST',
    'EBUSY',
    'EIO',
  );
}

/** What can't be read, removed or touched is as good as not there. */
function forgiving(error: unknown): undefined {
  if (!isUnusable(error)) throw error;
  return undefined;
}
