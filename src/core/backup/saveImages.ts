import { mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Archive, ArchivedLayer, ArchiveForm } from '../archive/archive.ts';
import { checksumPath } from '../archive/checksumFile.ts';
import { compress, leastCompressedShare } from '../archive/compress.ts';
import { fileDigestOf, readArchive } from '../archive/readArchive.ts';
import { savedArchive } from '../archive/saveStream.ts';
import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import { mergeById } from '../engine/mergeById.ts';
import type { ImageDetails } from '../engine/records.ts';
import { failure } from '../errors.ts';
import { afterWriting } from '../files/growingFile.ts';
import { passingName, sweepLeftovers } from '../files/passingName.ts';
import { requireAbsent } from '../files/requireAbsent.ts';
import { requireRoom } from '../files/requireRoom.ts';
import { explainFileError } from '../files/fileErrors.ts';
import { isSameName } from '../oci/imageName.ts';
import type { Operation } from '../progress.ts';
import { writeWithChecksum } from '../archive/writeWithChecksum.ts';

/** An image to save, with the names it shall have in the archive. */
export interface ImageToSave {
  readonly id: Digest;
  readonly tags: readonly string[];
}

export interface SaveInput {
  readonly images: readonly ImageToSave[];
  readonly path: string;
  readonly form: ArchiveForm;
  readonly compression: 'none' | 'gzip' | 'zstd';
  /** Whether a file at `path` may be replaced. */
  readonly replace: boolean;
}

/** An archive that was written, read back and found to hold exactly what the engine has. */
export interface SavedArchive {
  readonly path: string;
  readonly sizeBytes: number;
  /** Digest of the file; it also stands in `checksumPath` in the form that `sha256sum --check` reads. */
  readonly digest: Digest;
  readonly checksumPath: string;
  readonly images: readonly ImageToSave[];
}

/**
 * Saves images into one archive and reads it back before it gets its name:
 * 1. ask the engine what the images are, 2. see that there is room, 3. stream, convert, compress, write to a
 * temporary file, 4. read that file back: every digest, every diffID against the engine's, every tag,
 * 5. name it, and put the checksum beside it.
 *
 * Rejects with `tagMoved` if a name meanwhile means another image, `verifyMismatch` if step 4 finds a
 * difference, and whatever the engine, the archive or the disk says. Nothing is left behind then.
 */
export async function saveImages(
  deps: { readonly engine: Engine },
  input: SaveInput,
  operation: Operation,
): Promise<SavedArchive> {
  const { engine } = deps;
  const { signal, progress } = operation;
  const wanted = mergeById(input.images);
  if (wanted.length === 0) throw failure('nothingSelected', { verb: 'save' });
  progress.report({ phase: 'preparing', item: nameOf(wanted[0]) });

  const details = await Promise.all(wanted.map(({ id }) => engine.images.inspect(id, { signal })));
  for (const [index, image] of wanted.entries()) requireTags(image, details[index]);
  await requireLayers(engine, details, signal);
  const { leastBytes, totalBytes } = sizesOf(details);
  const folder = dirname(input.path);
  const sumPath = checksumPath(input.path);
  if (!input.replace) {
    await requireAbsent(input.path);
    await requireAbsent(sumPath);
  }
  await requireRoom(
    folder,
    Math.ceil(leastBytes * (input.compression === 'none' ? 1 : leastCompressedShare)),
  );

  const workFolder = join(folder, passingName());
  await sweepLeftovers(folder);
  await mkdir(workFolder).catch((error: unknown) => {
    throw explainFileError(error, input.path);
  });
  let fromEngine: Readable | undefined;
  try {
    fromEngine = await engine.images.save(
      wanted.map(({ id }) => id),
      { signal },
    );
    const tar = savedArchive(
      fromEngine,
      {
        form: input.form,
        spoolFolder: workFolder,
        images: wanted.map((image, index) => ({ ...image, diffIds: details[index]?.diffIds ?? [] })),
      },
      {
        signal,
        progress: {
          report: (fact) => {
            progress.report({ ...(totalBytes === undefined ? {} : { totalBytes }), ...fact });
          },
        },
      },
    );
    let checked: Archive | undefined;
    await writeWithChecksum(
      {
        path: input.path,
        bytes: compress(tar, input.compression, { signal }),
        replace: input.replace,
        workFolder,
        check: async (written) => {
          const source = { name: basename(input.path), open: (stop: AbortSignal) => written.open(stop) };
          checked = await readArchive(source, { signal, progress: afterWriting(written, progress) });
          requireSame(checked, wanted, details);
          return fileDigestOf(checked);
        },
      },
      signal,
    );
    if (checked?.fileDigest === undefined || checked.fileBytes === undefined) {
      throw failure('unexpected', { reason: 'the archive was not read back' });
    }
    return {
      path: input.path,
      sizeBytes: checked.fileBytes,
      digest: checked.fileDigest,
      checksumPath: sumPath,
      images: wanted,
    };
  } finally {
    // A write that failed before or between two pieces leaves the stream open otherwise.
    fromEngine?.destroy();
    await rm(workFolder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/**
 * What the archive takes before it is compressed: certainly the largest images that share no layer, and all of them
 * together only if none do. An engine tells no layer's size, and counts a shared one to each of its images.
 */
function sizesOf(details: readonly ImageDetails[]): {
  readonly leastBytes: number;
  readonly totalBytes: number | undefined;
} {
  const seen = new Set<Digest>();
  let leastBytes = 0;
  let isShared = false;
  for (const { diffIds, sizeBytes } of details.toSorted((a, b) => b.sizeBytes - a.sizeBytes)) {
    if (diffIds.some((diffId) => seen.has(diffId))) isShared = true;
    else leastBytes += sizeBytes;
    for (const diffId of diffIds) seen.add(diffId);
  }
  return { leastBytes, totalBytes: isShared ? undefined : leastBytes };
}

function nameOf(image: ImageToSave | undefined): string {
  return image?.tags[0] ?? shortDigest(image?.id ?? '');
}

function requireTags(image: ImageToSave, details: ImageDetails | undefined): void {
  for (const tag of image.tags) {
    if (details?.tags.some((current) => isSameName(current, tag)) !== true)
      throw failure('tagMoved', { tag });
  }
}

/** A classic store answers "empty export - not implemented"; people get to know which image it is. */
async function requireLayers(
  engine: Engine,
  details: readonly ImageDetails[],
  signal: AbortSignal,
): Promise<void> {
  const bare = details.find(({ diffIds }) => diffIds.length === 0);
  if (bare === undefined) return;
  const { imageStore, product } = await engine.info({ signal });
  if (imageStore === 'containerd' || product === 'podman') return;
  throw failure('imageWithoutLayers', { name: bare.tags[0] ?? shortDigest(bare.id) });
}

/** Compares what lies in the file with what the engine says of each image: ID, layers and names. */
function requireSame(
  archive: Archive,
  wanted: readonly ImageToSave[],
  details: readonly ImageDetails[],
): void {
  for (const [index, image] of wanted.entries()) {
    const found = archive.images.filter(({ configDigest, targetDigest, manifestDigest }) =>
      [configDigest, targetDigest, manifestDigest].includes(image.id),
    );
    const diffIds = details[index]?.diffIds ?? [];
    const match = found.find(({ layers }) => isSameStack(layers, diffIds));
    if (match === undefined) {
      const other = found[0]?.layers.map(({ diffId }) => shortDigest(diffId)).join(' ');
      throw failure('verifyMismatch', {
        name: nameOf(image),
        expected: `${shortDigest(image.id)} with ${diffIds.length} layers`,
        found: other === undefined ? 'no such image' : `other layers (${other})`,
      });
    }
    for (const tag of image.tags) {
      if (match.tags.some((saved) => isSameName(saved, tag))) continue;
      throw failure('verifyMismatch', {
        name: nameOf(image),
        expected: `the tag ${tag}`,
        found: 'no such tag',
      });
    }
  }
}

/** Whether layers are exactly those of `diffIds`, in that order. */
function isSameStack(layers: readonly ArchivedLayer[], diffIds: readonly Digest[]): boolean {
  return layers.length === diffIds.length && layers.every(({ diffId }, index) => diffId === diffIds[index]);
}
