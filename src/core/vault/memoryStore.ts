import { Readable } from 'node:stream';
import { Hasher, type Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { readAgain, requireExpected, requireReadBack, type BlobStore } from './blobStore.ts';

const chunkBytes = 1 << 19;

/** Blobs in memory, for what is small and need not last: a plan's documents, a preview, a test. */
export function memoryStore(name = 'in memory', clock: () => number = Date.now): BlobStore {
  const blobs = new Map<Digest, { readonly bytes: Buffer; readonly storedMs: number }>();
  return {
    name,
    stat: (digest) => {
      const blob = blobs.get(digest);
      return Promise.resolve(blob && { digest, sizeBytes: blob.bytes.length, storedMs: blob.storedMs });
    },
    async *open(digest, { signal, range } = {}) {
      await Promise.resolve();
      const bytes = blobs.get(digest)?.bytes;
      if (bytes === undefined) throw failure('blobMissing', { vault: name, digest });
      const { start, end } = range ?? { start: 0, end: bytes.length };
      for (let at = start; at < end; at += chunkBytes) {
        signal?.throwIfAborted();
        if (end > bytes.length)
          throw failure('blobDamaged', { vault: name, digest, reason: `it ends at byte ${bytes.length}` });
        yield bytes.subarray(at, Math.min(end, at + chunkBytes));
      }
    },
    async *list({ signal } = {}) {
      for (const [digest, { bytes }] of [...blobs]) {
        signal?.throwIfAborted();
        yield await Promise.resolve({ digest, sizeBytes: bytes.length });
      }
    },
    put: async (bytes, expectation = {}) => {
      expectation.signal?.throwIfAborted();
      const hasher = new Hasher();
      const chunks: Uint8Array[] = [];
      for await (const chunk of bytes) {
        expectation.signal?.throwIfAborted();
        hasher.update(chunk);
        chunks.push(Uint8Array.from(chunk));
      }
      const found = { sizeBytes: hasher.sizeBytes, digest: hasher.digest() };
      requireExpected(found, expectation);
      const { readBack } = expectation;
      if (readBack) requireReadBack(name, found.digest, await readAgain(Readable.from(chunks), readBack));
      expectation.signal?.throwIfAborted();
      const isNew = !blobs.has(found.digest);
      if (isNew) blobs.set(found.digest, { bytes: Buffer.concat(chunks), storedMs: clock() });
      return { ...found, isNew };
    },
    delete: (digest) => {
      blobs.delete(digest);
      return Promise.resolve();
    },
  };
}
