import type { Readable } from 'node:stream';
import { TarScanner } from '../archive/tarScanner.ts';
import { tarEnd, tarPadding } from '../archive/tarWriter.ts';
import { hash } from 'node:crypto';
import type { Operation } from '../progress.ts';
import type { LayerEntry } from '../vault/layerEntry.ts';
import { entryFacts } from '../volumes/compareEntries.ts';
import { EntryGuard } from '../volumes/entryGuard.ts';
import type { OpenVolume } from '../volumes/openVolume.ts';
import { headersOf } from '../volumes/renamedTar.ts';
import { tarEntries } from '../volumes/tarEntries.ts';
import { parentOf, removePath, type VolumePair } from './volumePasses.ts';

/** What a volume holds: the hash of all that makes each entry what it is, by its key (see `entryFacts`). */
export type VolumeListing = ReadonlyMap<string, string>;

/** Each changed path is asked for by itself; beyond so many one more reading of the whole is quicker. */
const maxChanges = 500;
const maxRemovals = 50;
/** Some 200 bytes each. */
const maxListed = 500_000;

/** Lists a volume that only this move writes to. Undefined where that would take too much memory. */
export async function listVolume(
  volume: OpenVolume,
  { signal, progress }: Operation,
): Promise<VolumeListing | undefined> {
  progress.report({ phase: 'checking', item: volume.name });
  const listing = new Map<string, string>();
  for await (const entry of tarEntries(await volume.read(signal), volume.name)) {
    const { key, facts } = entryFacts(volume.root, entry);
    listing.set(key, hash('sha256', facts, 'base64'));
    if (listing.size > maxListed) return undefined;
  }
  return listing;
}

/**
 * The last pass where little changed since the target was listed: the source is read once, with the hash of all data,
 * and what differs from the list is asked for, sent, and read back path by path. Resolves with the number of entries,
 * or with undefined where this way is not sure to be right or not quicker: much that changed, hard links among it,
 * names that are no UTF-8, engines that give no single paths, or something that reads back otherwise. Then
 * `finishVolume` sees to it, whatever was sent until then.
 */
export async function quickPass(
  { source, target }: VolumePair,
  listing: VolumeListing,
  operation: Operation,
): Promise<number | undefined> {
  const { signal, progress } = operation;
  if (source.readPath === undefined || target.readPath === undefined || source.root !== target.root)
    return undefined;
  progress.report({ phase: 'checking', item: source.name });
  const guard = new EntryGuard(source.name, source.root);
  const folders = new Map<string, LayerEntry>();
  const changed = new Map<string, LayerEntry>();
  const linked = new Set<string>();
  // What a file system of the target's own has by itself is none of this.
  const missing = new Set([...listing.keys()].filter((key) => !/^lost\+found(\/|$)/.test(key)));
  let entries = 0;
  for await (const entry of tarEntries(await source.read(signal), source.name)) {
    const { path, type, link = '', rawPath, rawLink } = entry;
    if (rawPath !== undefined || rawLink !== undefined) return undefined;
    guard.check({ path, type, link });
    entries += 1;
    const { key, facts } = entryFacts(source.root, entry);
    missing.delete(key);
    if (type === 'directory') folders.set(key, entry);
    if (type === 'hardlink') linked.add(entryFacts(source.root, { ...entry, path: link }).key);
    if (listing.get(key) !== hash('sha256', facts, 'base64')) changed.set(key, entry);
    if (changed.size > maxChanges) return undefined;
  }
  const isPlain = ([key, { type }]: [string, LayerEntry]): boolean =>
    type === 'directory' || (type === 'file' && !linked.has(key));
  if (missing.size > maxRemovals || ![...changed].every(isPlain)) return undefined;
  if (changed.size + missing.size === 0) return entries;
  for (const key of missing) {
    if (key.startsWith('\0')) return undefined;
    if (!missing.has(parentOf(key))) await removePath(target, Buffer.from(key).toString('latin1'), signal);
  }
  // A write changes the times of the folder that it is in.
  const wanted = new Map(changed);
  for (const key of [...changed.keys(), ...missing]) {
    const folder = key === '' ? undefined : folders.get(parentOf(key));
    if (folder !== undefined) wanted.set(parentOf(key), folder);
  }
  const inOrder = [...wanted].sort(([a], [b]) => (a < b ? -1 : 1));
  await target.write(chosenPaths({ source, target }, inOrder, operation), signal);
  for (const [key, entry] of inOrder) {
    const found = await entryAt(target, key, entry.type, signal);
    if (found === undefined) return undefined;
    if (entryFacts('', { ...found, path: 'x' }).facts !== entryFacts('', { ...entry, path: 'x' }).facts)
      return undefined;
  }
  return entries;
}

/** Folders by what is known of them, files as they are read one by one. */
async function* chosenPaths(
  { source, target }: VolumePair,
  wanted: readonly (readonly [string, LayerEntry])[],
  { signal, progress }: Operation,
): AsyncGenerator<Uint8Array, void, undefined> {
  const renaming = { from: source.root, to: target.root };
  let doneBytes = 0;
  for (const [key, { type }] of wanted) {
    const scanner = new TarScanner(source.name);
    const bytes = await openPath(source, key, signal);
    try {
      reading: for await (const chunk of bytes) {
        for (const event of scanner.push(chunk as Uint8Array)) {
          if (event.kind === 'entry') {
            const path =
              type === 'directory' ? `${source.root}${key}${key === '' ? '' : '/'}` : source.root + key;
            yield headersOf({ ...event.entry, path }, renaming, source.name);
            // What is in the folder is none of this.
            if (type === 'directory') break reading;
          } else if (event.kind === 'data') yield event.bytes;
          else yield tarPadding(event.entry.sizeBytes);
        }
        doneBytes += (chunk as Uint8Array).length;
        progress.report({ phase: 'sending', item: source.name, doneBytes });
      }
      if (type !== 'directory') scanner.finish();
    } finally {
      bytes.destroy();
    }
  }
  yield tarEnd;
}

/** The entry of one path as it is there; of a folder the first that comes. */
async function entryAt(
  volume: OpenVolume,
  key: string,
  type: LayerEntry['type'],
  signal: AbortSignal,
): Promise<LayerEntry | undefined> {
  const bytes = await openPath(volume, key, signal);
  let found: LayerEntry | undefined;
  try {
    for await (const entry of tarEntries(bytes, volume.name)) {
      found ??= entry;
      if (type === 'directory') break;
    }
  } finally {
    bytes.destroy();
  }
  return found;
}

function openPath(volume: OpenVolume, key: string, signal: AbortSignal): Promise<Readable> {
  return key === '' || volume.readPath === undefined ? volume.read(signal) : volume.readPath(key, signal);
}
