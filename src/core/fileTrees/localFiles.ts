import { constants, type Stats } from 'node:fs';
import { access, lstat, open, readdir, readlink } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { hexOf, Hasher } from '../digest.ts';
import { failure } from '../errors.ts';
import { explainFileError } from '../files/fileErrors.ts';
import { exactPath, pathBytes } from '../layers/entryNames.ts';
import { maxDepth } from '../layers/loadTree.ts';
import type { Operation } from '../progress.ts';
import { placeOf } from '../snapshotFiles/makeFiles.ts';
import type { LeftOut } from '../snapshotFiles/extractPlan.ts';

/** Something on this disk that is to be sent. Links are not followed. */
export interface LocalFile {
  /** From the folder that the chosen thing lies in, as `entryNames.ts` writes paths. */
  readonly path: string;
  readonly place: string | Buffer;
  readonly type: 'file' | 'directory' | 'symlink';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  /** Whole seconds since 1970. */
  readonly mtime: number;
  /** A symlink's target, as `entryNames.ts` writes paths. */
  readonly link?: string;
  /** Another one for another file, and once anybody wrote to it or to what the system notes about it. */
  readonly version: string;
}

export interface LocalFiles {
  /** Folders before what is in them. */
  readonly files: readonly LocalFile[];
  /** The names of the chosen things. */
  readonly names: readonly string[];
  readonly left: readonly LeftOut[];
  readonly sizeBytes: number;
}

const mostFiles = 1_000_000;

/**
 * Lists files and folders of this disk with all that is in them, and sees that each can be read. Two of one name can't
 * be sent into one folder. Rejects with `fileMissing`, `fileUnusable`, `fileExists`, `treeTooLarge`.
 */
export async function localFiles(
  sources: readonly string[],
  { signal }: { readonly signal: AbortSignal },
): Promise<LocalFiles> {
  const files: LocalFile[] = [];
  const left: LeftOut[] = [];
  const names: string[] = [];
  let sizeBytes = 0;
  const visit = async (base: string, path: string, depth: number): Promise<void> => {
    signal.throwIfAborted();
    if (files.length >= mostFiles || depth > maxDepth)
      throw failure('treeTooLarge', { name: base, limit: mostFiles });
    const place = placeOf(base, path);
    const stats = await lstat(place);
    const known = {
      path,
      place,
      ...modeAndOwner(stats),
      mtime: Math.floor(stats.mtimeMs / 1000),
      version: versionOf(stats),
    };
    if (stats.isDirectory()) {
      files.push({ ...known, type: 'directory', sizeBytes: 0 });
      const children = (await readdir(place, { encoding: 'buffer' })).map((name) =>
        exactPath({ path: '', rawPath: name.toString('base64') }),
      );
      for (const child of children.sort()) await visit(base, `${path}/${child}`, depth + 1);
    } else if (stats.isSymbolicLink()) {
      const target = await readlink(place, { encoding: 'buffer' });
      const link = exactPath({ path: '', rawPath: target.toString('base64') });
      files.push({ ...known, type: 'symlink', sizeBytes: 0, link });
    } else if (stats.isFile()) {
      await access(place, constants.R_OK);
      files.push({ ...known, type: 'file', sizeBytes: stats.size });
      sizeBytes += stats.size;
    } else left.push({ path, reason: stats.isFIFO() ? 'fifo' : stats.isSocket() ? 'other' : 'device' });
  };
  for (const source of sources) {
    const whole = resolve(source);
    const name = basename(whole);
    if (names.includes(name)) throw failure('fileExists', { path: name });
    names.push(name);
    try {
      await visit(dirname(whole), name, 0);
    } catch (error) {
      throw explainFileError(error, source);
    }
  }
  return { files, names, left, sizeBytes };
}

/** Systems without modes show files that all may write. */
function modeAndOwner(stats: Stats): Pick<LocalFile, 'mode' | 'uid' | 'gid'> {
  if (process.platform !== 'win32') return { mode: stats.mode & 0o777, uid: stats.uid, gid: stats.gid };
  return { mode: stats.isDirectory() ? 0o755 : 0o644, uid: 0, gid: 0 };
}

function versionOf({ ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [ino, size, mtimeMs, ctimeMs].join();
}

/** The bytes of a listed file. Rejects with `sourceChanged` where it is not the file any more that was listed. */
export async function* localBytes(
  { place, path, sizeBytes, version }: LocalFile,
  onDigest: (sha256: string) => void,
  { signal }: Pick<Operation, 'signal'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  // A name that became a link since it was listed is refused by the system. Windows has no such flag.
  const noFollow = (constants.O_NOFOLLOW as number | undefined) ?? 0;
  const handle = await open(place, constants.O_RDONLY | noFollow).catch((error: unknown) => {
    throw explainFileError(error, path);
  });
  try {
    const hasher = new Hasher();
    const stats = await handle.stat();
    const isSame = stats.isFile() && versionOf(stats) === version;
    if (isSame && sizeBytes > 0)
      for await (const chunk of handle.createReadStream({
        autoClose: false,
        highWaterMark: 1 << 18,
        start: 0,
        end: sizeBytes - 1,
      }) as AsyncIterable<Buffer>) {
        signal.throwIfAborted();
        hasher.update(chunk);
        yield chunk;
      }
    if (!isSame || hasher.sizeBytes !== sizeBytes || versionOf(await handle.stat()) !== version)
      throw failure('sourceChanged', { path });
    onDigest(hexOf(hasher.digest()));
  } finally {
    await handle.close();
  }
}

/** A link's bytes, for a header. */
export function linkBytes({ link = '' }: LocalFile): Buffer {
  return pathBytes(link);
}
