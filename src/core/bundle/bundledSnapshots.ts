import { blobPath } from '../archive/archiveContents.ts';
import { shortDigest, type Digest } from '../digest.ts';
import { DrydockError, failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { blobsOfSnapshot } from '../snapshot/blobsOfSnapshot.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { snapshotOf } from '../snapshot/snapshotAnnotations.ts';
import type { BlobReader } from '../vault/blobStore.ts';
import { sealState } from '../vault/entrySeal.ts';
import { parseSnapshotIndex } from '../vault/snapshotIndex.ts';
import type { Bundle } from './readBundle.ts';

/** The snapshots that a bundle lists, as their vault listed them. Throws `archiveMissing`, `badJson`, `entryChanged`. */
export function bundledSnapshots({ name, contents, document }: Bundle): readonly Snapshot[] {
  const where = `index.json in ${name}`;
  const { entries } = parseSnapshotIndex(contents.documentOf(contents.require('index.json', name)), where);
  const found: Snapshot[] = [];
  for (const entry of entries) {
    const snapshot = snapshotOf(entry);
    if (snapshot === undefined) continue;
    if (snapshot.unreadable !== undefined || sealState(entry) === 'broken')
      throw failure('entryChanged', { vault: name, name: snapshot.refName });
    found.push(snapshot);
  }
  const lost = document.items.find(({ id }) => !found.some((snapshot) => snapshot.id === id));
  if (lost !== undefined) throw failure('archiveMissing', { name, missing: lost.name, by: where });
  return found;
}

/** Blobs of a bundle and, behind them, those of a vault. Data is only asked for its size. */
export function bundleReader({ name, contents }: Bundle, behind?: BlobReader): BlobReader {
  const held = (digest: Digest) => contents.find(blobPath(digest));
  return {
    name,
    stat: async (digest) => {
      const file = held(digest);
      return file ? { digest, sizeBytes: file.sizeBytes, storedMs: 0 } : behind?.stat(digest);
    },
    async *open(digest, options) {
      const file = held(digest);
      if (file !== undefined) yield contents.documentOf(file);
      else if (behind !== undefined) yield* behind.open(digest, options);
      else throw failure('blobMissing', { vault: name, digest });
    },
    async *list(options) {
      for (const digest of contents.blobDigests()) {
        const file = held(digest);
        if (file) yield { digest, sizeBytes: file.sizeBytes };
      }
      if (behind !== undefined) yield* behind.list(options);
    },
  };
}

/**
 * Walks all that a snapshot in a bundle reaches, in it or among what was meant to stay behind: documents always travel.
 * Rejects with `verifyMismatch` for what is in neither.
 */
export async function requireSnapshotWhole(
  bundle: Bundle,
  { id, sizeBytes, refName }: Snapshot,
  staysBehind: ReadonlySet<Digest>,
  { signal }: Operation,
): Promise<void> {
  const sizes = new Map(bundle.document.leftOut.map((blob) => [blob.digest, blob.sizeBytes]));
  const inner = bundleReader(bundle);
  const reader: BlobReader = {
    ...inner,
    stat: async (digest) => {
      const [found, size] = [await inner.stat(digest), sizes.get(digest)];
      if (found !== undefined || size === undefined || !staysBehind.has(digest)) return found;
      return { digest, sizeBytes: size, storedMs: 0 };
    },
  };
  await blobsOfSnapshot(reader, { digest: id, sizeBytes }, { signal }).catch((error: unknown) => {
    if (!(error instanceof DrydockError) || error.code !== 'blobMissing') throw error;
    const expected = `the blob ${shortDigest(String(error.details['digest']))}`;
    throw failure('verifyMismatch', { name: refName, expected, found: 'nothing' }, error);
  });
}
