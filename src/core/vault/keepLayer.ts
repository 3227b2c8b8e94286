import { ByteChannel } from '../archive/byteChannel.ts';
import { compress } from '../archive/compress.ts';
import { decompressed } from '../archive/decompressed.ts';
import type { Digest } from '../digest.ts';
import { DrydockError, failure } from '../errors.ts';
import type { LayerCompression } from '../oci/mediaTypes.ts';
import { toItsEnd } from '../toItsEnd.ts';
import { putDocument, type BlobWriter, type CancelOptions, type StoredBlob } from './blobStore.ts';
import { layerIndexBytes, type LayerIndex } from './layerIndex.ts';
import { LayerScan } from './layerScan.ts';
import type { WrittenLayer } from './writeLayer.ts';

export interface PackedLayer {
  /** The layer as it is to be stored. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** What failures call it. */
  readonly name: string;
  /** How it is packed. */
  readonly compression: LayerCompression;
  readonly expectedDigest: Digest;
  /** How its list of entries is packed. */
  readonly listCompression: 'zstd' | 'gzip';
}

/** A blob that was stored as it came. */
export interface KeptBlob extends StoredBlob {
  /** Its index, where it unpacks to a whole tar. */
  readonly layer?: WrittenLayer;
  /** Why it has none. */
  readonly failure?: DrydockError;
}

/**
 * Stores a blob byte for byte as it comes, since its digest has to stay, and makes a layer's index in the same pass
 * if it unpacks to a tar: what it is may be known only later. It counts as one frame, since a packed stream can't be
 * entered in its middle.
 *
 * Rejects with what `bytes` threw, `blobMismatch`, what the store throws, or an AbortError.
 */
export async function keepLayer(
  store: BlobWriter,
  { bytes, name, compression, expectedDigest, listCompression }: PackedLayer,
  { signal }: CancelOptions = {},
): Promise<KeptBlob> {
  const failed = new AbortController();
  const noTar = new AbortController();
  const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const packed = new ByteChannel();
  const lines = new ByteChannel();
  const twice = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of bytes) {
      await packed.write(chunk);
      yield chunk;
    }
    packed.end();
  };
  const unpacked = decompressed(packed, compression, { name, signal: stop });
  const scan = new LayerScan({ bytes: unpacked, name }, lines);
  let refusal: DrydockError | undefined;
  const scanned = async (): Promise<void> => {
    try {
      await toItsEnd(scan.follow(stop));
    } catch (error) {
      if (!(error instanceof DrydockError) || !error.code.startsWith('archive')) throw error;
      refusal = error;
      noTar.abort(error);
      lines.end();
    }
  };
  const stopLines = AbortSignal.any([stop, noTar.signal]);
  const putLines = async (): Promise<StoredBlob | undefined> => {
    try {
      return await store.put(compress(lines, listCompression, { signal: stopLines }), { signal: stopLines });
    } catch (error) {
      if (refusal === undefined) throw error;
      return undefined;
    }
  };
  const failAll = (error: unknown): never => {
    failed.abort(error);
    packed.end();
    lines.end();
    throw error;
  };
  const work = [
    store.put(twice(), { expectedDigest, signal: stop, readBack: toItsEnd }),
    putLines(),
    scanned(),
  ] as const;
  // The first failure stops the others, and is the one that is told.
  await Promise.allSettled(work.map((one: Promise<unknown>) => one.catch(failAll)));
  signal?.throwIfAborted();
  failed.signal.throwIfAborted();
  const [{ digest, sizeBytes }, entries] = [await work[0], await work[1]];
  if (refusal !== undefined) return { digest, sizeBytes, failure: refusal };
  if (scan.diffId === undefined || entries === undefined)
    throw failure('unexpected', { reason: 'a layer was stored without an end' });
  const index: LayerIndex = {
    digest,
    sizeBytes,
    diffId: scan.diffId,
    plainBytes: scan.plainBytes,
    compression,
    frames: [{ storedBytes: sizeBytes, plainBytes: scan.plainBytes }],
    entryCount: scan.entryCount,
    entries: { digest: entries.digest, sizeBytes: entries.sizeBytes, compression: listCompression },
  };
  const table = await putDocument(store, layerIndexBytes(index), signal && { signal });
  return { digest, sizeBytes, layer: { index, table } };
}
