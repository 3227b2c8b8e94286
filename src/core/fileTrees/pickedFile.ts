import type { Readable } from 'node:stream';
import { readTar, type TarItem } from '../archive/tarReader.ts';
import { hexOf, Hasher, shortDigest } from '../digest.ts';
import { DrydockError, failure } from '../errors.ts';
import { exactPath, isRaw, partsOf } from '../layers/entryNames.ts';
import type { TreeFile } from '../layers/treeNode.ts';
import type { Operation } from '../progress.ts';
import { joined } from '../snapshotFiles/rootFiles.ts';

/** A tar of a part of a file tree. Each entry is at `above` and its own name, without what comes before `root`. */
export interface PartTar {
  readonly tar: Readable;
  readonly above: string;
  /** For example `v/`. */
  readonly root?: string;
  /** Lets go of what was made for it, once the tar is read or destroyed. */
  readonly release?: () => Promise<void>;
}

/** The tar of a path, or of a folder that it is in. `path` is UTF-8; empty for the root. Rejects with `engineNotFound`. */
export type OpenPart = (path: string, signal: AbortSignal) => Promise<PartTar>;

export interface FileToPick {
  /** As `entryNames.ts` writes paths. */
  readonly path: string;
  readonly file: TreeFile<unknown>;
  /** What it is a part of, for failures. */
  readonly name: string;
}

/**
 * The bytes of one file as an engine hands it out; what comes after it in the tar is not read. Rejects with
 * `pathUnreadable` for what has no bytes, with `fileChanged` where it is no such file any more, and fails with that at
 * its end unless the bytes are those that were there when it was listed.
 */
export async function* readPicked(
  open: OpenPart,
  { path, file, name }: FileToPick,
  operation: Operation,
): AsyncGenerator<Uint8Array, void, undefined> {
  requirePickable({ path, file, name });
  for await (const item of pickEntry(open, { path, name }, operation.signal))
    yield* listedBytes(item, { path, file, name }, operation);
}

/** Throws `pathUnreadable` for what has no bytes. */
export function requirePickable({ path, file, name }: FileToPick): void {
  if (file.type !== 'file' || file.isSparse)
    throw failure('pathUnreadable', { path: `/${path}`, name, reason: `it is a ${file.type}` });
}

/** The bytes of an entry; fails with `fileChanged` unless they are those that were listed. */
export async function* listedBytes(
  { entry, data }: TarItem,
  { path, file, name }: FileToPick,
  { signal, progress }: Operation,
): AsyncGenerator<Uint8Array, void, undefined> {
  const changed = (reason: string): Error => failure('fileChanged', { path: `/${path}`, name, reason });
  if (entry.type !== 'file') throw changed(`it is a ${entry.type} now`);
  const hasher = new Hasher();
  for await (const piece of data) {
    signal.throwIfAborted();
    hasher.update(piece);
    const doneBytes = hasher.sizeBytes;
    progress.report({ phase: 'reading', item: path, doneBytes, totalBytes: file.sizeBytes });
    yield piece;
  }
  if (hasher.sizeBytes !== file.sizeBytes)
    throw changed(`it has ${hasher.sizeBytes} bytes of the ${file.sizeBytes} listed`);
  const found = hexOf(hasher.digest());
  if (file.sha256 !== undefined && found !== file.sha256)
    throw changed(`its digest is ${shortDigest(found)} where ${shortDigest(file.sha256)} was listed`);
}

/**
 * What is at a path now, as one item of an engine's tar; the tar is let go when the reader goes on. Of a hard link it is
 * the file that it names. Rejects with `fileChanged` where there is nothing.
 */
export async function* pickEntry(
  open: OpenPart,
  { path, name }: Pick<FileToPick, 'path' | 'name'>,
  signal: AbortSignal,
): AsyncGenerator<TarItem, void, undefined> {
  const gone = (cause?: unknown): Error =>
    failure('fileChanged', { path: `/${path}`, name, reason: 'it is not there any more' }, cause);
  let wanted: string | undefined = path;
  for (let step = 0; wanted !== undefined && step < 2; step++) {
    const part = await open(openable(wanted), signal).catch((error: unknown) => {
      throw error instanceof DrydockError && error.code === 'engineNotFound' ? gone(error) : error;
    });
    let linked: string | undefined;
    try {
      for await (const item of readTar(part.tar, name)) {
        const { entry } = item;
        if (treePath(part, entry.path, entry.rawPath) !== wanted) continue;
        if (entry.type !== 'hardlink') {
          yield item;
          return;
        }
        // Its other name came before it, and its bytes with that.
        linked = treePath(part, entry.linkPath, entry.rawLinkPath);
        break;
      }
    } finally {
      part.tar.destroy();
      await part.release?.();
    }
    wanted = linked;
  }
  throw gone();
}

/** The path that an engine is asked for, in UTF-8: for another name, the folder above it that has one is opened. */
export function openable(path: string): string {
  const parts = path.split('/');
  const raw = parts.findIndex(isRaw);
  return raw < 0 ? path : parts.slice(0, raw).join('/');
}

/** Where an entry of a part's tar lies in the tree; undefined where its name leads out of it. */
export function treePath(
  { above, root = '' }: PartTar,
  path: string,
  raw: Uint8Array | undefined,
): string | undefined {
  const parts = partsOf(
    raw === undefined ? path : exactPath({ path, rawPath: Buffer.from(raw).toString('base64') }),
  );
  const outside = partsOf(root)?.length ?? 0;
  return parts && joined(above, parts.slice(outside).join('/'));
}
