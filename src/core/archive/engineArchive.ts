import { digestOf } from '../digest.ts';
import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { blobPath, digestOfBlobPath } from './archiveContents.ts';

/** A file that the engine sent: how large it was, and its bytes when it may be a document. */
export interface SentFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Known for blobs (by their name), for documents and for spooled layers. */
  readonly digest?: Digest;
  readonly bytes?: Uint8Array;
}

const maxHeldBytes = 128 << 20;
const maxHops = 40;

/** What an engine's save has brought so far, by path, with the documents in memory. */
export class EngineArchive {
  /** What failures call it. */
  readonly name = 'the engine’s archive';
  readonly #files = new Map<string, SentFile>();
  readonly #links = new Map<string, string>();
  #heldBytes = 0;

  /** Whether the engine writes an OCI layout (25 and newer) rather than folders of v1 IDs. */
  get isLayout(): boolean {
    return this.#files.has('index.json');
  }

  /** Takes a file and returns its digest where that is known; one that is held must be what its name says. */
  add(file: Omit<SentFile, 'digest'>, known?: Digest): Digest | undefined {
    const stated = digestOfBlobPath(file.path);
    const found = file.bytes === undefined ? known : digestOf(file.bytes);
    if (stated !== undefined && found !== undefined && stated !== found)
      throw failure('archiveWrongDigest', { name: this.name, entry: file.path, found, expected: stated });
    this.#heldBytes += file.bytes?.length ?? 0;
    if (this.#heldBytes > maxHeldBytes)
      throw failure('archiveTooLarge', { name: this.name, reason: 'its JSON documents are too many' });
    const digest = found ?? stated;
    this.#files.set(file.path, { ...file, ...(digest !== undefined && { digest }) });
    return digest;
  }

  addLink(path: string, target: string): void {
    this.#links.set(path, target);
  }

  find(path: string): SentFile | undefined {
    let at = path;
    for (let hops = 0; hops <= maxHops; hops++) {
      const file = this.#files.get(at);
      const next = this.#links.get(at);
      if (file !== undefined || next === undefined) return file;
      at = next;
    }
    throw failure('archiveCyclic', { name: this.name, where: path });
  }

  require(path: string, by: string): SentFile {
    const file = this.find(path);
    if (file === undefined) throw failure('archiveMissing', { name: this.name, missing: path, by });
    return file;
  }

  /** The bytes of a document that must be there. */
  document(path: string, by: string): Uint8Array {
    const { bytes } = this.require(path, by);
    if (bytes !== undefined) return bytes;
    throw failure('badJson', { where: `${path} in ${this.name}`, reason: 'it is too large for a document' });
  }

  /** The bytes of a blob that is held; nothing for one that was passed on or is not there. */
  heldBlob(digest: Digest): Uint8Array | undefined {
    return this.#files.get(blobPath(digest))?.bytes;
  }

  hasBlob(digest: Digest): boolean {
    return this.#files.has(blobPath(digest));
  }

  /** Blobs that are held, in order of their names. */
  heldBlobs(): readonly (SentFile & { readonly digest: Digest; readonly bytes: Uint8Array })[] {
    return [...this.#files.values()]
      .flatMap(({ path, digest, bytes, ...rest }) =>
        digest !== undefined && bytes !== undefined && path.startsWith('blobs/')
          ? [{ ...rest, path, digest, bytes }]
          : [],
      )
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  }
}
