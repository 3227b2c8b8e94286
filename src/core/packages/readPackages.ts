import { diffRemark, remarkReason, type DiffRemark } from '../diffRemark.ts';
import { DrydockError, failure, isCancellation } from '../errors.ts';
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
/** Parsed in one step, which holds the thread; a lock of a thousand packages has half a megabyte. */
const largestJson = 4 << 20;

/** So many lists are named in one remark. */
const mostNamed = 3;

export interface ReadPackages {
  readonly packages: readonly InstalledPackage[];
  /** Of lists that are there and could not be read. */
  readonly remarks: readonly DiffRemark[];
}

/** Reads lists of packages out of a tree of files. What can't be read becomes a remark. Rejects with an AbortError. */
export async function readPackages(
  tree: FileTree,
  files: readonly PackageFile[],
  operation: Operation,
): Promise<ReadPackages> {
  const lists = new Map<string, readonly InstalledPackage[]>();
  const reasons = new Map<string, DrydockError>();
  /** Takes what can't be read for a remark on `some`. */
  const attempt = async (some: readonly PackageFile[], work: () => Promise<void>): Promise<void> => {
    operation.signal.throwIfAborted();
    try {
      await work();
    } catch (error) {
      if (!(error instanceof DrydockError) || isCancellation(error)) throw error;
      for (const { path } of some) if (!lists.has(path)) reasons.set(path, reasons.get(path) ?? error);
    }
  };
  const take = (one: PackageFile, bytes: AsyncIterable<Uint8Array>): Promise<void> =>
    attempt([one], async () => {
      lists.set(one.path, await packagesOf(one, bytes, operation));
    });
  const readable: PackageFile[] = [];
  for (const one of files)
    await attempt([one], () => {
      requireSize(one);
      readable.push(one);
      return Promise.resolve();
    });
  const together = readable.length > 1 ? tree.readMany?.(readable, operation) : undefined;
  if (together === undefined)
    for (const one of readable)
      await attempt([one], () => take(one, tree.read(one.path, one.file, operation)));
  else
    await attempt(readable, async () => {
      for await (const { one, bytes } of together) await take(one, bytes);
    });
  return {
    packages: files.flatMap(({ path }) => lists.get(path) ?? []),
    remarks: remarksOf(reasons, tree.name),
  };
}

/** One sentence for each reason, which names the first of the lists. */
function remarksOf(reasons: ReadonlyMap<string, DrydockError>, name: string): readonly DiffRemark[] {
  return [...Map.groupBy(reasons, ([, { message }]) => message).values()].map((lists) => {
    const first = lists.slice(0, mostNamed).map(([path]) => `/${path}`);
    const args = { paths: first.join(', '), name, reason: remarkReason(lists[0]?.[1]) };
    const count = lists.length - first.length;
    return count > 0 ? diffRemark('listsNotRead', { ...args, count }) : diffRemark('listNotRead', args);
  });
}

function requireSize({ form, path, file }: PackageFile): void {
  const most = form === 'npm' || form === 'npmLock' ? largestJson : largestList;
  if (file.sizeBytes > most)
    throw failure('packageListBad', { name: `/${path}`, reason: `it is larger than ${formatBytes(most)}` });
}

async function packagesOf(
  { form, path }: PackageFile,
  bytes: AsyncIterable<Uint8Array>,
  { signal }: Operation,
): Promise<readonly InstalledPackage[]> {
  const name = `/${path}`;
  switch (form) {
    case 'debian':
      return debianPackages({ bytes, name }, signal);
    case 'alpine':
      return alpinePackages({ bytes, name }, signal);
    case 'python':
      return (await pythonPackage({ bytes, name }, signal)).map((one) => ({
        ...one,
        name: pythonName(one.name),
        place: path,
      }));
    case 'npm':
      return npmPackage(await whole(bytes), path);
    case 'npmLock':
      return lockedNpmPackages(await whole(bytes), path);
    case 'rpm':
      return rpmPackages({ database: await whole(bytes), name }, signal);
  }
}

async function whole(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces);
}
