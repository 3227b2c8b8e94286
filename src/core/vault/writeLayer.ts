import { ByteChannel } from '../archive/byteChannel.ts';
import { compress } from '../archive/compress.ts';
import { decompressed } from '../archive/decompressed.ts';
import { Hasher } from '../digest.ts';
import { failure } from '../errors.ts';
import type { LayerCompression } from '../oci/mediaTypes.ts';
import { putDocument, type BlobWriter, type CancelOptions, type StoredBlob } from './blobStore.ts';
import { packFrames, type Frame } from './frames.ts';
import { layerIndexBytes, type LayerIndex } from './layerIndex.ts';
import { LayerScan, type ScanInput } from './layerScan.ts';

export interface LayerInput extends ScanInput {
  readonly compression: LayerCompression;
  /** Whether it is read back and unpacked to its diffID while it is stored, before its blob has a name. */
  readonly isReadBack?: boolean;
}

/** A layer that is stored, and its index. */
export interface WrittenLayer {
  readonly index: LayerIndex;
  /** The frame table's blob, by which the index is found again. */
  readonly table: StoredBlob;
}

/**
 * Stores a layer and its index in one pass over the tar: 1. scan, hash each file and the whole, 2. pack in frames
 * and store them, 3. at the same time pack and store a line for each entry, 4. store the frame table.
 *
 * The tar must be whole, to its two zero blocks. Rejects with what `bytes` threw, the `archive…` failures of a bad
 * tar, `blobMismatch` for another diffID, `blobDamaged` when it is read back as something else, what the store throws,
 * or an AbortError; the layer is not stored then. A list of entries may be, which nothing reaches.
 */
export async function writeLayer(
  store: BlobWriter,
  input: LayerInput,
  { signal }: CancelOptions = {},
): Promise<WrittenLayer> {
  const { compression, isReadBack = false } = input;
  const listCompression = compression === 'none' ? 'zstd' : compression;
  const failed = new AbortController();
  const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const cancel = { signal: stop };
  const lines = new ByteChannel();
  const frames: Frame[] = [];
  const scan = new LayerScan(input, lines);
  const failBoth = (error: unknown): never => {
    failed.abort(error);
    lines.end();
    throw error;
  };
  const readBack = async (stored: AsyncIterable<Uint8Array>): Promise<void> => {
    const again = new Hasher();
    for await (const chunk of decompressed(stored, compression, { name: input.name, ...cancel }))
      again.update(chunk);
    // All has been scanned by now: what is stored ends after the tar has.
    if (again.digest() !== scan.diffId)
      throw failure('unexpected', { reason: `${input.name} does not unpack to what was packed` });
  };
  const storing = [
    store.put(
      packFrames(scan.follow(stop), compression, (frame) => frames.push(frame), cancel),
      { ...cancel, ...(isReadBack && { readBack }) },
    ),
    store.put(compress(lines, listCompression, cancel), cancel),
  ] as const;
  // The first failure stops the other, and is the one that is told.
  const results = await Promise.allSettled(storing.map((put) => put.catch(failBoth)));
  signal?.throwIfAborted();
  failed.signal.throwIfAborted();
  const [layer, entries] = results.map((result) =>
    result.status === 'fulfilled' ? result.value : undefined,
  );
  if (layer === undefined || entries === undefined || scan.diffId === undefined)
    throw failure('unexpected', { reason: 'a layer was stored without an end' });
  const index: LayerIndex = {
    digest: layer.digest,
    sizeBytes: layer.sizeBytes,
    diffId: scan.diffId,
    plainBytes: scan.plainBytes,
    compression,
    frames,
    entryCount: scan.entryCount,
    entries: { digest: entries.digest, sizeBytes: entries.sizeBytes, compression: listCompression },
  };
  return { index, table: await putDocument(store, layerIndexBytes(index), signal && { signal }) };
}
