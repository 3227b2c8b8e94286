import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { failure, isCancellation, reasonOf } from '../errors.ts';
import type { ArchiveSource } from './archive.ts';

const chunkBytes = 1 << 19;

/** The file at `path`. Its size is left out unless the caller knows it. */
export function fileSource(path: string, sizeBytes?: number): ArchiveSource {
  return {
    name: basename(path),
    ...(sizeBytes !== undefined && { sizeBytes }),
    open: (signal) => readFileBytes(path, signal),
  };
}

/** The bytes of a file; its errors become `fileMissing` and `fileUnusable`. */
export async function* readFileBytes(
  path: string,
  signal: AbortSignal,
  range: { readonly flags?: number; readonly start?: number; readonly end?: number } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const stream = createReadStream(path, {
    signal,
    highWaterMark: chunkBytes,
    ...(range.flags !== undefined && { flags: range.flags as unknown as string }),
    ...(range.start !== undefined && { start: range.start }),
    ...(range.end !== undefined && { end: range.end }),
  });
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (error) {
    throw fileFailure(error, path);
  }
}

/** What went wrong with a file, in our words; a cancel stays one. */
export function fileFailure(error: unknown, path: string): unknown {
  if (isCancellation(error) || !(error instanceof Error && 'code' in error)) return error;
  if (error.code === 'ENOENT') return failure('fileMissing', { path }, error);
  return failure('fileUnusable', { path, reason: reasonOf(error) }, error);
}
