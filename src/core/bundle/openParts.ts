import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ArchiveSource } from '../archive/archive.ts';
import { checksumPath } from '../archive/checksumFile.ts';
import { fileFailure, fileSource, readFileBytes } from '../archive/fileSource.ts';
import { Hasher, type Digest } from '../digest.ts';
import { DrydockError, failure } from '../errors.ts';
import { hasCode } from '../files/fileErrors.ts';
import { toItsEnd } from '../toItsEnd.ts';
import type { ByteRange } from '../vault/blobStore.ts';
import { readSmallFile } from '../vault/readSmallFile.ts';
import { bundleOfPart, parsePartList, partName, type Part, type PartList } from './partNames.ts';

/** The bytes of a bundle, whether it lies in one file or in parts. */
export interface BundleFiles {
  /** The bundle's file, or what its parts begin with. */
  readonly path: string;
  readonly source: ArchiveSource;
  /** What all bytes together must be; absent where nothing beside the bundle says. */
  readonly digest?: Digest;
  /** Reads the parts and throws for the first that is not as it was made. */
  readonly checkParts: (signal: AbortSignal) => Promise<void>;
  /** The bytes of a range as they lie there now, unchecked: fewer where a file has become shorter. */
  readonly openRange: (range: ByteRange, signal: AbortSignal) => AsyncIterable<Uint8Array>;
}

/** No list of parts has more. */
export const mostListBytes = 1 << 20;

/**
 * Opens a bundle by its name, by any of its parts, or by its checksum file. Every part must be there in its size before
 * anything is read. Rejects with `fileMissing`, `bundlePartMissing`, `bundlePartWrong`, `bundlePartsUnclear`.
 */
export async function openBundleFiles(path: string): Promise<BundleFiles> {
  const size = await sizeOf(path);
  const bundle = size === undefined ? path : bundleOfPart(path);
  const list = await readPartList(bundle);
  // Somebody may have put the parts together, as one does for `docker load`.
  if (list !== undefined && size !== undefined && path === bundle)
    return { ...oneFile(path, size), digest: list.whole.digest };
  if (list !== undefined) return partFiles(bundle, list);
  const isPart = (await sizeOf(partName(bundle, 1))) !== undefined || /\.\d{3}$/.test(path);
  if (isPart && (size === undefined || path !== bundle))
    throw failure('bundlePartsUnclear', { checksum: checksumPath(bundle), reason: 'it is not there' });
  const file = path === checksumPath(bundle) ? bundle : path;
  const sizeBytes = await sizeOf(file);
  if (sizeBytes === undefined) throw failure('fileMissing', { path: file });
  return oneFile(file, sizeBytes);
}

function oneFile(path: string, sizeBytes: number): BundleFiles {
  return {
    path,
    source: fileSource(path, sizeBytes),
    checkParts: () => Promise.resolve(),
    openRange: (range, signal) => rangeOf(path, range, signal),
  };
}

async function readPartList(bundle: string): Promise<PartList | undefined> {
  const bytes = await readSmallFile(checksumPath(bundle), mostListBytes).catch((error: unknown) => {
    if (error instanceof DrydockError && error.code === 'fileMissing') return undefined;
    throw error;
  });
  return bytes && parsePartList(Buffer.from(bytes).toString('utf8'), basename(bundle));
}

async function partFiles(path: string, { whole, parts }: PartList): Promise<BundleFiles> {
  const [folder, name] = [dirname(path), basename(path)];
  for (const part of parts) {
    const found = await sizeOf(join(folder, part.name));
    if (found === undefined) throw failure('bundlePartMissing', { part: part.name, name });
    if (found !== part.sizeBytes)
      throw failure('bundlePartWrong', {
        part: part.name,
        name,
        reason: `it has ${found} bytes of ${part.sizeBytes}`,
      });
  }
  const open = async function* (signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    for (const part of parts) yield* partBytes(folder, name, part, signal);
  };
  return {
    path,
    source: { name, sizeBytes: whole.sizeBytes, open },
    digest: whole.digest,
    checkParts: (signal) => toItsEnd(open(signal)),
    async *openRange({ start, end }, signal) {
      let at = 0;
      for (const part of parts) {
        const inPart = { start: Math.max(start - at, 0), end: Math.min(end - at, part.sizeBytes) };
        yield* rangeOf(join(folder, part.name), inPart, signal);
        at += part.sizeBytes;
      }
    },
  };
}

/** Nothing of an empty range, which no stream of a file knows. */
async function* rangeOf(
  path: string,
  { start, end }: ByteRange,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (end > start) yield* readFileBytes(path, signal, { start, end: end - 1 });
}

async function* partBytes(
  folder: string,
  name: string,
  { name: part, sizeBytes, digest }: Part,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hasher = new Hasher();
  for await (const chunk of readFileBytes(join(folder, part), signal)) {
    hasher.update(chunk);
    if (hasher.sizeBytes > sizeBytes) break;
    yield chunk;
  }
  if (hasher.sizeBytes === sizeBytes && hasher.digest() === digest) return;
  throw failure('bundlePartWrong', { part, name, reason: 'its bytes are others' });
}

/** Size of a file, or undefined where there is none. */
async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw fileFailure(error, path);
  });
  if (found !== undefined && !found.isFile())
    throw failure('fileUnusable', { path, reason: 'it is not a plain file' });
  return found?.size;
}
