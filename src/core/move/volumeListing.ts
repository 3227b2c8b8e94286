import { hash } from 'node:crypto';
import type { Operation } from '../progress.ts';
import type { LayerEntry } from '../vault/layerEntry.ts';
import { entryFacts } from '../volumes/compareEntries.ts';
import { isOfFileSystem } from '../volumes/fillVolume.ts';
import type { OpenVolume } from '../volumes/openVolume.ts';
import { tarEntries } from '../volumes/tarEntries.ts';
import { hasRoots, keyOf, type VolumePair } from './volumePasses.ts';

/** What a volume holds: the sum of each entry (see `sumOf`), by its key (see `keyOf`). */
export type VolumeListing = ReadonlyMap<string, string>;

/** Of all lists of one move: some 500 000 entries. */
const maxListedBytes = 150_000_000;
/** What an entry takes beside its key. */
const bytesPerEntry = 230;

/** Lists a volume that only this move writes to. Undefined where that and `others` would take too much memory. */
export async function listVolume(
  volume: OpenVolume,
  { signal, progress }: Operation,
  {
    others = [],
    maxBytes = maxListedBytes,
  }: { readonly others?: Iterable<VolumeListing>; readonly maxBytes?: number } = {},
): Promise<VolumeListing | undefined> {
  let bytes = 0;
  for (const other of others) for (const key of other.keys()) bytes += key.length + bytesPerEntry;
  progress.report({ phase: 'checking', item: volume.name });
  const listing = new Map<string, string>();
  for await (const entry of tarEntries(await volume.read(signal), volume.name)) {
    const key = entryKey(volume, entry);
    bytes += key.length + bytesPerEntry;
    if (bytes > maxBytes) return undefined;
    listing.set(key, sumOf(volume.root, entry));
  }
  return listing;
}

/** Reads the target and says whether it holds what the list says, entry by entry, and nothing else. */
export async function isAsListed(
  pair: VolumePair,
  expected: VolumeListing,
  { signal, progress }: Operation,
): Promise<boolean> {
  const { target } = pair;
  progress.report({ phase: 'checking', item: target.name });
  let count = 0;
  for await (const entry of tarEntries(await target.read(signal), target.name)) {
    const key = entryKey(target, entry);
    if (!expected.has(key) && (isOfFileSystem(key) || (key === '' && !hasRoots(pair)))) continue;
    if (expected.get(key) !== sumOf(target.root, entry)) return false;
    count += 1;
  }
  return count === expected.size;
}

/** The hash of all that an entry's header says, but for its name. */
export function headOf(root: string, entry: LayerEntry): string {
  return hash('sha256', entryFacts(root, { ...entry, sha256: '' }).facts, 'base64');
}

/** All that makes an entry what it is, but for its name: what `headOf` gives, and the hash of its data. */
export function sumOf(root: string, entry: LayerEntry): string {
  return headOf(root, entry) + (entry.sha256 ?? '');
}

function entryKey({ root }: OpenVolume, { path, rawPath }: LayerEntry): string {
  return keyOf(root, path, rawPath === undefined ? undefined : Buffer.from(rawPath, 'base64'));
}
