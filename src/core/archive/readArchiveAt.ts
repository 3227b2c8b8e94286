import type { Operation } from '../progress.ts';
import type { Archive, ArchiveSource } from './archive.ts';
import { requireChecksum } from './checksumFile.ts';
import { openArchiveSource } from './openArchiveSource.ts';
import { readArchive } from './readArchive.ts';

/**
 * Reads the archive at `path`, a file or a folder with an OCI layout, as `readArchive` does, and compares it with
 * the checksum file beside it, if there is one. `source` gives the same bytes again for a second pass.
 */
export async function readArchiveAt(
  path: string,
  operation: Operation,
): Promise<{ readonly source: ArchiveSource; readonly archive: Archive }> {
  const source = await openArchiveSource(path);
  const archive = await readArchive(source, operation);
  await requireChecksum(archive, path);
  return { source, archive };
}
