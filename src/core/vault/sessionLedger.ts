import type { Digest } from '../digest.ts';
import type { BlobStore } from './blobStore.ts';

/** What one session has stored and read back, so that nothing is read twice and every new byte is counted once. */
export class SessionLedger {
  readonly #written = new Map<Digest, number>();
  readonly #verified = new Set<Digest>();
  readonly #counted = new Set<Digest>();

  /** `store`, with each new blob noted, and as verified where it was read back. One that was there is not. */
  follow(store: BlobStore): BlobStore {
    return {
      ...store,
      put: async (bytes, options) => {
        const blob = await store.put(bytes, options);
        if (!blob.isNew) return blob;
        this.#written.set(blob.digest, blob.sizeBytes);
        if (options?.readBack) this.markVerified(blob.digest);
        return blob;
      },
    };
  }

  /** Whether this session brought the blob to the vault. */
  hasWritten(digest: Digest): boolean {
    return this.#written.has(digest);
  }

  /** Whether all of the blob was read and had its digest since the session began. */
  isVerified(digest: Digest): boolean {
    return this.#verified.has(digest);
  }

  markVerified(digest: Digest): void {
    this.#verified.add(digest);
  }

  /** Stored bytes of a blob that this session brought, once; nothing for others. Told to the snapshot that lands first. */
  takeNewBytes(digest: Digest): number {
    const sizeBytes = this.#counted.has(digest) ? undefined : this.#written.get(digest);
    if (sizeBytes !== undefined) this.#counted.add(digest);
    return sizeBytes ?? 0;
  }
}
