import type { ArchiveSource } from '../archive/archive.ts';
import { defaultArchiveLimits } from '../archive/archiveLimits.ts';
import { unwrapped } from '../archive/decompressed.ts';
import { linkTarget, safePath } from '../archive/entryPath.ts';
import { readTar } from '../archive/tarReader.ts';
import { defaultTarLimits } from '../archive/tarScanner.ts';
import { failure } from '../errors.ts';
import type { ReadFile, WantedFile } from '../layers/layeredImage.ts';
import { RangeReader, requireWholeData, verified } from '../layers/readFileData.ts';
import type { Operation } from '../progress.ts';

const limits = { ...defaultTarLimits, maxEntries: defaultArchiveLimits.maxEntries };

/**
 * Files of layers out of one pass over an image archive, which ends as soon as the last of them is whole; `layerPath`
 * says which entry of the archive holds the layer at a place. Links among layers are followed, each at most with one
 * pass more. Each file's bytes fail with `fileChanged` at their end unless they are those that its layer's list states.
 * Reports `reading` with bytes of the archive. Rejects with `archiveMissing` where a layer is not at its path, and with
 * `archiveCyclic` where links lead back to where they came from.
 */
export async function* readArchivedFiles<T extends WantedFile>(
  source: ArchiveSource,
  { files, layerPath }: { readonly files: readonly T[]; readonly layerPath: (place: number) => string },
  operation: Operation,
): AsyncGenerator<ReadFile<T>, void, undefined> {
  const { name } = source;
  for (const { file, path } of files) requireWholeData(file, { path: `/${path}`, name });
  const ahead: Map<string, readonly T[]> = Map.groupBy(files, ({ file }) => layerPath(file.layer.place));
  /** The links that led to a path. */
  const behind = new Map<string, ReadonlySet<string>>();
  let wasMoved = true;
  while (ahead.size > 0 && wasMoved) {
    wasMoved = false;
    for await (const { entry, data } of readTar(plainArchive(source, operation), name, limits)) {
      const path = safePath(entry.path) ?? '';
      const wanted = ahead.get(path);
      if (wanted === undefined) continue;
      if (entry.type === 'file') {
        const { firsts, others } = byPlace(wanted);
        ahead.delete(path);
        if (others.length > 0) ahead.set(path, others);
        wasMoved ||= others.length > 0;
        yield* readFromLayer(unwrapped(data, { name, signal: operation.signal }), firsts, name);
      } else {
        const target = linkTarget(path, entry);
        if (target === undefined || target === path) continue;
        ahead.delete(path);
        const followed = new Set([...(behind.get(path) ?? []), ...(behind.get(target) ?? []), path]);
        if (followed.has(target)) throw failure('archiveCyclic', { name, where: target });
        behind.set(target, followed);
        ahead.set(target, [...(ahead.get(target) ?? []), ...wanted]);
        wasMoved = true;
      }
      if (ahead.size === 0) return;
    }
  }
  const [missing] = ahead.keys();
  if (missing !== undefined) throw failure('archiveMissing', { name, missing, by: name });
}

async function* plainArchive(
  source: ArchiveSource,
  { signal, progress }: Operation,
): AsyncGenerator<Uint8Array, void, undefined> {
  let doneBytes = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of source.open(signal)) {
      signal.throwIfAborted();
      doneBytes += chunk.length;
      progress.report({ phase: 'reading', item: source.name, doneBytes });
      yield chunk;
    }
  };
  yield* unwrapped(counted(), { name: source.name, signal });
}

/** Files in the order of their tar, and further names of the same ones: those take another pass. */
function byPlace<T extends WantedFile>(
  wanted: readonly T[],
): { readonly firsts: readonly T[]; readonly others: readonly T[] } {
  const groups = [...Map.groupBy(wanted, ({ file }) => file.offset)].sort(([one], [other]) => one - other);
  return {
    firsts: groups.flatMap(([, same]) => same.slice(0, 1)),
    others: groups.flatMap(([, same]) => same.slice(1)),
  };
}

async function* readFromLayer<T extends WantedFile>(
  tar: AsyncIterable<Uint8Array>,
  wanted: readonly T[],
  name: string,
): AsyncGenerator<ReadFile<T>, void, undefined> {
  const reader = new RangeReader(tar, 0);
  try {
    for (const one of wanted) {
      const { file, path } = one;
      const changed = (reason: string): Error => failure('fileChanged', { path: `/${path}`, name, reason });
      yield { one, bytes: verified(reader.take(file.offset, file.sizeBytes), file, changed) };
    }
  } finally {
    await reader.close();
  }
}
