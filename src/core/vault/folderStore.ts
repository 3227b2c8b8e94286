import { createReadStream } from 'node:fs';
import { link, opendir, rename, rm, stat } from 'node:fs/promises';
import { isDigest, type Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { explainFileError, hasCode } from '../files/fileErrors.ts';
import { syncFolder } from '../files/writeDurably.ts';
import {
  requireExpected,
  type BlobStat,
  type BlobStore,
  type OpenBlob,
  type PutBlob,
  type PutOptions,
  type StoredBlob,
} from './blobStore.ts';
import { fleetingBytes } from './fleetingBytes.ts';
import { withPartialFile } from './partialFile.ts';
import { readFlags } from './readSmallFile.ts';
import { blobPath, type VaultPaths } from './vaultPaths.ts';
import { unwatched, type VaultSteps } from './vaultSteps.ts';

const chunkBytes = 1 << 19;

/**
 * The blobs of a vault on disk, in the folders of an OCI Image Layout. Any number of processes may put at once, the
 * same blob too. README.md says what each step of a put leaves when the machine stops there.
 */
export function folderStore(paths: VaultPaths, steps: VaultSteps = unwatched): BlobStore {
  return {
    name: paths.root,
    stat: (digest) => statBlob(paths, digest),
    open: (digest, options = {}) => readBlob(paths, digest, options),
    list: ({ signal } = {}) => listBlobs(paths, signal),
    put: (bytes, options = {}) => putBlob(paths, steps, bytes, options),
    delete: async (digest) => {
      try {
        await rm(blobPath(paths, digest), { force: true });
        await syncFolder(paths.blobs);
      } catch (error) {
        throw explainFileError(error, blobPath(paths, digest));
      }
    },
  };
}

/**
 * 1. Write under a temporary name, hashing, and sync; where asked read back meanwhile. 2. Compare digest and size with what was expected. 3. Give the
 * name. 4. Sync the folder, also when the name was there: whoever gave it may not have come that far yet.
 */
function putBlob(
  paths: VaultPaths,
  steps: VaultSteps,
  bytes: AsyncIterable<Uint8Array>,
  { signal, readBack, ...expectation }: PutOptions,
): Promise<PutBlob> {
  const options = {
    ...{ steps, mode: 0o444, vault: paths.root },
    ...(signal && { signal }),
    ...(readBack && { readBack }),
  };
  return withPartialFile(paths.partial, bytes, options, async ({ path, digest, sizeBytes }) => {
    requireExpected({ digest, sizeBytes }, expectation);
    const isNew = await nameBlob(path, blobPath(paths, digest), sizeBytes);
    steps.reached('blob named');
    await syncFolder(paths.blobs);
    steps.reached('blob synced');
    return { digest, sizeBytes, isNew };
  });
}

/**
 * A link never replaces anything. A blob of the same name and size stays as it is; one of another size can't have
 * its digest, so it is damaged and ours takes its place. Where there are no hard links a rename does, since two
 * files of one digest are the same. Tells whether the name now stands for our file.
 */
async function nameBlob(partial: string, path: string, sizeBytes: number): Promise<boolean> {
  try {
    await link(partial, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) {
      if ((await stat(path)).size === sizeBytes) return false;
    } else if (!hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK')) throw error;
  }
  await rename(partial, path);
  return true;
}

async function statBlob(paths: VaultPaths, digest: Digest): Promise<BlobStat | undefined> {
  try {
    const found = await stat(blobPath(paths, digest));
    return found.isFile() ? { digest, sizeBytes: found.size, storedMs: found.mtimeMs } : undefined;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw explainFileError(error, blobPath(paths, digest));
  }
}

async function* readBlob(
  paths: VaultPaths,
  digest: Digest,
  { signal, range, isFleeting = false }: OpenBlob,
): AsyncGenerator<Uint8Array, void, undefined> {
  const path = blobPath(paths, digest);
  signal?.throwIfAborted();
  if (range !== undefined && range.end <= range.start) return;
  const stream =
    isFleeting && range === undefined
      ? fleetingBytes(path, { chunkBytes, ...(signal && { signal }) })
      : createReadStream(path, {
          highWaterMark: chunkBytes,
          // Node takes numbers here, its types don't.
          flags: readFlags as unknown as string,
          ...(signal && { signal }),
          // Node's `end` is the last byte, not the one after it.
          ...(range && { start: range.start, end: range.end - 1 }),
        });
  let at = range?.start ?? 0;
  try {
    for await (const chunk of stream) {
      at += (chunk as Uint8Array).length;
      yield chunk as Uint8Array;
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) throw failure('blobMissing', { vault: paths.root, digest }, error);
    throw explainFileError(error, path);
  }
  if (range !== undefined && at < range.end)
    throw failure('blobDamaged', { vault: paths.root, digest, reason: `it ends at byte ${at}` });
}

async function* listBlobs(
  paths: VaultPaths,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredBlob, void, undefined> {
  const folder = await opendir(paths.blobs).catch((error: unknown) => {
    throw explainFileError(error, paths.blobs);
  });
  for await (const { name } of folder) {
    signal?.throwIfAborted();
    const digest = `sha256:${name}`;
    if (!isDigest(digest)) continue;
    const found = await statBlob(paths, digest);
    if (found) yield { digest, sizeBytes: found.sizeBytes };
  }
}
