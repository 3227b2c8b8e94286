import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { hexOf, parseDigest, type Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { hasCode } from '../files/fileErrors.ts';
import type { Archive } from './archive.ts';

/** Where the checksum of an archive lies: `app.tar.gz` ⇒ `app.tar.gz.sha256`. */
export function checksumPath(archivePath: string): string {
  return `${archivePath}.sha256`;
}

/** The one line of such a file, as `sha256sum` writes and `sha256sum --check` reads it. */
export function checksumLine(digest: Digest, archivePath: string): string {
  return `${hexOf(digest)}  ${basename(archivePath)}\n`;
}

/** A checksum file is a line or a few; what is larger is something else. */
const mostBytes = 64 * 1024;

/**
 * The digest that the checksum file beside an archive states: the line that names the archive, or the only one.
 * Reads what `sha256sum`, `shasum` and BSD's `sha256` write. Undefined where there is no such file or no such line.
 */
export async function readChecksum(archivePath: string): Promise<Digest | undefined> {
  const path = checksumPath(archivePath);
  const about = await stat(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw failure('fileUnusable', { path, reason: 'it can’t be read' }, error);
  });
  if (about === undefined || !about.isFile() || about.size > mostBytes) return undefined;
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => /\b[0-9a-fA-F]{64}\b/.test(line));
  const line =
    lines.find((each) => each.includes(basename(archivePath))) ?? (lines.length === 1 ? lines[0] : undefined);
  const hex = line === undefined ? undefined : /\b([0-9a-fA-F]{64})\b/.exec(line)?.[1];
  return hex === undefined ? undefined : parseDigest(`sha256:${hex.toLowerCase()}`, path);
}

/** Throws `checksumDiffers` if a checksum file lies beside the archive and states another digest. */
export async function requireChecksum(
  archive: Pick<Archive, 'name' | 'fileDigest'>,
  archivePath: string,
): Promise<void> {
  if (archive.fileDigest === undefined) return;
  const stated = await readChecksum(archivePath);
  if (stated === undefined || stated === archive.fileDigest) return;
  throw failure('checksumDiffers', { name: archive.name, checksum: checksumPath(archivePath) });
}
