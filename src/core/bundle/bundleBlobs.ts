import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { blobPath } from '../archive/archiveContents.ts';
import { decompressed } from '../archive/decompressed.ts';
import { readFileBytes } from '../archive/fileSource.ts';
import { failure } from '../errors.ts';
import { explainFileError } from '../files/fileErrors.ts';
import { passingName, sweepLeftovers } from '../files/passingName.ts';
import { requireRoom } from '../files/requireRoom.ts';
import type { Operation } from '../progress.ts';
import type { BlobReader } from '../vault/blobStore.ts';
import type { BundleFiles } from './openParts.ts';
import type { BundleOnDisk } from './readBundle.ts';

/** Blobs of a bundle as a store to read from, where they lie. */
export interface BundleBlobs {
  readonly blobs: BlobReader;
  /** Removes what there is only as long as somebody reads. */
  close(): Promise<void>;
}

/**
 * The blobs of a bundle that was read through, out of its file or its parts. Of one that is packed as a whole nothing can
 * be read from the middle: its tar lies unpacked in `temporaryFolder` as long as it is open. As any store it gives bytes
 * without a look at their digest; a file that has become shorter since is `blobDamaged`.
 *
 * Rejects with `diskFull`, `diskFilledUp`, what the bundle's files say, or an AbortError.
 */
export async function bundleBlobs(
  bundle: BundleOnDisk,
  { temporaryFolder }: { readonly temporaryFolder: string },
  operation: Operation,
): Promise<BundleBlobs> {
  if (bundle.compression === 'none')
    return { blobs: readerOf(bundle, bundle.openRange), close: () => Promise.resolve() };
  const folder = join(temporaryFolder, passingName());
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 3 });
  try {
    await sweepLeftovers(temporaryFolder);
    await mkdir(folder);
    const path = join(folder, 'bundle.tar');
    await unpack(bundle, path, operation);
    const openRange: BundleFiles['openRange'] = ({ start, end }, signal) =>
      readFileBytes(path, signal, { start, end: end - 1 });
    return { blobs: readerOf(bundle, openRange), close };
  } catch (error) {
    await close();
    throw explainFileError(error, temporaryFolder);
  }
}

async function unpack(
  { name, source, compression, contents }: BundleOnDisk,
  path: string,
  { signal, progress }: Operation,
): Promise<void> {
  const ends = contents.blobDigests().map((digest) => {
    const file = contents.find(blobPath(digest));
    return file === undefined ? 0 : file.dataOffset + file.sizeBytes;
  });
  const totalBytes = ends.reduce((largest, end) => Math.max(largest, end), 0);
  await requireRoom(join(path, '..'), totalBytes);
  const file = await open(path, 'wx', 0o600);
  try {
    let doneBytes = 0;
    for await (const chunk of decompressed(source.open(signal), compression, { name, signal })) {
      await file.writeFile(chunk);
      doneBytes += chunk.length;
      progress.report({ phase: 'reading', item: name, doneBytes, totalBytes });
      signal.throwIfAborted();
      // What comes after the last blob was read when the bundle was checked.
      if (doneBytes >= totalBytes) return;
    }
  } finally {
    await file.close();
  }
}

function readerOf({ name, contents }: BundleOnDisk, openRange: BundleFiles['openRange']): BlobReader {
  return {
    name,
    stat: (digest) => {
      const file = contents.find(blobPath(digest));
      return Promise.resolve(file && { digest, sizeBytes: file.sizeBytes, storedMs: 0 });
    },
    async *open(digest, { signal = new AbortController().signal, range } = {}) {
      const file = contents.find(blobPath(digest));
      if (file === undefined) throw failure('blobMissing', { vault: name, digest });
      const { start, end } = range ?? { start: 0, end: file.sizeBytes };
      const isWithin = end <= file.sizeBytes;
      let wanted = end - start;
      if (isWithin && wanted > 0)
        for await (const chunk of openRange(
          { start: file.dataOffset + start, end: file.dataOffset + end },
          signal,
        )) {
          wanted -= chunk.length;
          yield chunk;
        }
      if (!isWithin || wanted > 0)
        throw failure('blobDamaged', { vault: name, digest, reason: 'it ends before its size' });
    },
    async *list() {
      for (const digest of contents.blobDigests()) {
        const file = contents.find(blobPath(digest));
        if (file) yield await Promise.resolve({ digest, sizeBytes: file.sizeBytes });
      }
    },
  };
}
