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

/** Some 250 bytes each. */
const maxListed = 500_000;

/** Lists a volume that only this move writes to. Undefined where that would take too much memory. */
export async function listVolume(
  volume: OpenVolume,
  { signal, progress }: Operation,
): Promise<VolumeListing | undefined> {
  progress.report({ phase: 'checking', item: volume.name });
  const listing = new Map<string, string>();
  for await (const entry of tarEntries(await volume.read(signal), volume.name)) {
    listing.set(entryKey(volume, entry), sumOf(volume.root, entry));
    if (listing.size > maxListed) return undefined;
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
