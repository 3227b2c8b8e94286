import { stat } from 'node:fs/promises';
import { failure } from '../errors.ts';
import type { ArchiveSource } from './archive.ts';
import { directorySource } from './directorySource.ts';
import { fileFailure, fileSource } from './fileSource.ts';

/** What lies at `path`: an archive's file, or a folder with an OCI layout (or an unpacked archive) in it. */
export async function openArchiveSource(path: string): Promise<ArchiveSource> {
  const found = await stat(path).catch((error: unknown) => {
    throw fileFailure(error, path);
  });
  if (found.isDirectory()) return directorySource(path);
  if (found.isFile()) return fileSource(path, found.size);
  throw failure('fileUnusable', { path, reason: 'it is neither a file nor a folder' });
}
