import { mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Archive, ArchivedImage, ArchiveSource } from '../archive/archive.ts';
import { checksumPath } from '../archive/checksumFile.ts';
import { compress, leastCompressedShare } from '../archive/compress.ts';
import { fileDigestOf, readArchive } from '../archive/readArchive.ts';
import { readArchiveAt } from '../archive/readArchiveAt.ts';
import { writeWithChecksum } from '../archive/writeWithChecksum.ts';
import { shortDigest, type Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { explainFileError } from '../files/fileErrors.ts';
import { afterWriting } from '../files/growingFile.ts';
import { passingName, sweepLeftovers } from '../files/passingName.ts';
import { requireRoom } from '../files/requireRoom.ts';
import { isSameName } from '../oci/imageName.ts';
import type { Operation } from '../progress.ts';
import { layerKinds, planConversion, type ConversionPlan, type FormChoice } from './convertedForm.ts';
import { convertedBytes, convertedFiles, tarOfFiles } from './convertedFiles.ts';
import { requireAbsent } from '../files/requireAbsent.ts';
import { writeLayout } from './writeLayout.ts';

export interface ConvertInput extends FormChoice {
  /** The archive: a file, or a folder with an OCI layout. */
  readonly path: string;
  /** Where the result goes: a file, or for `oci-layout` a folder that is not there yet or empty. */
  readonly output: string;
  /** Of the whole file; `oci-layout` has none. */
  readonly compression: 'none' | 'gzip' | 'zstd';
  /** Whether a file at `output` may be replaced. A folder never is. */
  readonly replace: boolean;
}

/** An archive that was written, read back and found to hold the same images. */
export interface ConvertedArchive {
  readonly path: string;
  readonly form: FormChoice['form'];
  /** Size and digest of the file; absent for a folder. */
  readonly sizeBytes?: number;
  readonly digest?: Digest;
  readonly checksumPath?: string;
  readonly images: readonly ArchivedImage[];
  /** What index.json says of each image, in their order; absent in a form without one. */
  readonly targets: readonly (Digest | undefined)[];
  /** Images of other platforms, for which the form has no room. */
  readonly leftOut: readonly ArchivedImage[];
  /** Whether layers lie in it packed with zstd, which Docker before 23 can’t read. */
  readonly hasZstdLayers: boolean;
  /** What was odd in the archive that was read. */
  readonly remarks: readonly string[];
}

/**
 * Converts an archive of any form into another one: 1. read it to its end and check all of it, 2. see that there is
 * room, 3. stream its blobs into the new form, 4. read that back: every digest, every diffID, each image under its ID
 * with its names, 5. name it, and put the checksum beside a file. Configs and layers are taken over as they are.
 *
 * Rejects with the archive failures of `core/errors.ts`, `archiveChanged`, `verifyMismatch`, what the disk says, or an
 * AbortError. Nothing is left behind then.
 */
export async function convertArchive(input: ConvertInput, operation: Operation): Promise<ConvertedArchive> {
  const { output, form, compression } = input;
  const isFolder = form === 'oci-layout';
  if (!input.replace || isFolder) await requireAbsent(output, { mayBeEmptyFolder: isFolder });
  if (!input.replace && !isFolder) await requireAbsent(checksumPath(output));
  const { source, archive } = await readArchiveAt(input.path, operation);
  const plan = planConversion(archive.images, input);
  const leastBytes = convertedBytes(plan) * (compression === 'none' || isFolder ? 1 : leastCompressedShare);
  await requireRoom(dirname(output), Math.ceil(leastBytes));
  const written = isFolder
    ? await writeFolder(output, source, archive, plan, operation)
    : await writeFile(input, source, archive, plan, operation);
  return {
    path: output,
    form,
    ...written,
    images: plan.images.map(({ image }) => image),
    targets: plan.images.map(({ target }) => target),
    leftOut: plan.leftOut,
    hasZstdLayers: layerKinds(plan).has('zstd'),
    remarks: archive.remarks.map(({ text }) => text),
  };
}

async function writeFile(
  { output, compression, replace }: ConvertInput,
  source: ArchiveSource,
  archive: Archive,
  plan: ConversionPlan,
  operation: Operation,
): Promise<Pick<ConvertedArchive, 'sizeBytes' | 'digest' | 'checksumPath'>> {
  const { signal, progress } = operation;
  const folder = dirname(output);
  const workFolder = join(folder, passingName());
  await sweepLeftovers(folder);
  await mkdir(workFolder).catch((error: unknown) => {
    throw explainFileError(error, output);
  });
  let checked: Archive | undefined;
  try {
    const tar = tarOfFiles(convertedFiles(source, archive, plan, operation));
    await writeWithChecksum(
      {
        path: output,
        bytes: compress(tar, compression, { signal }),
        replace,
        workFolder,
        check: async (growing) => {
          const back = { name: basename(output), open: (stop: AbortSignal) => growing.open(stop) };
          checked = await readArchive(back, { signal, progress: afterWriting(growing, progress) });
          requireSame(checked, plan);
          return fileDigestOf(checked);
        },
      },
      signal,
    );
  } finally {
    await rm(workFolder, { recursive: true, force: true, maxRetries: 3 });
  }
  if (checked?.fileBytes === undefined)
    throw failure('unexpected', { reason: 'the archive was not read back' });
  return { sizeBytes: checked.fileBytes, digest: fileDigestOf(checked), checksumPath: checksumPath(output) };
}

async function writeFolder(
  output: string,
  source: ArchiveSource,
  archive: Archive,
  plan: ConversionPlan,
  operation: Operation,
): Promise<object> {
  await writeLayout(
    {
      path: output,
      files: convertedFiles(source, archive, plan, operation),
      check: async (written) => {
        requireSame(await readArchive({ ...written, name: basename(output) }, operation), plan);
      },
    },
    operation.signal,
  );
  return {};
}

/** Compares what was read back with what was to be written: each image with its ID, its layers and its names. */
function requireSame({ images }: Archive, plan: ConversionPlan): void {
  for (const { image, target } of plan.images) {
    const name = image.tags[0] ?? shortDigest(image.configDigest);
    const diffIds = image.layers.map(({ diffId }) => diffId).join();
    const found = images.filter(
      (one) =>
        one.configDigest === image.configDigest &&
        (target === undefined || one.targetDigest === target) &&
        one.layers.map(({ diffId }) => diffId).join() === diffIds,
    );
    if (found.length === 0)
      throw failure('verifyMismatch', {
        name,
        expected: `${shortDigest(image.configDigest)} with ${image.layers.length} layers`,
        found: 'no such image',
      });
    const lost = image.tags.find(
      (tag) => !found.some(({ tags }) => tags.some((other) => isSameName(other, tag))),
    );
    if (lost !== undefined)
      throw failure('verifyMismatch', { name, expected: `the tag ${lost}`, found: 'no such tag' });
  }
}
