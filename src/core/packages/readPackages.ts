import { DrydockError, failure, isCancellation, reasonOf } from '../errors.ts';
import type { FileTree } from '../fileTrees/fileTree.ts';
import { formatBytes } from '../quantity.ts';
import type { Operation } from '../progress.ts';
import type { InstalledPackage } from './installedPackage.ts';
import { lockedNpmPackages, npmPackage } from './npmPackages.ts';
import { pythonName, type PackageFile } from './packageFiles.ts';
import { rpmPackages } from './rpmDatabase.ts';
import { alpinePackages, debianPackages, pythonPackage } from './textLists.ts';

/** More than the list of packages of any system takes; rpm's is the largest, with 2 MB for each hundred. */
const largestList = 128 << 20;
/** A package.json is read whole, and has a few kilobytes. */
const largestJson = 16 << 20;
/** Some engines give files one by one. */
const atOnce = 4;

export interface ReadPackages {
  readonly packages: readonly InstalledPackage[];
  /** Lists that are there and could not be read, in words. */
  readonly remarks: readonly string[];
}

/** Reads lists of packages out of a tree of files. What can't be read becomes a remark. Rejects with an AbortError. */
export async function readPackages(
  tree: FileTree,
  files: readonly PackageFile[],
  operation: Operation,
): Promise<ReadPackages> {
  const lists = new Map<string, readonly InstalledPackage[]>();
  const remarks = new Map<string, string>();
  const ahead = files.toReversed();
  const work = async (): Promise<void> => {
    for (let next = ahead.pop(); next; next = ahead.pop()) {
      operation.signal.throwIfAborted();
      try {
        lists.set(next.path, await readOne(tree, next, operation));
      } catch (error) {
        if (!(error instanceof DrydockError) || isCancellation(error)) throw error;
        remarks.set(
          next.path,
          `The packages in /${next.path} of ${tree.name} were not read: ${reasonOf(error)}`,
        );
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return {
    packages: files.flatMap(({ path }) => lists.get(path) ?? []),
    remarks: files.flatMap(({ path }) => remarks.get(path) ?? []),
  };
}

async function readOne(
  tree: FileTree,
  { form, path, file }: PackageFile,
  operation: Operation,
): Promise<readonly InstalledPackage[]> {
  const name = `/${path}`;
  const most = form === 'npm' ? largestJson : largestList;
  if (file.sizeBytes > most)
    throw failure('packageListBad', { name, reason: `it is larger than ${formatBytes(most)}` });
  const bytes = tree.read(path, file, operation);
  switch (form) {
    case 'debian':
      return debianPackages({ bytes, name }, operation.signal);
    case 'alpine':
      return alpinePackages({ bytes, name }, operation.signal);
    case 'python':
      return (await pythonPackage({ bytes, name }, operation.signal)).map((one) => ({
        ...one,
        name: pythonName(one.name),
        place: path,
      }));
    case 'npm':
      return npmPackage(await whole(bytes), path);
    case 'npmLock':
      return lockedNpmPackages(await whole(bytes), path);
    case 'rpm':
      return rpmPackages({ database: await whole(bytes), name }, operation.signal);
  }
}

async function whole(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces);
}
