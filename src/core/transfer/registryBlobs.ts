import type { Digest } from '../digest.ts';
import { DrydockError, failure } from '../errors.ts';
import type { RemoteManifest, RemoteRepository } from '../registry/remoteRepository.ts';
import type { BlobReader, BlobStat, ByteRange, CancelOptions, StoredBlob } from '../vault/blobStore.ts';
import { childrenOf, type Root } from '../vault/reachableBlobs.ts';
import { DocumentCache } from './documentCache.ts';
import { namedBy } from './documentGraph.ts';
import { isDocumentType } from './vaultSources.ts';

/** Where something lies by the word of who names it, or of the registry. */
interface Place {
  readonly sizeBytes: number;
  /** Manifests and indexes are asked for elsewhere than blobs; in a parcel they are blobs. */
  readonly isManifest: boolean;
}

/** Larger ones are data, and read again. */
const maxCachedBytes = 4 << 20;
/** A part of a smaller blob costs as much as the whole. */
const worthRangeBytes = 256 << 10;
/** A million digests with their sizes take 200 MB; no vault comes near. */
const maxKnown = 1_000_000;

/**
 * Reads the blobs of a vault that lies in a repository of a registry, manifests and indexes among them. Whoever names
 * something tells how large it is and where it lies; small blobs stay in memory once their digests were checked, and of
 * large ones only the range is fetched that is read. What the registry lacks is `blobMissing`, other bytes than those of
 * a digest are `blobDamaged`. All else is told as the registry's failure: what was not answered is not missing.
 */
export class RegistryBlobs implements BlobReader {
  readonly name: string;
  readonly #from: RemoteRepository;
  readonly #rootsOf: (cancel: CancelOptions) => Promise<readonly Root[]>;
  readonly #places = new Map<Digest, Place>();
  readonly #stats = new Map<Digest, BlobStat>();
  readonly #cache = new DocumentCache();

  /** `rootsOf` gives what {@link list} begins with. */
  constructor(
    name: string,
    from: RemoteRepository,
    rootsOf: (cancel: CancelOptions) => Promise<readonly Root[]>,
  ) {
    this.name = name;
    this.#from = from;
    this.#rootsOf = rootsOf;
  }

  /** Takes note of a document that was read, and of what it names. Throws `badJson`. */
  take(document: RemoteManifest): void {
    const { documents, blobs } = namedBy(document, `${this.name}: ${document.digest}`);
    this.#cache.add(document.digest, document.bytes);
    this.#note(document.digest, document.sizeBytes, true);
    for (const { digest, size, mediaType } of documents)
      this.#note(digest, size, isDocumentType(mediaType) || mediaType === '');
    for (const { digest, size } of blobs) this.#note(digest, size, false);
  }

  /** When something was stored is not known: 1970. */
  async stat(digest: Digest): Promise<BlobStat | undefined> {
    const known = this.#stats.get(digest);
    if (known !== undefined) return known;
    const cached = this.#cache.get(digest);
    const found = cached ? { sizeBytes: cached.length } : await this.#ask(digest, {});
    if (found === undefined) return undefined;
    const stat = { digest, sizeBytes: found.sizeBytes, storedMs: 0 };
    if (this.#stats.size < maxKnown) this.#stats.set(digest, stat);
    return stat;
  }

  async *open(
    digest: Digest,
    { signal, range }: CancelOptions & { readonly range?: ByteRange } = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    signal?.throwIfAborted();
    if (range !== undefined && range.end <= range.start) return;
    const bytes = this.#cache.get(digest);
    if (bytes !== undefined) {
      yield this.#part(digest, bytes, range);
      return;
    }
    try {
      yield* this.#read(digest, range, signal === undefined ? {} : { signal });
    } catch (error) {
      throw this.#told(error, digest);
    }
  }

  /** All that is reached from the roots and is there. What can't be read names nothing; who verifies looks himself. */
  async *list(cancel: CancelOptions = {}): AsyncGenerator<StoredBlob, void, undefined> {
    const seen = new Set<Digest>();
    const ahead = [...(await this.#rootsOf(cancel))];
    for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
      if (seen.has(next.digest)) continue;
      seen.add(next.digest);
      cancel.signal?.throwIfAborted();
      const found = await this.stat(next.digest);
      if (found === undefined) continue;
      yield { digest: next.digest, sizeBytes: found.sizeBytes };
      const children = await childrenOf(this, next, found, cancel).catch(unlessDamaged);
      for (const { mediaType, digest, size } of children) ahead.push({ mediaType, digest, sizeBytes: size });
    }
  }

  async *#read(
    digest: Digest,
    range: ByteRange | undefined,
    cancel: CancelOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const place = this.#places.get(digest) ?? (await this.#ask(digest, cancel));
    if (place === undefined) throw failure('blobMissing', { vault: this.name, digest });
    if (!place.isManifest) {
      yield* this.#readBlob(digest, place.sizeBytes, range, cancel);
      return;
    }
    const document = await this.#from.getManifest(digest, cancel);
    if (document === undefined) throw failure('blobMissing', { vault: this.name, digest });
    this.take(document);
    yield this.#part(digest, document.bytes, range);
  }

  async *#readBlob(
    digest: Digest,
    sizeBytes: number,
    range: ByteRange | undefined,
    cancel: CancelOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const blob = { digest, sizeBytes };
    if (sizeBytes <= (range === undefined ? maxCachedBytes : worthRangeBytes)) {
      const pieces: Uint8Array[] = [];
      for await (const piece of this.#from.openBlob(blob, cancel)) pieces.push(piece);
      const bytes = Buffer.concat(pieces);
      this.#cache.add(digest, bytes);
      yield this.#part(digest, bytes, range);
      return;
    }
    if (range === undefined) {
      yield* this.#from.openBlob(blob, cancel);
      return;
    }
    const { start } = range;
    const end = Math.min(range.end, sizeBytes);
    if (start < end) yield* this.#from.openBlob(blob, { ...cancel, start, end });
    if (end < range.end) throw this.#damaged(digest, `it ends at byte ${sizeBytes}`);
  }

  #part(digest: Digest, bytes: Uint8Array, range: ByteRange | undefined): Uint8Array {
    if (range === undefined) return bytes;
    if (range.end > bytes.length) throw this.#damaged(digest, `it ends at byte ${bytes.length}`);
    return bytes.subarray(range.start, range.end);
  }

  /** As who names it says, and where it is not there, in the other place: a snapshot may have been pushed in both forms. */
  async #ask(digest: Digest, cancel: CancelOptions): Promise<Place | undefined> {
    const asManifest = async (): Promise<Place | undefined> => {
      const found = await this.#from.headManifest(digest, cancel);
      return found && { sizeBytes: found.sizeBytes, isManifest: true };
    };
    const asBlob = async (): Promise<Place | undefined> => {
      const found = await this.#from.headBlob(digest, cancel);
      return found && { sizeBytes: found.sizeBytes, isManifest: false };
    };
    const known = this.#places.get(digest);
    const [first, second] = known?.isManifest === true ? [asManifest, asBlob] : [asBlob, asManifest];
    const found = (await first()) ?? (await second());
    if (found !== undefined && known?.isManifest !== found.isManifest) this.#places.set(digest, found);
    return found;
  }

  #note(digest: Digest, sizeBytes: number, isManifest: boolean): void {
    if (this.#places.has(digest) || this.#places.size >= maxKnown) return;
    this.#places.set(digest, { sizeBytes, isManifest });
  }

  #told(error: unknown, digest: Digest): unknown {
    if (!(error instanceof DrydockError)) return error;
    if (error.code === 'registryMissing') return failure('blobMissing', { vault: this.name, digest }, error);
    if (error.code !== 'registryContentWrong') return error;
    const { found } = error.details;
    return this.#damaged(digest, `the registry has ${String(found)}`, error);
  }

  #damaged(digest: Digest, reason: string, cause?: unknown): Error {
    return failure('blobDamaged', { vault: this.name, digest, reason }, cause);
  }
}

function unlessDamaged(error: unknown): readonly never[] {
  if (error instanceof DrydockError && ['blobMissing', 'blobDamaged', 'badJson'].includes(error.code))
    return [];
  throw error;
}
