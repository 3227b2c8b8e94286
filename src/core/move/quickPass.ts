import type { Readable } from 'node:stream';
import { TarScanner } from '../archive/tarScanner.ts';
import { tarEnd, tarPadding } from '../archive/tarWriter.ts';
import { DrydockError } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { OpenVolume } from '../volumes/openVolume.ts';
import { tarEntries } from '../volumes/tarEntries.ts';
import { SourceChanges } from './sourceChanges.ts';
import { isAsListed, sumOf, type VolumeListing } from './volumeListing.ts';
import { removePath, type VolumePair } from './volumePasses.ts';

/**
 * The last pass where the target was listed: the source is read once, with the hash of all data, and what is not as
 * listed goes to the target while it is read. What was sent is read back: path by path where that is little, else with
 * all of the target. Resolves with the number of entries, or with undefined where this way is not sure to be right:
 * many removals, hard links to a file that is another one under the same header, something that reads back otherwise.
 * Then `finishVolume` sees to it, whatever was sent until then.
 */
export async function quickPass(
  pair: VolumePair,
  listing: VolumeListing,
  operation: Operation,
): Promise<number | undefined> {
  const { target } = pair;
  const { signal } = operation;
  const changes = new SourceChanges(pair, listing);
  await writeUnlessEmpty(target, changes.send(operation), signal);
  const { gone, late } = changes;
  if (gone === undefined || !changes.canSendLate) return undefined;
  for (const key of gone) await removePath(target, key, signal);
  if (gone.length + late.size > 0)
    await writeUnlessEmpty(target, afterwards(pair, changes, gone, operation), signal);
  const { entries, expected, sent } = changes;
  if (sent.size === 0 && gone.length === 0) return entries;
  // What is to be gone is expected nowhere: a removal that was refused left it there.
  const isSame = changes.canAskPaths(gone)
    ? await areAsListed(target, [...sent, ...gone], expected, signal)
    : await isAsListed(pair, expected, operation);
  return isSame ? entries : undefined;
}

/** A tar without an entry is nothing that every engine takes. */
async function writeUnlessEmpty(
  target: OpenVolume,
  tar: AsyncGenerator<Uint8Array, void, undefined>,
  signal: AbortSignal,
): Promise<void> {
  const first = await tar.next();
  if (first.done === true) return;
  const { value } = first;
  await target.write(
    (async function* () {
      yield value;
      yield* tar;
    })(),
    signal,
  );
}

/** What was too late to be sent while it was read, and the folders that changed with it or with a removal. */
async function* afterwards(
  { source }: VolumePair,
  changes: SourceChanges,
  gone: readonly string[],
  { signal, progress }: Operation,
): AsyncGenerator<Uint8Array, void, undefined> {
  let doneBytes = 0;
  for (const [key, entry] of changes.late) {
    const scanner = new TarScanner(source.name);
    const bytes = await openPath(source, key, signal);
    try {
      for await (const chunk of bytes) {
        for (const event of scanner.push(chunk as Uint8Array)) {
          if (event.kind === 'entry') yield changes.headersOf({ ...event.entry, path: entry.path });
          else yield event.kind === 'data' ? event.bytes : tarPadding(event.entry.sizeBytes);
        }
        doneBytes += (chunk as Uint8Array).length;
        progress.report({ phase: 'sending', item: source.name, doneBytes });
      }
      scanner.finish();
    } finally {
      bytes.destroy();
    }
    changes.sent.add(key);
  }
  yield* changes.foldersOf([...changes.late.keys(), ...gone]);
  yield tarEnd;
}

/** Whether paths of the target are as they are to be, one by one. */
async function areAsListed(
  target: OpenVolume,
  keys: Iterable<string>,
  expected: VolumeListing,
  signal: AbortSignal,
): Promise<boolean> {
  for (const key of keys) if ((await sumAt(target, key, signal)) !== expected.get(key)) return false;
  return true;
}

/** The sum of what a path is now; undefined where there is nothing. */
async function sumAt(target: OpenVolume, key: string, signal: AbortSignal): Promise<string | undefined> {
  let bytes: Readable;
  try {
    bytes = await openPath(target, key, signal);
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'engineNotFound') return undefined;
    throw error;
  }
  try {
    // Of a folder the first entry alone is wanted.
    for await (const entry of tarEntries(bytes, target.name)) return sumOf('', { ...entry, path: 'x' });
    return undefined;
  } finally {
    bytes.destroy();
  }
}

/** The root is not asked for by a path. */
async function openPath(volume: OpenVolume, key: string, signal: AbortSignal): Promise<Readable> {
  if (key === '' || volume.readPath === undefined) return await volume.read(signal);
  return await volume.readPath(Buffer.from(key, 'latin1').toString(), signal);
}
