import type { LayerCompression } from '../oci/mediaTypes.ts';
import { compress } from '../archive/compress.ts';
import { BadFrame } from '../archive/badFrame.ts';
import { decompressed } from '../archive/decompressed.ts';
import { ZstdFrameWalker } from '../archive/zstdFrames.ts';
import { Hasher, shortDigest, type Digest } from '../digest.ts';
import { DrydockError, failure } from '../errors.ts';
import { areSmallMembers, gunzipMembers } from './gzipMembers.ts';
import { readVerified, type BlobReader, type ByteRange, type CancelOptions } from './blobStore.ts';

/** Sizes of one frame (zstd) or member (gzip), as it lies in the blob and as it unpacks. */
export interface Frame {
  readonly storedBytes: number;
  readonly plainBytes: number;
}

/** A layer's blob and what is in each part of it. The frames fill the blob, in order. */
export interface FramedLayer {
  readonly diffId: Digest;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly plainBytes: number;
  readonly compression: LayerCompression;
  readonly frames: readonly Frame[];
}

/** Packs `bytes` in frames, several at once, and tells `onFrame` of each as it is passed on. */
export async function* packFrames(
  bytes: AsyncIterable<Uint8Array>,
  compression: LayerCompression,
  onFrame: (frame: Frame) => void,
  { signal }: CancelOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  if (compression === 'none') {
    // Every byte lies where it is in the tar, so one frame serves any range.
    let sizeBytes = 0;
    for await (const chunk of bytes) {
      signal?.throwIfAborted();
      sizeBytes += chunk.length;
      yield chunk;
    }
    onFrame({ storedBytes: sizeBytes, plainBytes: sizeBytes });
    return;
  }
  // `compress` yields each frame in one piece.
  for await (const packed of compress(bytes, compression, signal && { signal })) {
    onFrame({ storedBytes: packed.length, plainBytes: plainBytesOf(packed, compression) });
    yield packed;
  }
}

/**
 * The bytes `range` of a layer's tar, clipped to its end. Only the frames that cover it are read and unpacked,
 * zstd ones several at once. Rejects with `blobMissing` and `blobDamaged`; a frame's own checksum is what is
 * checked, so bytes that must be right are compared with the file's sha256 as well.
 */
export async function* readRange(
  store: BlobReader,
  layer: FramedLayer,
  range: ByteRange,
  { signal }: CancelOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const end = Math.min(range.end, layer.plainBytes);
  if (end <= range.start) return;
  if (layer.compression === 'none') {
    yield* store.open(layer.digest, { ...(signal && { signal }), range: { start: range.start, end } });
    return;
  }
  const cover = coverOf(layer.frames, { start: range.start, end });
  const cancel = signal && { signal };
  const packed = store.open(layer.digest, { ...cancel, range: cover.stored });
  let at = cover.plain.start;
  for await (const chunk of unpackFrames(store, layer, cover.frames, packed, cancel)) {
    const [from, to] = [Math.max(range.start - at, 0), Math.min(end - at, chunk.length)];
    at += chunk.length;
    if (at > cover.plain.end) break;
    if (to > from) yield chunk.subarray(from, to);
  }
  if (at !== cover.plain.end)
    throw failure('blobDamaged', {
      vault: store.name,
      digest: layer.digest,
      reason: 'its frames unpack to another size than its frame table states',
    });
}

/**
 * The whole tar of a layer. Fails with `blobDamaged` at its end unless the blob had its digest and the tar its
 * diffID.
 */
export async function* readLayer(
  store: BlobReader,
  layer: Omit<FramedLayer, 'frames'> & Partial<Pick<FramedLayer, 'frames'>>,
  { signal }: CancelOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const cancel = signal && { signal };
  const hasher = new Hasher();
  const packed = readVerified(store, layer, cancel);
  for await (const chunk of unpackFrames(store, layer, layer.frames ?? [], packed, cancel)) {
    hasher.update(chunk);
    yield chunk;
  }
  const found = hasher.digest();
  if (found === layer.diffId) return;
  throw failure('blobDamaged', {
    vault: store.name,
    digest: layer.digest,
    reason: `it unpacks to ${shortDigest(found)} where ${shortDigest(layer.diffId)} was stored`,
  });
}

/** Unpacks `packed`, which is exactly `frames`; gzip does not tell where its members end, so only the table lets several be unpacked at once. */
async function* unpackFrames(
  store: BlobReader,
  layer: Pick<FramedLayer, 'digest' | 'compression'>,
  frames: readonly Frame[],
  packed: AsyncIterable<Uint8Array>,
  cancel: CancelOptions | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (layer.compression !== 'gzip' || !areSmallMembers(frames)) {
    yield* unpack(store, layer, packed, cancel);
    return;
  }
  try {
    yield* gunzipMembers(packed, frames, cancel);
  } catch (error) {
    if (!(error instanceof BadFrame)) throw error;
    throw failure('blobDamaged', { vault: store.name, digest: layer.digest, reason: error.message }, error);
  }
}

/** Unpacks, and words what is wrong with packed bytes as damage of the blob. */
export async function* unpack(
  store: BlobReader,
  { digest, compression }: Pick<FramedLayer, 'digest' | 'compression'>,
  packed: AsyncIterable<Uint8Array>,
  cancel: CancelOptions | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* decompressed(packed, compression, { name: shortDigest(digest), ...cancel });
  } catch (error) {
    const isDamage = error instanceof DrydockError && error.code.startsWith('archive');
    if (!isDamage) throw error;
    throw failure('blobDamaged', { vault: store.name, digest, reason: error.message }, error);
  }
}

/** The frames that hold a range that is not empty: where they lie in the blob, and where in the tar. */
function coverOf(
  frames: readonly Frame[],
  range: ByteRange,
): { readonly stored: ByteRange; readonly plain: ByteRange; readonly frames: readonly Frame[] } {
  const covering: Frame[] = [];
  let [storedAt, plainAt] = [0, 0];
  let start: { readonly stored: number; readonly plain: number } | undefined;
  for (const { storedBytes, plainBytes } of frames) {
    if (plainAt >= range.end) break;
    if (start === undefined && plainAt + plainBytes > range.start)
      start = { stored: storedAt, plain: plainAt };
    if (start !== undefined) covering.push({ storedBytes, plainBytes });
    storedAt += storedBytes;
    plainAt += plainBytes;
  }
  return {
    stored: { start: start?.stored ?? storedAt, end: storedAt },
    plain: { start: start?.plain ?? plainAt, end: plainAt },
    frames: covering,
  };
}

/** What a frame says it unpacks to. Throws when it is not exactly one frame: the table would be wrong. */
function plainBytesOf(packed: Uint8Array, compression: 'zstd' | 'gzip'): number {
  if (compression === 'gzip') {
    // The last field of a member, ISIZE. Source: RFC 1952, section 2.3.1.
    return Buffer.from(packed.buffer, packed.byteOffset, packed.length).readUInt32LE(packed.length - 4);
  }
  const walker = new ZstdFrameWalker();
  const sizes = [...walker.push(packed)].flatMap((event) =>
    event.kind === 'frame' ? [event.frame.contentBytes] : [],
  );
  const [size] = sizes;
  if (size === undefined || sizes.length !== 1 || !walker.isBetweenFrames)
    throw failure('unexpected', { reason: 'a piece that was packed is not one frame' });
  return size;
}
