import { createReadStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { hexOf, Hasher, shortDigest } from '../digest.ts';
import { DrydockError, failure } from '../errors.ts';
import { explainFileError } from '../files/fileErrors.ts';
import { passingName, sweepLeftovers } from '../files/passingName.ts';
import type { TreeFile } from '../layers/treeNode.ts';
import type { Operation } from '../progress.ts';
import { extractTree, type ExtractInput, type ExtractResult } from '../snapshotFiles/extractTree.ts';
import type { FilesToExtract } from '../snapshotFiles/filesToExtract.ts';
import { joined } from '../snapshotFiles/rootFiles.ts';
import { tarEntries } from '../volumes/tarEntries.ts';
import { flatTree, type FlatNode } from './flatTree.ts';
import type { LiveFiles } from './liveFiles.ts';
import { openable } from './pickedFile.ts';

/** `into` must be there. */
export type DownloadInput = Omit<ExtractInput, 'owners'>;

/**
 * Brings a file or a folder of a container or a volume to this disk as it is now: its tar is kept in a hidden file in
 * `into` until it has come whole, and then unpacked by the rules of {@link extractTree}: never through a link, never
 * over a file unless told, nothing left behind. Where a file changes while it is read, it is as the engine read it; one
 * that gets shorter cuts the tar, and that is `streamCut`.
 *
 * Rejects with `pathMissing`, `treeTooLarge`, `folderMissing`, and as {@link extractTree} does.
 */
export async function downloadFiles(
  files: LiveFiles,
  input: DownloadInput,
  operation: Operation,
): Promise<ExtractResult> {
  const into = resolve(input.into);
  const folder = join(into, passingName());
  try {
    await sweepLeftovers(into);
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    throw explainFileError(error, into);
  }
  try {
    const spooled = await spool(files, { path: input.path, file: join(folder, 'tar') }, operation);
    return await extractTree(spooled, { ...input, owners: false }, operation);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Keeps the tar of a path in a file, and lists what is in it. */
async function spool(
  files: LiveFiles,
  { path, file }: { readonly path: string; readonly file: string },
  { signal, progress }: Operation,
): Promise<FilesToExtract<undefined>> {
  const { name } = files;
  const asked = openable(path);
  const missing = (cause?: unknown): Error => failure('pathMissing', { path: `/${path}`, name }, cause);
  progress.report({ phase: 'preparing', item: path });
  const part = await files.open(asked, signal).catch((error: unknown) => {
    throw error instanceof DrydockError && error.code === 'engineNotFound' ? missing(error) : error;
  });
  let root: FlatNode;
  try {
    const handle = await open(file, 'wx', 0o600);
    let doneBytes = 0;
    async function* kept(): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const chunk of part.tar as AsyncIterable<Uint8Array>) {
        signal.throwIfAborted();
        await handle.writeFile(chunk);
        doneBytes += chunk.length;
        progress.report({ phase: 'reading', item: path, doneBytes });
        yield chunk;
      }
    }
    try {
      root = await flatTree({ entries: tarEntries(kept(), name), root: part.root ?? '', name }, signal);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw explainFileError(error, file);
  } finally {
    part.tar.destroy();
    await part.release?.();
  }
  return {
    name,
    below(wanted) {
      let node: FlatNode | undefined = root;
      const below = wanted.slice(part.above === '' ? 0 : part.above.length + 1);
      for (const one of below.split('/')) if (one !== '') node = node?.children?.get(one);
      if (node === undefined) return Promise.reject(missing());
      return Promise.resolve({
        entry: { name: wanted.slice(wanted.lastIndexOf('/') + 1), path: wanted },
        node,
      });
    },
    read: (one, at) => spooledBytes(file, { file: one, path: joined(path, at), name }),
    async *readMany(wanted) {
      // In the order of the tar, which the disk reads quickest.
      for (const one of wanted.toSorted((a, b) => a.file.offset - b.file.offset)) {
        signal.throwIfAborted();
        const bytes = spooledBytes(file, { file: one.file, path: joined(path, one.path), name });
        yield await Promise.resolve({ one, bytes });
      }
    },
  };
}

async function* spooledBytes(
  spoolPath: string,
  {
    file: { offset, sizeBytes, sha256 },
    path,
    name,
  }: { readonly file: TreeFile<undefined>; readonly path: string; readonly name: string },
): AsyncGenerator<Uint8Array, void, undefined> {
  if (sizeBytes === 0) return;
  const hasher = new Hasher();
  const range = { start: offset, end: offset + sizeBytes - 1, highWaterMark: 1 << 18 };
  for await (const chunk of createReadStream(spoolPath, range) as AsyncIterable<Buffer>) {
    hasher.update(chunk);
    yield chunk;
  }
  const found = hexOf(hasher.digest());
  if (found === sha256) return;
  // The disk gave other bytes than it was given.
  const reason = `its digest is ${shortDigest(found)} where ${shortDigest(sha256 ?? '-')} came`;
  throw failure('fileChanged', { path: `/${path}`, name, reason });
}
