import { lstat, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ArchiveSource } from '../archive/archive.ts';
import { checksumPath } from '../archive/checksumFile.ts';
import { readFileBytes } from '../archive/fileSource.ts';
import { writeWithChecksum } from '../archive/writeWithChecksum.ts';
import { Hasher, type Digest } from '../digest.ts';
import { DrydockError, failure } from '../errors.ts';
import { explainFileError, hasCode } from '../files/fileErrors.ts';
import { afterWriting } from '../files/growingFile.ts';
import { passingName, sweepLeftovers } from '../files/passingName.ts';
import { linkExclusively, syncFolder } from '../files/writeDurably.ts';
import type { Operation } from '../progress.ts';
import { readSmallFile } from '../vault/readSmallFile.ts';
import { mostListBytes } from './openParts.ts';
import { mostParts, parsePartList, partListText, partName, type Part } from './partNames.ts';
import { requireAbsent } from '../files/requireAbsent.ts';

export interface BundlePlace {
  /** The bundle's file, or what its parts begin with. */
  readonly path: string;
  /** Whether files of that name may be replaced. */
  readonly replace: boolean;
  /** Bytes of each part but the last; one file without it. */
  readonly partBytes?: number;
}

/** A bundle on the disk. */
export interface WrittenBundle {
  /** Its file, or its parts in their order. */
  readonly paths: readonly string[];
  readonly checksumPath: string;
  /** Of all bytes together. */
  readonly sizeBytes: number;
  readonly digest: Digest;
}

/** A folder for what is on its way, and how the bundle's bytes are made and read back. */
export interface BundleWork {
  readonly bytes: (workFolder: string) => AsyncIterable<Uint8Array>;
  /** Reads what was written to its end; what it throws leaves nothing of it. */
  readonly check: (written: ArchiveSource, operation: Operation) => Promise<void>;
}

/**
 * Writes a bundle, reads it back, and only then gives it its name or its parts theirs. The checksum file comes last: parts
 * without it are no bundle. Whatever fails or is cancelled, nothing of it is left.
 *
 * Rejects with `fileExists`, `folderMissing`, `diskFilledUp`, `bundleTooManyParts`, what the work threw, or an AbortError.
 */
export async function writeBundle(
  { path, replace, partBytes }: BundlePlace,
  { bytes, check }: BundleWork,
  operation: Operation,
): Promise<WrittenBundle> {
  const folder = dirname(path);
  if (!replace) for (const taken of [path, checksumPath(path), partName(path, 1)]) await requireAbsent(taken);
  if (replace && partBytes !== undefined) await requireAbsent(replacedFolder(path));
  const workFolder = join(folder, passingName());
  await sweepLeftovers(folder).catch((error: unknown) => {
    throw explainFileError(error, folder);
  });
  await mkdir(workFolder).catch((error: unknown) => {
    throw explainFileError(error, path);
  });
  try {
    const old = replace ? [path, ...(await partsThere(path))] : [];
    const stream = bytes(workFolder);
    const work = { stream, check };
    const written =
      partBytes === undefined
        ? await writeOne({ path, replace, workFolder }, work, operation)
        : await writeParts({ path, replace, workFolder, partBytes }, work, operation);
    // What is left of the bundle that it replaces belongs to no list any more.
    for (const one of old) if (!written.paths.includes(one)) await rm(one, { force: true });
    return written;
  } finally {
    await rm(workFolder, { recursive: true, force: true, maxRetries: 3 });
  }
}

interface Stream {
  readonly stream: AsyncIterable<Uint8Array>;
  readonly check: BundleWork['check'];
}

async function writeOne(
  { path, replace, workFolder }: BundlePlace & { readonly workFolder: string },
  { stream, check }: Stream,
  { signal, progress }: Operation,
): Promise<WrittenBundle> {
  const hasher = new Hasher();
  let digest: Digest | undefined;
  await writeWithChecksum(
    {
      path,
      replace,
      bytes: stream,
      workFolder,
      check: async (growing) => {
        const back = {
          name: basename(path),
          isPassing: true,
          open: async function* (stop: AbortSignal) {
            for await (const chunk of growing.open(stop)) {
              hasher.update(chunk);
              yield chunk;
            }
          },
        };
        await check(back, { signal, progress: afterWriting(growing, progress) });
        return (digest = hasher.digest());
      },
    },
    signal,
  );
  if (digest === undefined) throw failure('unexpected', { reason: 'the bundle was not read back' });
  return { paths: [path], checksumPath: checksumPath(path), sizeBytes: hasher.sizeBytes, digest };
}

async function writeParts(
  { path, replace, workFolder, partBytes }: Required<BundlePlace> & { readonly workFolder: string },
  { stream, check }: Stream,
  operation: Operation,
): Promise<WrittenBundle> {
  const { signal } = operation;
  const name = basename(path);
  const cut = new PartsWriter(workFolder, name, partBytes);
  try {
    for await (const chunk of stream) {
      signal.throwIfAborted();
      await cut.write(chunk);
    }
    await cut.end();
    // At the end, when most of it is on the disk already.
    for (const part of cut.parts) await syncFile(join(workFolder, part.name));
  } catch (error) {
    throw explainFileError(error, path);
  } finally {
    await cut.close();
  }
  const { parts } = cut;
  const again = new Hasher();
  const back: ArchiveSource = {
    name,
    sizeBytes: cut.whole.sizeBytes,
    isPassing: true,
    async *open(stop) {
      for (const part of parts)
        for await (const chunk of readFileBytes(join(workFolder, part.name), stop)) {
          again.update(chunk);
          yield chunk;
        }
    },
  };
  await check(back, operation);
  const digest = cut.whole.digest();
  const wrong = again.digest() === digest ? undefined : again.sizeBytes;
  if (wrong !== undefined)
    throw failure('verifyMismatch', { name, expected: digest, found: `other bytes (${wrong})` });
  const sumPath = checksumPath(path);
  const list = { whole: { digest, sizeBytes: cut.whole.sizeBytes }, parts };
  const newList = join(workFolder, 'sha256');
  const text = partListText(name, list);
  // A name that breaks its lines is told now, and not where it is read.
  parsePartList(text, name);
  await writeFile(newList, text, { flush: true });
  signal.throwIfAborted();
  const paths = parts.map((part) => join(dirname(path), part.name));
  const named: string[] = [];
  const asideFolder = replacedFolder(path);
  const aside = new Map<string, string>();
  try {
    // Under a name that stays when this process is killed: swept away, neither bundle would be whole.
    if (replace) await mkdir(asideFolder);
    for (const old of replace ? [sumPath, ...paths] : [])
      await putAside(old, join(asideFolder, basename(old)), aside);
    for (const [at, part] of parts.entries()) {
      await nameFile(join(workFolder, part.name), paths[at] ?? '', replace);
      named.push(paths[at] ?? '');
    }
    // Last, for parts without a list are no bundle.
    await nameFile(newList, sumPath, replace);
    named.push(sumPath);
    await syncFolder(dirname(path));
  } catch (error) {
    for (const one of named) await rm(one, { force: true });
    for (const [from, to] of aside) await rename(to, from);
    if (replace) await rm(asideFolder, { recursive: true, force: true });
    throw explainFileError(error, path);
  }
  if (replace) await rm(asideFolder, { recursive: true, force: true });
  return { paths, checksumPath: sumPath, sizeBytes: cut.whole.sizeBytes, digest };
}

/** Writes bytes into files of one size. */
class PartsWriter {
  readonly parts: Part[] = [];
  readonly whole = new Hasher();
  readonly #folder: string;
  readonly #name: string;
  readonly #partBytes: number;
  #file: Awaited<ReturnType<typeof open>> | undefined;
  #hasher = new Hasher();

  constructor(folder: string, name: string, partBytes: number) {
    this.#folder = folder;
    this.#name = name;
    this.#partBytes = partBytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.whole.update(chunk);
    for (let at = 0; at < chunk.length;) {
      const file = (this.#file ??= await this.#next());
      const piece = chunk.subarray(at, at + this.#partBytes - this.#hasher.sizeBytes);
      await file.writeFile(piece);
      this.#hasher.update(piece);
      at += piece.length;
      if (this.#hasher.sizeBytes === this.#partBytes) await this.#endPart();
    }
  }

  async end(): Promise<void> {
    if (this.#file !== undefined) await this.#endPart();
  }

  /** Lets go of a part that was broken off. */
  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async #next(): Promise<Awaited<ReturnType<typeof open>>> {
    if (this.parts.length === mostParts) throw failure('bundleTooManyParts', { limit: mostParts });
    this.#hasher = new Hasher();
    return open(join(this.#folder, partName(this.#name, this.parts.length + 1)), 'wx');
  }

  async #endPart(): Promise<void> {
    await this.close();
    const { sizeBytes } = this.#hasher;
    const name = partName(this.#name, this.parts.length + 1);
    this.parts.push({ name, sizeBytes, digest: this.#hasher.digest() });
    this.#hasher = new Hasher();
  }
}

/** Where the parts of a bundle lie while others take their names. */
function replacedFolder(path: string): string {
  return `${path}.replaced`;
}

/** Moves a file that is about to be replaced out of the way, so that it can come back; notes where it went. */
async function putAside(path: string, place: string, aside: Map<string, string>): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!found.isFile()) throw failure('fileUnusable', { path, reason: 'it is not a plain file' });
  await rename(path, place);
  aside.set(path, place);
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function nameFile(from: string, to: string, replace: boolean): Promise<void> {
  if (replace) await rename(from, to);
  else await linkExclusively(from, to);
}

/** The parts that the checksum file of an earlier bundle of that name lists. */
async function partsThere(path: string): Promise<readonly string[]> {
  try {
    const bytes = await readSmallFile(checksumPath(path), mostListBytes);
    const list = parsePartList(Buffer.from(bytes).toString('utf8'), basename(path));
    return (list?.parts ?? []).map(({ name }) => join(dirname(path), name));
  } catch (error) {
    // What is no list of ours names no files of ours.
    if (error instanceof DrydockError) return [];
    throw error;
  }
}
