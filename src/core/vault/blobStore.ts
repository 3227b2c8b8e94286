import { Hasher, shortDigest, type Digest } from '../digest.ts';
import { failure } from '../errors.ts';

/** A half-open range of bytes. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface StoredBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** A blob as a put leaves it. */
export interface PutBlob extends StoredBlob {
  /** Whether this put brought it; false where it was there already. */
  readonly isNew: boolean;
}

export interface BlobStat extends StoredBlob {
  /** When it was stored, in milliseconds since 1970; prune spares what is young. */
  readonly storedMs: number;
}

export interface CancelOptions {
  readonly signal?: AbortSignal;
}

export interface OpenBlob extends CancelOptions {
  readonly range?: ByteRange;
  /**
   * Whoever reads is done with a piece when the next is asked for. The bytes may be others then, so that a large blob
   * is read through a small memory.
   */
  readonly isFleeting?: boolean;
}

/** Reads blobs by their digest. */
export interface BlobReader {
  /** What failures call the store: a vault's path. */
  readonly name: string;
  /** Size and age of a blob, or undefined where there is none. Nothing is read, so its bytes may be damaged. */
  stat(digest: Digest): Promise<BlobStat | undefined>;
  /**
   * The bytes as stored, or those of `range`, without a look at their digest: {@link readVerified} takes one. Rejects
   * with `blobMissing`, and with `blobDamaged` where the blob ends before the range does.
   */
  open(digest: Digest, options?: OpenBlob): AsyncIterable<Uint8Array>;
  /** Every blob, in no order. What is not named like a blob is passed over. */
  list(options?: CancelOptions): AsyncIterable<StoredBlob>;
}

export interface PutExpectation extends CancelOptions {
  readonly expectedDigest?: Digest;
  readonly expectedSizeBytes?: number;
}

/** Reads what a store has written, to its end. */
export type ReadBack = (stored: AsyncIterable<Uint8Array>) => Promise<void>;

export interface PutOptions extends PutExpectation {
  /**
   * Is given the blob's bytes as they lie in the store, read back while the put goes on, and must read them to their
   * end. The blob has no name before it resolves and the bytes had the blob's digest; what it rejects with fails the
   * put.
   */
  readonly readBack?: ReadBack;
}

/** Stores blobs. A blob has its name only when all of its bytes are there for good. */
export interface BlobWriter {
  /**
   * Stores `bytes` under their digest; a blob that is there already stays as it is. Rejects with `blobMismatch` when
   * they are not what was expected, `blobDamaged` when they are not read back as they were written, `diskFilledUp`,
   * what `bytes` or `readBack` threw, or an AbortError, and leaves nothing then.
   */
  put(bytes: AsyncIterable<Uint8Array>, options?: PutOptions): Promise<PutBlob>;
  /** Removes a blob; one that is not there is no failure. Only prune and repair may, under the exclusive lock. */
  delete(digest: Digest): Promise<void>;
}

export type BlobStore = BlobReader & BlobWriter;

/** Compares what arrived with what was announced; throws `blobMismatch`. */
export function requireExpected(found: StoredBlob, expectation: PutExpectation): void {
  const { expectedDigest = found.digest, expectedSizeBytes = found.sizeBytes } = expectation;
  if (found.digest === expectedDigest && found.sizeBytes === expectedSizeBytes) return;
  const isOnlySize = found.digest === expectedDigest;
  throw failure('blobMismatch', {
    expected: isOnlySize ? `${expectedSizeBytes} bytes` : expectedDigest,
    found: isOnlySize ? `${found.sizeBytes} bytes` : `${found.digest} (${found.sizeBytes} bytes)`,
  });
}

/** Lets `readBack` read `stored`; resolves with the digest of all that it took. For stores. */
export async function readAgain(stored: AsyncIterable<Uint8Array>, readBack: ReadBack): Promise<Digest> {
  const hasher = new Hasher();
  const hashed = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of stored) {
      hasher.update(chunk);
      yield chunk;
    }
  };
  await readBack(hashed());
  return hasher.digest();
}

/** Throws `blobDamaged` where other bytes were read back than were written, or fewer. For stores. */
export function requireReadBack(vault: string, written: Digest, read: Digest): void {
  if (written === read) return;
  throw failure('blobDamaged', { vault, digest: written, reason: 'it is not read as it was written' });
}

/**
 * The whole blob as a stream that fails at its end with `blobDamaged` unless the bytes had their digest. Pieces may be
 * fleeting as {@link OpenBlob} has it.
 */
export async function* readVerified(
  store: BlobReader,
  { digest, sizeBytes }: { readonly digest: Digest; readonly sizeBytes?: number },
  options: Pick<OpenBlob, 'signal' | 'isFleeting'> = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const damaged = (reason: string): Error => failure('blobDamaged', { vault: store.name, digest, reason });
  const hasher = new Hasher();
  for await (const chunk of store.open(digest, options)) {
    hasher.update(chunk);
    if (sizeBytes !== undefined && hasher.sizeBytes > sizeBytes)
      throw damaged(`it has more than the ${sizeBytes} bytes stated`);
    yield chunk;
  }
  if (sizeBytes !== undefined && hasher.sizeBytes < sizeBytes)
    throw damaged(`it has ${hasher.sizeBytes} bytes of the ${sizeBytes} stated`);
  const found = hasher.digest();
  if (found !== digest) throw damaged(`its digest is ${shortDigest(found)}`);
}

/** A small blob in memory, verified. Rejects with `blobDamaged` where it has more than `maxBytes`. */
export async function readDocument(
  store: BlobReader,
  blob: { readonly digest: Digest; readonly sizeBytes?: number },
  { maxBytes = 4 << 20, ...cancel }: CancelOptions & { readonly maxBytes?: number } = {},
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of readVerified(store, blob, cancel)) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes)
      throw failure('blobDamaged', {
        vault: store.name,
        digest: blob.digest,
        reason: `a document of more than ${maxBytes} bytes`,
      });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Stores a document that is in memory. */
export function putDocument(
  store: BlobWriter,
  bytes: Uint8Array | string,
  expectation?: PutExpectation,
): Promise<PutBlob> {
  const piece = Buffer.from(bytes);
  return store.put(
    (async function* () {
      yield await Promise.resolve(piece);
    })(),
    expectation,
  );
}
