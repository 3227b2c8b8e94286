import { blockBytes, isZero } from '../archive/tarHeader.ts';
import { tarEnd } from '../archive/tarWriter.ts';
import { failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { SnapshotVolume } from '../snapshot/snapshot.ts';
import type { BlobReader, CancelOptions } from '../vault/blobStore.ts';
import { readLayer } from '../vault/frames.ts';
import type { LayerEntry } from '../vault/layerEntry.ts';
import { layerEntries } from '../vault/layerIndex.ts';
import { entryDifferences } from './compareEntries.ts';
import { EntryGuard } from './entryGuard.ts';
import { tarEntries } from './tarEntries.ts';

/** What a volume's entries are in its snapshot, out of its layer indexes. */
export async function* volumeEntries(
  store: BlobReader,
  { parts }: SnapshotVolume,
  { signal }: CancelOptions = {},
): AsyncGenerator<LayerEntry, void, undefined> {
  for (const { index } of parts) yield* layerEntries(store, index, signal && { signal });
}

/**
 * Reads all parts of a volume before any of it is sent: every blob has its digest, every tar its diffID, its entries
 * are those of its index, as many as its document says, and none leads out of the volume. Rejects with
 * `blobMissing`, `blobDamaged`, `volumeDataWrong`, `archiveUnsafePath`.
 */
export async function checkVolumeParts(
  store: BlobReader,
  volume: SnapshotVolume,
  { signal, progress }: Operation,
): Promise<void> {
  const { name, root, entryCount } = volume.document;
  const wrong = (reason: string): Error => failure('volumeDataWrong', { name, reason });
  const totalBytes = plainBytesOf(volume);
  const seen = { bytes: 0, entries: 0 };
  const guard = new EntryGuard(name, root);
  async function* counted(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of bytes) {
      seen.bytes += chunk.length;
      progress.report({ phase: 'checking', item: name, doneBytes: seen.bytes, totalBytes });
      yield chunk;
    }
  }
  async function* safe(entries: AsyncIterable<LayerEntry>): AsyncGenerator<LayerEntry, void, undefined> {
    for await (const entry of entries) {
      seen.entries += 1;
      const { path, type, link = '', rawPath, rawLink } = entry;
      guard.check({
        ...{ path, type, link },
        pathBytes: rawPath === undefined ? undefined : Buffer.from(rawPath, 'base64'),
        linkBytes: rawLink === undefined ? undefined : Buffer.from(rawLink, 'base64'),
      });
      if (type === 'other') throw wrong(`${path} is of an unknown kind`);
      yield entry;
    }
  }
  for (const { index } of volume.parts) {
    const bytes = counted(readLayer(store, index, { signal }));
    const found = { root, entries: safe(tarEntries(bytes, name)) };
    const expected = { root, entries: layerEntries(store, index, { signal }) };
    for await (const { path, kind } of entryDifferences(expected, found))
      throw wrong(`${path} is not as in its index (${kind})`);
  }
  if (seen.entries !== entryCount) throw wrong(`${seen.entries} entries of ${entryCount}`);
}

/** All parts as one tar. To be checked before: bytes are gone by the time a damage at its end is found. */
export async function* joinedParts(
  store: BlobReader,
  volume: SnapshotVolume,
  { signal, progress }: Operation,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { name } = volume.document;
  const totalBytes = plainBytesOf(volume);
  let doneBytes = 0;
  for (const { index } of volume.parts) {
    let left = index.plainBytes - 2 * blockBytes;
    for await (const chunk of readLayer(store, index, { signal })) {
      const bytes = chunk.subarray(0, left);
      left -= bytes.length;
      if (!isZero(chunk.subarray(bytes.length)))
        throw failure('volumeDataWrong', { name, reason: 'a part has no end where it should' });
      if (bytes.length > 0) yield bytes;
      doneBytes += chunk.length;
      progress.report({ phase: 'sending', item: name, doneBytes, totalBytes });
    }
  }
  yield tarEnd;
}

/** How large {@link joinedParts} is; a volume without an entry is not sent at all. */
export function joinedBytesOf(volume: SnapshotVolume): number {
  if (volume.document.entryCount === 0) return 0;
  return plainBytesOf(volume) - tarEnd.length * (volume.parts.length - 1);
}

function plainBytesOf({ parts }: SnapshotVolume): number {
  return parts.reduce((sum, { index }) => sum + index.plainBytes, 0);
}
