import type { Digest } from '../../src/core/digest.ts';
import type { PushSink, ServedDocument } from '../../src/core/registry/endpoint.ts';

/** Keeps in memory what is pushed; takes no more than `mostBytes` of a blob. */
export class MemorySink implements PushSink {
  readonly blobs = new Map<Digest, Buffer>();
  readonly documents = new Map<string, ServedDocument>();
  /** What uploads failed with. */
  readonly failures: unknown[] = [];
  /** What senders said of blobs before their bytes. */
  readonly announced: (Digest | undefined)[] = [];
  /** Documents that are kept, and denied all the same. */
  denies: Digest | undefined;
  mostBytes = Number.POSITIVE_INFINITY;

  headBlob(digest: Digest): Promise<{ readonly sizeBytes: number } | undefined> {
    const bytes = this.blobs.get(digest);
    return Promise.resolve(bytes && { sizeBytes: bytes.length });
  }

  async takeBlob(
    bytes: AsyncIterable<Uint8Array>,
    { announced }: { readonly announced?: Digest } = {},
  ): Promise<(digest: Digest) => void> {
    this.announced.push(announced);
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    try {
      for await (const chunk of bytes) {
        chunks.push(chunk);
        sizeBytes += chunk.length;
        if (sizeBytes >= this.mostBytes) break;
      }
    } catch (error) {
      this.failures.push(error);
      throw error;
    }
    return (digest) => this.blobs.set(digest, Buffer.concat(chunks));
  }

  takeDocument(document: ServedDocument, tag: string | undefined): Promise<'taken' | 'denied'> {
    this.documents.set(tag ?? document.digest, document);
    return Promise.resolve(document.digest === this.denies ? 'denied' : 'taken');
  }
}
