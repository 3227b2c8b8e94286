import type { Archive, ArchiveSource } from '../archive/archive.ts';
import { storedBlobs } from '../archive/storedBlobs.ts';
import { tarEnd, tarFile, tarHeader, tarPadding, tarredBytes } from '../archive/tarWriter.ts';
import type { Operation } from '../progress.ts';
import type { ConversionPlan, PlannedFile } from './convertedForm.ts';

/** A file on its way; `data` of a blob is read to its end before the next one is asked for. */
export type PassingFile =
  | PlannedFile
  | { readonly path: string; readonly sizeBytes: number; readonly data: AsyncIterable<Uint8Array> };

/**
 * The files of a conversion's result, blobs out of a second pass over the source: whatever differs from the first is
 * `archiveChanged`. Reports the phase `writing`.
 */
export async function* convertedFiles(
  source: ArchiveSource,
  archive: Archive,
  plan: ConversionPlan,
  { signal, progress }: Operation,
): AsyncGenerator<PassingFile, void, undefined> {
  const totalBytes = convertedBytes(plan);
  let doneBytes = 0;
  const counted = async function* (
    data: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of data) {
      signal.throwIfAborted();
      doneBytes += chunk.length;
      yield chunk;
      progress.report({ phase: 'writing', item: archive.name, doneBytes, totalBytes });
    }
  };
  yield* plan.before;
  for await (const { digest, sizeBytes, data } of storedBlobs(source, archive, plan.shipments, signal))
    yield { path: plan.pathOf(digest), sizeBytes, data: counted(data) };
  yield* plan.after;
}

/** How many bytes the result's files take before they are compressed. */
export function convertedBytes(plan: ConversionPlan): number {
  const small = [...plan.before, ...plan.after].map((file) =>
    'bytes' in file ? tarredBytes(file.path, Buffer.byteLength(file.bytes)) : tarredBytes(file.path, 0),
  );
  const blobs = [...plan.shipments.values()].map(({ digest, sizeBytes }) =>
    tarredBytes(plan.pathOf(digest), sizeBytes),
  );
  return [...small, ...blobs].reduce((sum, bytes) => sum + bytes, tarEnd.length);
}

/** The files as a tar. */
export async function* tarOfFiles(
  files: AsyncIterable<PassingFile>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const file of files) {
    if ('bytes' in file) yield tarFile(file.path, file.bytes);
    else if ('data' in file) {
      yield tarHeader({ path: file.path, sizeBytes: file.sizeBytes });
      yield* file.data;
      yield tarPadding(file.sizeBytes);
    } else if ('linkPath' in file)
      yield tarHeader({ path: file.path, type: 'symlink', linkPath: file.linkPath });
    else yield tarHeader({ path: file.path, type: 'directory' });
  }
  yield tarEnd;
}
