import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Hasher } from '../digest.ts';
import type { Digest } from '../digest.ts';
import { fileFailure, readFileBytes } from './fileSource.ts';

/** A layer whose digest had to be known before its bytes could be passed on. */
export interface SpooledLayer {
  readonly digest: Digest;
  readonly sizeBytes: number;
  open(signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Removes the file; must always be called. */
  remove(): Promise<void>;
}

/** Writes `data` to a file of its own in `folder` and hashes it on the way. On failure the file is gone. */
export async function spoolLayer(data: AsyncIterable<Uint8Array>, folder: string): Promise<SpooledLayer> {
  // No other save that uses the folder, and no entry that comes twice, may meet this file.
  const path = join(folder, `layer-${randomUUID()}`);
  const hasher = new Hasher();
  const remove = (): Promise<void> => rm(path, { force: true });
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const chunk of data) {
        hasher.update(chunk);
        for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten;
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    await remove();
    throw fileFailure(error, path);
  }
  return {
    digest: hasher.digest(),
    sizeBytes: hasher.sizeBytes,
    open: (signal) => readFileBytes(path, signal),
    remove,
  };
}
