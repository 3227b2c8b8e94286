import type { Digest } from '../digest.ts';

/** Documents of some hundred snapshots. */
const usualBytes = 64 << 20;

/** Small blobs in memory, as many as there is room for; what was not asked for longest goes first. */
export class DocumentCache {
  readonly #blobs = new Map<Digest, Uint8Array>();
  readonly #maxBytes: number;
  #sizeBytes = 0;

  constructor(maxBytes = usualBytes) {
    this.#maxBytes = maxBytes;
  }

  get(digest: Digest): Uint8Array | undefined {
    const bytes = this.#blobs.get(digest);
    if (bytes === undefined) return undefined;
    this.#blobs.delete(digest);
    this.#blobs.set(digest, bytes);
    return bytes;
  }

  /** `bytes` must have that digest. */
  add(digest: Digest, bytes: Uint8Array): void {
    if (this.#blobs.has(digest) || bytes.length > this.#maxBytes) return;
    this.#blobs.set(digest, bytes);
    this.#sizeBytes += bytes.length;
    for (const [oldest, { length }] of this.#blobs) {
      if (this.#sizeBytes <= this.#maxBytes) return;
      this.#blobs.delete(oldest);
      this.#sizeBytes -= length;
    }
  }
}
