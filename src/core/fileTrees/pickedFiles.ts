import { readTar } from '../archive/tarReader.ts';
import { DrydockError } from '../errors.ts';
import type { ReadFile } from '../layers/layeredImage.ts';
import type { TreeFile } from '../layers/treeNode.ts';
import type { Operation } from '../progress.ts';
import {
  listedBytes,
  openable,
  readPicked,
  requirePickable,
  treePath,
  type OpenPart,
  type PartTar,
} from './pickedFile.ts';

/** Each request for a file takes an engine some hundredths of a second, however small the file is. */
const fewFiles = 24;

/**
 * Many files as an engine hands them out: few of them one by one, more out of one tar of the folder that they all are
 * in, in its order. What that tar has as another name of a file comes by itself after it. Fails as `readPicked` does.
 */
export async function* readManyPicked<T extends { readonly path: string; readonly file: TreeFile<unknown> }>(
  open: OpenPart,
  { files, name }: { readonly files: readonly T[]; readonly name: string },
  operation: Operation,
): AsyncGenerator<ReadFile<T>, void, undefined> {
  const left = new Map(files.map((one) => [one.path, one]));
  if (files.length > fewFiles) {
    for (const { path, file } of files) requirePickable({ path, file, name });
    const part = await openIfThere(open, commonFolder(files.map(({ path }) => path)), operation.signal);
    try {
      for await (const item of part === undefined ? [] : readTar(part.tar, name)) {
        operation.signal.throwIfAborted();
        const path = part && treePath(part, item.entry.path, item.entry.rawPath);
        const one = path === undefined ? undefined : left.get(path);
        if (one === undefined || item.entry.type === 'hardlink') continue;
        left.delete(one.path);
        yield { one, bytes: listedBytes(item, { path: one.path, file: one.file, name }, operation) };
        if (left.size === 0) return;
      }
    } finally {
      part?.tar.destroy();
      await part?.release?.();
    }
  }
  for (const one of left.values())
    yield { one, bytes: readPicked(open, { path: one.path, file: one.file, name }, operation) };
}

async function openIfThere(open: OpenPart, path: string, signal: AbortSignal): Promise<PartTar | undefined> {
  try {
    return await open(openable(path), signal);
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'engineNotFound') return undefined;
    throw error;
  }
}

function commonFolder(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => path.split('/').slice(0, -1));
  let depth = first.length;
  for (const parts of others) {
    const differs = first.findIndex((part, at) => part !== parts[at]);
    if (differs >= 0) depth = Math.min(depth, differs);
  }
  return first.slice(0, depth).join('/');
}
