import { Hasher } from '../digest.ts';
import type { Digest } from '../digest.ts';
import { DrydockError, failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { ArchiveSource, Compression } from './archive.ts';
import { ArchiveContents } from './archiveContents.ts';
import type { ArchiveLimits } from './archiveLimits.ts';
import { compressionOf, decompressed, magicBytes } from './decompressed.ts';
import { linkTarget, safePath } from './entryPath.ts';
import { InflationBudget } from './inflation.ts';
import { Pacer } from './pacer.ts';
import { StoredFileReader, type PlainFollower } from './storedFileReader.ts';
import type { TarEntry } from './tarHeader.ts';
import { defaultTarLimits, TarScanner } from './tarScanner.ts';

/** An archive after one pass over its bytes. */
export interface ScannedArchive {
  readonly contents: ArchiveContents;
  readonly compression: Compression;
  /** Of a source that lies somewhere. */
  readonly fileDigest?: Digest;
  readonly fileBytes: number;
}

/** Who follows the file at `path` of an archive as it is read. */
export type FollowFile = (path: string) => PlainFollower;

/**
 * Reads an archive once from its first byte to its last, whatever wraps it, and hashes all it holds. Memory: the
 * documents, within limits, and a few chunks.
 */
export async function scanContents(
  source: ArchiveSource,
  { signal, progress }: Operation,
  limits: ArchiveLimits,
  follow?: FollowFile,
): Promise<ScannedArchive> {
  const { name } = source;
  // Every byte of a layer is hashed for its diffID, and once more for its file: a third time would be felt.
  const hasher = source.isPassing === true ? undefined : new Hasher();
  let fileBytes = 0;
  const stored = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of source.open(signal)) {
      signal.throwIfAborted();
      hasher?.update(chunk);
      fileBytes += chunk.length;
      yield chunk;
      progress.report({
        phase: 'checking',
        item: name,
        doneBytes: fileBytes,
        ...(source.sizeBytes !== undefined && { totalBytes: source.sizeBytes }),
      });
    }
  };
  const { compression, bytes } = await detect(stored());
  const budget = new InflationBudget(name, limits);
  const pass = new Pass({ name, compression, budget, limits, follow });
  try {
    for await (const chunk of decompressed(bytes, compression, { name, signal, budget }))
      await pass.push(chunk);
    return {
      contents: pass.finish(),
      compression,
      ...(hasher && { fileDigest: hasher.digest() }),
      fileBytes,
    };
  } finally {
    await pass.abandon();
  }
}

/** Looks at the first bytes and gives them back in front of the others. */
async function detect(
  bytes: AsyncGenerator<Uint8Array, void, undefined>,
): Promise<{ compression: Compression; bytes: AsyncIterable<Uint8Array> }> {
  let head: Uint8Array = Buffer.alloc(0);
  while (head.length < magicBytes) {
    const next = await bytes.next();
    if (next.done === true) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  const whole = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield head;
      yield* bytes;
    } finally {
      // Whoever stops at the head has not begun to read the rest, so nobody else would close it.
      await bytes.return();
    }
  };
  return { compression: compressionOf(head), bytes: whole() };
}

interface PassInput {
  readonly name: string;
  readonly compression: Compression;
  readonly budget: InflationBudget;
  readonly limits: ArchiveLimits;
  readonly follow: FollowFile | undefined;
}

/** The state of one pass over the plain tar. */
class Pass {
  readonly #contents: ArchiveContents;
  readonly #scanner: TarScanner;
  readonly #compression: Compression;
  readonly #budget: InflationBudget;
  readonly #limits: ArchiveLimits;
  readonly #follow: FollowFile | undefined;
  readonly #pacer = new Pacer();
  #file: StoredFileReader | undefined;
  #keptBytes = 0;
  #hasBytes = false;

  constructor({ name, compression, budget, limits, follow }: PassInput) {
    this.#contents = new ArchiveContents(name);
    this.#scanner = new TarScanner(name, { ...defaultTarLimits, maxEntries: limits.maxEntries });
    this.#compression = compression;
    this.#budget = budget;
    this.#limits = limits;
    this.#follow = follow;
  }

  async push(chunk: Uint8Array): Promise<void> {
    this.#hasBytes ||= chunk.length > 0;
    try {
      for (const event of this.#scanner.push(chunk)) {
        if (event.kind === 'entry') this.#startEntry(event.entry);
        else if (event.kind === 'data') await this.#file?.push(event.bytes);
        else await this.#endEntry();
        // A chunk may hold a thousand entries.
        if (this.#pacer.isDue) await this.#pacer.pause();
      }
    } catch (error) {
      throw this.#scanner.entryCount === 0 && isBadHeader(error) ? this.#notAnArchive(error) : error;
    }
  }

  finish(): ArchiveContents {
    if (!this.#hasBytes) throw this.#notAnArchive();
    try {
      this.#scanner.finish();
    } catch (error) {
      throw this.#scanner.hasSeenHeader ? error : this.#notAnArchive(error);
    }
    return this.#contents;
  }

  async abandon(): Promise<void> {
    await this.#file?.abandon();
  }

  #startEntry(entry: TarEntry): void {
    const { name } = this.#contents;
    const path = entry.rawPath ? undefined : safePath(entry.path);
    if (path === undefined) throw failure('archiveUnsafePath', { name, path: entry.path.slice(0, 300) });
    if (entry.type === 'symlink' || entry.type === 'hardlink') {
      const target = linkTarget(path, entry);
      if (target === undefined)
        throw failure('archiveUnsafePath', {
          name,
          path: `${entry.path} -> ${entry.linkPath}`.slice(0, 300),
        });
      this.#contents.addLink(path, target);
    } else if (entry.type === 'file') {
      if (entry.isSparse)
        throw failure('archiveUnsupported', { name, what: `a sparse entry (${entry.path})` });
      this.#file = new StoredFileReader({
        archiveName: name,
        path,
        sizeBytes: entry.sizeBytes,
        dataOffset: entry.dataOffset,
        keepUpToBytes: this.#limits.maxDocumentBytes,
        budget: this.#budget,
        outerCompression: this.#compression,
        ...(this.#follow && { follower: this.#follow(path) }),
      });
    }
  }

  async #endEntry(): Promise<void> {
    const file = await this.#file?.end();
    this.#file = undefined;
    if (file === undefined) return;
    this.#keptBytes += file.bytes?.length ?? 0;
    if (this.#keptBytes > this.#limits.maxKeptBytes)
      throw failure('archiveTooLarge', {
        name: this.#contents.name,
        reason: 'its JSON documents are too many',
      });
    this.#contents.addFile(file);
  }

  #notAnArchive(cause?: unknown): Error {
    return failure('notAnArchive', { name: this.#contents.name }, cause);
  }
}

function isBadHeader(error: unknown): boolean {
  return error instanceof DrydockError && error.code === 'archiveBadHeader' && error.details['offset'] === 0;
}
