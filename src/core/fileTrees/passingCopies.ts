import { rmSync } from 'node:fs';
import { chmod, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { failure } from '../errors.ts';
import { explainFileError, hasCode } from '../files/fileErrors.ts';
import { passingName, sweepLeftovers } from '../files/passingName.ts';
import { requireRoom } from '../files/requireRoom.ts';
import type { Operation } from '../progress.ts';
import { formatBytes } from '../quantity.ts';
import { visibleName } from './visibleName.ts';

export interface CopyInput {
  /** What it is called where it comes from, without a path; as `entryNames.ts` writes names. */
  readonly name: string;
  /** As far as it is known: a live file may have grown since. */
  readonly sizeBytes: number;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * Copies of large files that are looked at for a while, each in a folder of its own below one that several processes
 * share. A copy may be read by this user alone, and not changed. All of one process together have a limit.
 */
export class PassingCopies {
  readonly #folder: string;
  readonly #maxBytes: number;
  /** What each takes, or is about to take, by its path. */
  readonly #held = new Map<string, number>();

  constructor(folder: string, maxBytes: number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /**
   * Where a copy lies. It is whole, or nothing of it is left. Rejects with `copiesTooLarge`, `diskFull`,
   * `diskFilledUp`, `fileUnusable`, as `bytes` does, or with an AbortError.
   */
  async make({ name, sizeBytes, bytes }: CopyInput, { signal, progress }: Operation): Promise<string> {
    const path = join(this.#folder, passingName(), fileNameOf(name));
    this.#hold(path, sizeBytes, name);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await requireRoom(this.#folder, sizeBytes);
      await mkdir(dirname(path), { mode: 0o700 });
      const file = await open(path, 'wx', 0o600);
      let doneBytes = 0;
      try {
        for await (const piece of bytes) {
          signal.throwIfAborted();
          doneBytes += piece.length;
          if (doneBytes > sizeBytes) this.#hold(path, doneBytes, name);
          await file.writeFile(piece);
          progress.report({ phase: 'reading', item: visibleName(name), doneBytes, totalBytes: sizeBytes });
        }
      } finally {
        await file.close();
      }
      signal.throwIfAborted();
      await chmod(path, 0o400);
      return path;
    } catch (error) {
      await this.remove(path);
      throw explainFileError(error, path);
    }
  }

  /** Removes a copy; one that something still holds open goes with {@link dispose}, or with a later sweep. */
  async remove(path: string): Promise<void> {
    if (!this.#held.has(path)) return;
    try {
      await rm(dirname(path), { recursive: true, force: true });
      this.#held.delete(path);
    } catch (error) {
      if (!isHeld(error)) throw error;
    }
  }

  /** Removes what processes of this machine that are no more left. */
  async sweep(): Promise<void> {
    try {
      await sweepLeftovers(this.#folder);
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
    }
  }

  /** Removes all at once, for a process that ends. */
  dispose(): void {
    for (const path of this.#held.keys())
      try {
        rmSync(dirname(path), { recursive: true, force: true });
      } catch (error) {
        if (!isHeld(error)) throw error;
      }
    this.#held.clear();
  }

  #hold(path: string, sizeBytes: number, name: string): void {
    const others = [...this.#held].reduce((sum, [other, bytes]) => sum + (other === path ? 0 : bytes), 0);
    if (others + sizeBytes > this.#maxBytes)
      throw failure('copiesTooLarge', {
        path: visibleName(name),
        size: formatBytes(sizeBytes),
        limit: formatBytes(this.#maxBytes),
      });
    this.#held.set(path, sizeBytes);
  }
}

/** Windows keeps what is open, and hands out no folder that an editor looks into. */
function isHeld(error: unknown): boolean {
  return hasCode(error, 'EBUSY', 'EPERM', 'EACCES', 'ENOTEMPTY');
}

/** Names longer than this, in characters of up to four bytes, fit no file system. */
const mostSigns = 60;

/** A name that every system takes, with the end that tells an editor the kind. */
function fileNameOf(name: string): string {
  const allowed = visibleName(name)
    .replace(/[<>:"/\\|?*]/g, '_')
    .replace(/[. ]+$/, '_');
  const short = Array.from(allowed).slice(-mostSigns).join('');
  return /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(short) || short === '' ? `_${short}` : short;
}
