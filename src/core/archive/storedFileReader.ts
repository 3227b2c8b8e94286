import { Hasher } from '../digest.ts';
import { failure } from '../errors.ts';
import type { Compression } from './archive.ts';
import type { PlainBytes, StoredFile } from './archiveContents.ts';
import { ByteChannel } from './byteChannel.ts';
import { compressionOf, decompressed, magicBytes } from './decompressed.ts';
import type { InflationBudget } from './inflation.ts';

/** Sees what a file of an archive unpacks to, while its digest is taken; what it throws fails the file. */
export interface PlainFollower {
  take(bytes: Uint8Array): Promise<void>;
}

/** What is known of a file before its bytes come. */
export interface StoredFileStart {
  readonly archiveName: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly dataOffset: number;
  /** Files up to this size that may be documents are kept. */
  readonly keepUpToBytes: number;
  readonly budget: InflationBudget;
  /** How the archive itself is packed. */
  readonly outerCompression: Compression;
  readonly follower?: PlainFollower;
}

interface Unpacking {
  readonly channel: ByteChannel;
  readonly result: Promise<PlainBytes | { readonly failure: Error }>;
}

/** Takes one file of an archive: hashes it, keeps it if it may be a document, and hashes what it unpacks to. */
export class StoredFileReader {
  readonly #start: StoredFileStart;
  readonly #hasher = new Hasher();
  #kept: Uint8Array[] | undefined;
  #head: Uint8Array = Buffer.alloc(0);
  #compression: Compression | undefined;
  #unpacking: Unpacking | undefined;
  #refusal: Error | undefined;

  constructor(start: StoredFileStart) {
    this.#start = start;
  }

  async push(bytes: Uint8Array): Promise<void> {
    this.#hasher.update(bytes);
    if (this.#compression !== undefined) {
      this.#kept?.push(Buffer.from(bytes));
      await (this.#compression === 'none'
        ? this.#start.follower?.take(bytes)
        : this.#unpacking?.channel.write(bytes));
      return;
    }
    this.#head = this.#head.length === 0 ? bytes : Buffer.concat([this.#head, bytes]);
    if (this.#head.length >= magicBytes) await this.#decide();
  }

  async end(): Promise<StoredFile> {
    if (this.#compression === undefined) await this.#decide();
    this.#unpacking?.channel.end();
    const stored = { digest: this.#hasher.digest(), sizeBytes: this.#hasher.sizeBytes };
    return {
      path: this.#start.path,
      ...stored,
      dataOffset: this.#start.dataOffset,
      compression: this.#compression ?? 'none',
      plain: this.#refusal ? { failure: this.#refusal } : ((await this.#unpacking?.result) ?? stored),
      ...(this.#kept && { bytes: Buffer.concat(this.#kept) }),
    };
  }

  /** Lets go of a file that will not be read to its end. */
  async abandon(): Promise<void> {
    this.#unpacking?.channel.end();
    await this.#unpacking?.result;
  }

  async #decide(): Promise<void> {
    const { sizeBytes, keepUpToBytes, outerCompression, archiveName } = this.#start;
    const head = this.#head;
    this.#compression = compressionOf(head);
    this.#head = Buffer.alloc(0);
    if (mayBeDocument(head) && sizeBytes <= keepUpToBytes) this.#kept = [Buffer.from(head)];
    if (this.#compression === 'none') {
      await this.#start.follower?.take(head);
      return;
    }
    if (this.#compression === 'xz' && outerCompression === 'xz') {
      // The decoder has one context for the whole process, and the archive itself holds it.
      const what = 'xz layers inside an xz file';
      const refusal = failure('archiveUnsupported', { name: archiveName, what });
      this.#refusal = refusal;
      return;
    }
    const channel = new ByteChannel();
    this.#unpacking = { channel, result: this.#unpack(channel, this.#compression) };
    await channel.write(head);
  }

  /** A failure is kept rather than thrown: it counts only when the file turns out to be a layer. */
  async #unpack(channel: ByteChannel, kind: Compression): Promise<PlainBytes | { failure: Error }> {
    const { archiveName, path, budget, follower } = this.#start;
    const hasher = new Hasher();
    try {
      for await (const bytes of decompressed(channel, kind, { name: `${path} in ${archiveName}`, budget })) {
        hasher.update(bytes);
        await follower?.take(bytes);
      }
      return { digest: hasher.digest(), sizeBytes: hasher.sizeBytes };
    } catch (error) {
      return { failure: error instanceof Error ? error : new Error(String(error)) };
    }
  }
}

/** JSON starts with a bracket or white space; an empty file is kept, since it costs nothing. */
export function mayBeDocument(head: Uint8Array): boolean {
  return head.length === 0 || [0x7b, 0x5b, 0x20, 0x09, 0x0a, 0x0d].includes(head[0] ?? 0);
}
