import type { Digest } from '../digest.ts';
import { isDigest } from '../digest.ts';
import { failure } from '../errors.ts';
import type { Descriptor } from '../oci/manifest.ts';
import type { Compression } from './archive.ts';

/** A file of an archive as the first pass saw it. */
export interface StoredFile {
  readonly path: string;
  /** Digest and size of the bytes as they lie there. */
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Where they begin in the plain tar. */
  readonly dataOffset: number;
  readonly compression: Compression;
  /** The same unpacked; equal to the above for what is not packed. */
  readonly plain: PlainBytes | { readonly failure: Error };
  /** The bytes themselves of a small file that may be a document. */
  readonly bytes?: Uint8Array;
}

export interface PlainBytes {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

const maxHops = 40;
/** Bytes of documents that are looked into, one that is asked for twice counting twice. */
const maxParsedBytes = 256 << 20;

/** The path of a blob in an OCI layout. */
export function blobPath(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/** The digest that a blob's path states. */
export function digestOfBlobPath(path: string): Digest | undefined {
  const [, hex] = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(path) ?? [];
  const digest = `sha256:${hex ?? ''}`;
  return isDigest(digest) ? digest : undefined;
}

/** Everything an archive holds, by path, with links resolved on the way. */
export class ArchiveContents {
  readonly name: string;
  readonly #files = new Map<string, StoredFile>();
  readonly #links = new Map<string, string>();
  readonly #used = new Set<string>();
  #parsedBytes = 0;

  constructor(name: string) {
    this.name = name;
  }

  get isEmpty(): boolean {
    return this.#files.size === 0 && this.#links.size === 0;
  }

  /** Takes a file. The same path twice is tolerated for the same bytes alone: which one counts would be a guess. */
  addFile(file: StoredFile): void {
    const known = this.#files.get(file.path);
    if (this.#links.has(file.path) || (known !== undefined && known.digest !== file.digest))
      throw this.#ambiguous(file.path);
    const stated = digestOfBlobPath(file.path);
    if (stated !== undefined && stated !== file.digest)
      throw failure('archiveWrongDigest', {
        name: this.name,
        entry: file.path,
        found: file.digest,
        expected: stated,
      });
    this.#files.set(file.path, file);
  }

  addLink(path: string, target: string): void {
    const known = this.#links.get(path);
    if (this.#files.has(path) || (known !== undefined && known !== target)) throw this.#ambiguous(path);
    this.#links.set(path, target);
  }

  /** The file at `path`, links followed; nothing when there is none. Throws `archiveCyclic`. */
  find(path: string): StoredFile | undefined {
    let at = path;
    for (let hops = 0; hops <= maxHops; hops++) {
      const file = this.#files.get(at);
      if (file !== undefined) {
        this.#used.add(at);
        return file;
      }
      const next = this.#links.get(at);
      if (next === undefined) return undefined;
      at = next;
    }
    throw failure('archiveCyclic', { name: this.name, where: path });
  }

  /** As {@link find}; throws `archiveMissing`. */
  require(path: string, by: string): StoredFile {
    const file = this.find(path);
    if (file === undefined) throw failure('archiveMissing', { name: this.name, missing: path, by });
    return file;
  }

  /** The blob that `descriptor` points at, if it is there; throws `archiveWrongSize`. */
  findBlob(descriptor: Descriptor): StoredFile | undefined {
    const file = this.find(blobPath(descriptor.digest));
    if (file !== undefined && file.sizeBytes !== descriptor.size)
      throw failure('archiveWrongSize', {
        name: this.name,
        entry: file.path,
        found: file.sizeBytes,
        expected: descriptor.size,
      });
    if (file !== undefined && file.digest !== descriptor.digest)
      throw failure('archiveWrongDigest', {
        name: this.name,
        entry: blobPath(descriptor.digest),
        found: file.digest,
        expected: descriptor.digest,
      });
    return file;
  }

  /** As {@link findBlob}; throws `archiveMissing`. */
  requireBlob(descriptor: Descriptor, by: string): StoredFile {
    const file = this.findBlob(descriptor);
    if (file === undefined)
      throw failure('archiveMissing', { name: this.name, missing: blobPath(descriptor.digest), by });
    return file;
  }

  /**
   * The bytes of a document; throws when it is too large to be one, and when so many were asked for that the
   * documents must point at each other over and over.
   */
  documentOf(file: StoredFile): Uint8Array {
    this.#parsedBytes += file.sizeBytes;
    if (this.#parsedBytes > maxParsedBytes)
      throw failure('archiveTooLarge', {
        name: this.name,
        reason: 'its documents refer to each other too often',
      });
    if (file.bytes !== undefined) return file.bytes;
    throw failure('badJson', {
      where: `${file.path} in ${this.name}`,
      reason: `its ${file.sizeBytes} bytes are not a document`,
    });
  }

  /** Blobs that nothing has asked for and that are no documents. */
  unusedBlobs(): readonly StoredFile[] {
    return [...this.#files.values()].filter(
      ({ path, bytes }) => path.startsWith('blobs/') && bytes === undefined && !this.#used.has(path),
    );
  }

  /** Every blob that is there, by the digest in its path, which is that of its bytes. */
  blobDigests(): readonly Digest[] {
    return [...this.#files.keys()].flatMap((path) => digestOfBlobPath(path) ?? []);
  }

  #ambiguous(path: string): Error {
    return failure('archiveUnsupported', { name: this.name, what: `two different entries named ${path}` });
  }
}
