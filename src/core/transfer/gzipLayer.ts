import { compress } from '../archive/compress.ts';
import { Hasher } from '../digest.ts';
import type { Operation } from '../progress.ts';
import type { BlobSource } from '../registry/remoteRepository.ts';
import type { SnapshotLayer } from '../snapshot/snapshot.ts';
import type { BlobReader, CancelOptions } from '../vault/blobStore.ts';
import { readLayer } from '../vault/frames.ts';

/**
 * A layer packed as gzip, whatever it is in the vault. It is packed once to know its digest, and once more when it is
 * sent: most often the registry has it already, and nothing has to lie on a disk meanwhile. Packing the same bytes
 * again gives the same bytes. Rejects with `blobMissing`, `blobDamaged`.
 */
export async function gzipLayer(
  store: BlobReader,
  { index }: SnapshotLayer,
  { signal, progress, item }: Operation & { readonly item: string },
): Promise<BlobSource> {
  const packed = (cancel: CancelOptions): AsyncGenerator<Uint8Array, void, undefined> =>
    compress(readLayer(store, index, cancel), 'gzip', cancel);
  const hasher = new Hasher();
  for await (const piece of packed({ signal })) {
    hasher.update(piece);
    progress.report({ phase: 'preparing', item });
  }
  const { sizeBytes } = hasher;
  return {
    digest: hasher.digest(),
    sizeBytes,
    open: (start, cancel) => from(packed(cancel), start),
  };
}

async function* from(
  bytes: AsyncIterable<Uint8Array>,
  start: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let skipBytes = start;
  for await (const piece of bytes) {
    const skipped = Math.min(skipBytes, piece.length);
    skipBytes -= skipped;
    if (skipped < piece.length) yield piece.subarray(skipped);
  }
}
