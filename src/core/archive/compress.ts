import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { constants, gzip, zstdCompress } from 'node:zlib';

export interface CompressOptions {
  readonly signal?: AbortSignal;
  /** Pieces packed at once; as many as the machine has processors, at most the thread pool's four. */
  readonly threads?: number;
}

/** The least share of the plain size that compressed images take: below it there is certainly no room. */
export const leastCompressedShare = 0.2;

const pieceBytes = 4 << 20;
/** Room for a piece that does not shrink, so that each takes one trip to the thread pool and not hundreds. */
const outputBytes = pieceBytes + (pieceBytes >> 6);
const packZstd = promisify<
  Uint8Array,
  { params: Record<number, number>; pledgedSrcSize: number; chunkSize: number },
  Buffer
>(zstdCompress);
const packGzip = promisify<Uint8Array, { level: number; chunkSize: number }, Buffer>(gzip);

/**
 * Packs `bytes` as frames (zstd) or members (gzip) of 4 MiB of input each, several at once on the thread pool, and
 * yields them in order. Any decoder of the format reads the whole; memory is a few pieces. Frames state their size
 * and carry a checksum, so that `decompressed` can unpack them in parallel too.
 */
export async function* compress(
  bytes: AsyncIterable<Uint8Array>,
  kind: 'gzip' | 'zstd' | 'none',
  { signal, threads = Math.min(4, availableParallelism()) }: CompressOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  if (kind === 'none') {
    yield* bytes;
    return;
  }
  const inFlight: Promise<Buffer>[] = [];
  // Pieces are used again: fresh ones would have the collector at work a tenth of the time.
  const idle: Buffer[] = [];
  try {
    for await (const piece of pieces(bytes, () => idle.pop() ?? Buffer.allocUnsafe(pieceBytes))) {
      signal?.throwIfAborted();
      const work = (
        kind === 'zstd' ? zstdFrame(piece) : packGzip(piece, { level: gzipLevel, chunkSize: outputBytes })
      ).finally(() => {
        if (piece.length === pieceBytes) idle.push(piece);
      });
      // The failure is thrown where the result is awaited; until then it must not count as unhandled.
      work.catch(() => undefined);
      inFlight.push(work);
      if (inFlight.length > threads) yield await (inFlight.shift() ?? work);
    }
    for (let work = inFlight.shift(); work; work = inFlight.shift()) yield await work;
    signal?.throwIfAborted();
  } finally {
    await Promise.allSettled(inFlight);
  }
}

/** One frame. Level 3 gives 2.9 to 1 on programs at the speed engines deliver. */
function zstdFrame(piece: Uint8Array): Promise<Buffer> {
  return packZstd(piece, {
    params: {
      [constants.ZSTD_c_compressionLevel]: 3,
      [constants.ZSTD_c_checksumFlag]: 1,
      [constants.ZSTD_c_contentSizeFlag]: 1,
    },
    // Node gives zstd its input and the end of it apart, so the size has to be told.
    pledgedSrcSize: piece.length,
    chunkSize: outputBytes,
  });
}

/** Beyond level 4 gzip takes two to three times as long for a few percent. */
const gzipLevel = 4;

/** Cuts a stream into pieces of equal size; the last may be shorter. An empty stream gives one empty piece. */
async function* pieces(
  bytes: AsyncIterable<Uint8Array>,
  emptyPiece: () => Buffer,
): AsyncGenerator<Buffer, void, undefined> {
  let piece = emptyPiece();
  let fill = 0;
  let isFirst = true;
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length;) {
      const taken = Math.min(pieceBytes - fill, chunk.length - at);
      piece.set(chunk.subarray(at, at + taken), fill);
      fill += taken;
      at += taken;
      if (fill === pieceBytes) {
        yield piece;
        isFirst = false;
        piece = emptyPiece();
        fill = 0;
      }
    }
  }
  if (fill > 0 || isFirst) yield piece.subarray(0, fill);
}
