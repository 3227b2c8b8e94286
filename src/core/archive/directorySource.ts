import { constants } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { failure } from '../errors.ts';
import type { ArchiveSource } from './archive.ts';
import { defaultArchiveLimits } from './archiveLimits.ts';
import { fileFailure, readFileBytes } from './fileSource.ts';
import { tarEnd, tarHeader, tarPadding } from './tarWriter.ts';

/** One thing in the folder; `path` is relative to it, with slashes. */
interface Found {
  readonly path: string;
  readonly sizeBytes: number;
  readonly linkPath?: string;
}

const { maxEntries } = defaultArchiveLimits;
const maxDepth = 8;
/** An unpacked docker-archive is read whole; of an OCI layout only what the layout defines. */
const layoutParts = ['oci-layout', 'index.json', 'manifest.json', 'blobs'];

/**
 * A folder that holds an OCI layout, or an unpacked docker-archive, as the tar of it. Links are passed on as links
 * and never followed on disk, so nothing outside the folder can be reached. Rejects with `notAnArchive`.
 */
export async function directorySource(folder: string): Promise<ArchiveSource> {
  const name = basename(resolve(folder));
  const names = await readdir(folder).catch((error: unknown) => {
    throw fileFailure(error, folder);
  });
  const isLayout = names.includes('oci-layout') || names.includes('index.json');
  if (!isLayout && !names.includes('manifest.json')) throw failure('notAnArchive', { name });
  const parts = (isLayout ? layoutParts.filter((part) => names.includes(part)) : names).sort();
  const found: Found[] = [];
  for (const part of parts) await collect(folder, part, found, name);
  const sizeBytes = found.reduce((sum, file) => sum + tarBytesOf(file), tarEnd.length);
  return { name, isFolder: true, sizeBytes, open: (signal) => tarOf(folder, found, name, signal) };
}

async function collect(folder: string, path: string, found: Found[], name: string): Promise<void> {
  const place = join(folder, path);
  const status = await lstat(place).catch((error: unknown) => {
    throw fileFailure(error, place);
  });
  if (found.length >= maxEntries || path.split('/').length > maxDepth)
    throw failure('archiveTooLarge', { name, reason: 'it has too many files or folders in folders' });
  if (status.isFile()) found.push({ path, sizeBytes: status.size });
  else if (status.isSymbolicLink()) found.push({ path, sizeBytes: 0, linkPath: await readlink(place) });
  else if (status.isDirectory())
    for (const child of (await readdir(place)).sort()) await collect(folder, `${path}/${child}`, found, name);
}

async function* tarOf(
  folder: string,
  found: readonly Found[],
  name: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const file of found) {
    signal.throwIfAborted();
    yield headerOf(file);
    if (file.linkPath === undefined && file.sizeBytes > 0) yield* dataOf(folder, file, name, signal);
    yield tarPadding(file.sizeBytes);
  }
  yield tarEnd;
}

async function* dataOf(
  folder: string,
  file: Found,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  let seen = 0;
  // A file that became a link since it was listed is refused by the system, and one that became a pipe is not
  // waited for. Windows has no such flags.
  const flags =
    constants.O_RDONLY |
    ((constants.O_NOFOLLOW as number | undefined) ?? 0) |
    ((constants.O_NONBLOCK as number | undefined) ?? 0);
  for await (const chunk of readFileBytes(join(folder, file.path), signal, {
    flags,
    end: file.sizeBytes - 1,
  })) {
    seen += chunk.length;
    yield chunk;
  }
  if (seen !== file.sizeBytes) throw failure('archiveChanged', { name });
}

function headerOf({ path, sizeBytes, linkPath }: Found): Uint8Array {
  return tarHeader(linkPath === undefined ? { path, sizeBytes } : { path, type: 'symlink', linkPath });
}

function tarBytesOf(file: Found): number {
  return headerOf(file).length + file.sizeBytes + tarPadding(file.sizeBytes).length;
}
