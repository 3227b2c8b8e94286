import { open } from 'node:fs/promises';
import type { CancelOptions } from './blobStore.ts';
import { readFlags } from './readSmallFile.ts';

/**
 * The bytes of a file, read ahead into two pieces of memory in turn: one is read while the other is looked at, and a
 * piece is overwritten when the next is asked for. A stream would take new memory for each, and spend as long on that as
 * on the reading.
 */
export async function* fleetingBytes(
  path: string,
  { chunkBytes, signal }: CancelOptions & { readonly chunkBytes: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await open(path, readFlags);
  let [taken, spare] = [Buffer.allocUnsafeSlow(chunkBytes), Buffer.allocUnsafeSlow(chunkBytes)];
  const fill = async (): Promise<Uint8Array> => {
    const { bytesRead } = await file.read(spare, 0, chunkBytes, null);
    return spare.subarray(0, bytesRead);
  };
  let ahead = fill();
  try {
    for (;;) {
      const bytes = await ahead;
      signal?.throwIfAborted();
      if (bytes.length === 0) return;
      [taken, spare] = [spare, taken];
      ahead = fill();
      // Heard when the next piece is asked for, or at the end.
      ahead.catch(() => undefined);
      yield bytes;
    }
  } finally {
    await ahead.catch(() => undefined);
    await file.close();
  }
}
