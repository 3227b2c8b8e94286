import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { Archive, ArchiveSource } from './archive.ts';
import { findImages } from './archivedImages.ts';
import { defaultArchiveLimits } from './archiveLimits.ts';
import type { ArchiveLimits } from './archiveLimits.ts';
import { scanContents, type FollowFile } from './scanContents.ts';

/**
 * Reads an image archive to its end and checks all of it: the tar's own structure, every blob against its name,
 * every descriptor against its blob, every layer against its diffID. What is returned is whole; anything else is
 * one failure whose code starts with `archive` (or `notAnArchive`, `badJson`, `badDigest`, `file…`), and a cancel
 * is an AbortError.
 *
 * One pass, flat memory. `follow` sees all files on the way, layers unpacked. Reports the phase `checking` with bytes
 * of the source.
 */
export async function readArchive(
  source: ArchiveSource,
  operation: Operation,
  limits: Partial<ArchiveLimits> = {},
  follow?: FollowFile,
): Promise<Archive> {
  const scanned = await scanContents(source, operation, { ...defaultArchiveLimits, ...limits }, follow);
  operation.signal.throwIfAborted();
  const { compression, fileDigest, fileBytes, contents } = scanned;
  return {
    name: source.name,
    ...(await findImages(contents)),
    compression,
    ...(source.isFolder !== true && fileDigest && { fileDigest, fileBytes }),
  };
}

/** The digest of the file that an archive was read from; throws where it lies in none. */
export function fileDigestOf({ fileDigest }: Archive): Digest {
  if (fileDigest === undefined) throw failure('unexpected', { reason: 'the archive has no digest' });
  return fileDigest;
}
