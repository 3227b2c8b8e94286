import { link, lstat, mkdir, open, readlink, rename, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { failure } from '../errors.ts';
import { explainFileError, hasCode } from '../files/fileErrors.ts';
import { passingName } from '../files/passingName.ts';
import { requireRoom } from '../files/requireRoom.ts';
import { syncFolder } from '../files/writeDurably.ts';
import { isThere, type TreeNode } from '../layers/treeNode.ts';
import type { Operation } from '../progress.ts';
import { planExtract, type ExtractPlan, type LeftOut } from './extractPlan.ts';
import { finishFolders, makeFiles, placeOf } from './makeFiles.ts';
import type { FilesToExtract } from './filesToExtract.ts';
import { joined } from './rootFiles.ts';

export interface ExtractInput {
  /** A file or a folder; empty for all. */
  readonly path: string;
  /** The folder that gets it, under its own name; all of a root without one. It is made if it is not there. */
  readonly into: string;
  /** Whether a file of the same name may be replaced. A folder never is, nor are two folders mixed. */
  readonly replace: boolean;
  /** Whether files get the owners that they had, and setuid bits; only the system's administrator may. */
  readonly owners: boolean;
}

export interface ExtractResult {
  /** What was made in `into`. */
  readonly paths: readonly string[];
  readonly fileCount: number;
  readonly sizeBytes: number;
  readonly left: readonly LeftOut[];
}

/**
 * Brings files to this disk: 1. plan all of it, 2. make it in a new folder inside `into`: folders, then
 * files, each compared with the digest that was noted for it, then other names of files, then symlinks, so that
 * nothing is ever written through one, 3. give it its name, 4. set modes and times of folders.
 *
 * Whatever fails or is cancelled before step 3 is done, what was made is removed. Rejects with `pathMissing`,
 * `pathClash`, `pathUnreadable` when nothing of it can be made, `fileExists`, `folderMissing`, `diskFull`,
 * `diskFilledUp`, `fileUnusable`, `fileDamaged`, `ownersDenied`, `treeTooLarge`.
 */
export async function extractTree<L>(
  files: FilesToExtract<L>,
  input: ExtractInput,
  operation: Operation,
): Promise<ExtractResult> {
  const { signal } = operation;
  if (input.owners && process.getuid?.() !== 0) throw failure('ownersDenied', {});
  const into = resolve(input.into);
  const { entry, node } = await files.below(input.path, { signal });
  const isMade = await makeFolder(into);
  const staging = join(into, passingName());
  let isDone = false;
  try {
    await mkdir(staging, { mode: 0o700 });
    const plan = await planFor(node, files, { staging, path: entry.path });
    await requireRoom(staging, plan.sizeBytes);
    const names = entry.name === '' && node.children !== undefined ? topNames(node, plan) : [entry.name];
    // Asked before the long part, and again when names are given.
    for (const name of names) await requireFree(into, name, input.replace);
    const base = join(staging, 'new');
    const left = await makeFiles({ files, owners: input.owners }, plan, base, operation);
    signal.throwIfAborted();
    await giveNames(names, { base, into, isAll: entry.name === '', replace: input.replace });
    isDone = true;
    const folders = plan.folders
      .filter(({ path }) => entry.name !== '' || path !== '')
      .map((folder) => ({ ...folder, path: joined(entry.name, folder.path) }));
    await finishFolders(folders, into, input.owners);
    await syncFolder(into);
    return {
      paths: names.map((name) => join(into, name)),
      fileCount: plan.files.length + plan.links.length + plan.symlinks.length,
      sizeBytes: plan.sizeBytes,
      left: [...plan.left, ...left],
    };
  } catch (error) {
    throw explainFileError(error, into);
  } finally {
    await rm(staging, { recursive: true, force: true });
    if (isMade && !isDone) await rmdir(into);
  }
}

async function planFor<L>(
  node: TreeNode<L>,
  { name }: FilesToExtract<L>,
  { staging, path }: { readonly staging: string; readonly path: string },
): Promise<ExtractPlan<L>> {
  const plan = planExtract(node, {
    isCaseBlind: await isCaseBlind(staging),
    takesRawNames: process.platform === 'linux',
    takesSpecials: false,
    takesXattrs: false,
    isBadName: process.platform === 'win32' ? isBadOnWindows : () => false,
    name,
  });
  if (plan.folders.length + plan.files.length + plan.symlinks.length > 0) return plan;
  const reason = `it is a ${node.file?.isSparse === true ? 'sparse file' : (node.file?.type ?? 'name')}`;
  throw failure('pathUnreadable', { path: `/${path}`, name, reason });
}

/** What of the root is made, by name. */
function topNames(node: TreeNode<unknown>, { left }: Pick<ExtractPlan, 'left'>): readonly string[] {
  const notMade = new Set(left.filter(({ reason }) => notMadeReasons.has(reason)).map(({ path }) => path));
  return [...(node.children ?? [])]
    .filter(([name, child]) => isThere(child) && !notMade.has(name))
    .map(([name]) => name);
}

const notMadeReasons: ReadonlySet<LeftOut['reason']> = new Set([
  'device',
  'fifo',
  'sparse',
  'linkless',
  'name',
  'other',
]);

async function giveNames(
  names: readonly string[],
  to: { readonly base: string; readonly into: string; readonly isAll: boolean; readonly replace: boolean },
): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const name of names) {
      const from = to.isAll ? placeOf(to.base, name) : to.base;
      const place = placeOf(to.into, name);
      const stats = await lstat(from).catch((error: unknown) => {
        // A symlink that the system did not let be made.
        if (hasCode(error, 'ENOENT')) return undefined;
        throw error;
      });
      if (stats === undefined) continue;
      await requireFree(to.into, name, to.replace);
      if (process.platform === 'darwin' && stats.isSymbolicLink() && !to.replace) {
        // There a second name of a link would be one of the file that it leads to.
        await symlink(await readlink(from, 'buffer'), place);
        undo.push(() => rm(place));
        await rename(from, place);
        continue;
      }
      if (!stats.isDirectory() && !to.replace && (await isLinkedNew(from, place))) {
        undo.push(() => rm(place));
        continue;
      }
      // What it replaces is in no vault: it may go only when the new bytes are on the disk.
      if (to.replace && stats.isFile()) await syncFile(from);
      await rename(from, place);
      if (!to.replace) undo.push(() => rename(place, from));
    }
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

async function syncFile(path: string | Buffer): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A second name, which never takes the place of another file. */
async function isLinkedNew(from: string | Buffer, place: string | Buffer): Promise<boolean> {
  try {
    await link(from, place);
    return true;
  } catch (error) {
    if (hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK')) return false;
    throw error;
  }
}

/** Throws `fileExists` unless nothing has the name, or a file that may be replaced. */
async function requireFree(into: string, name: string, replace: boolean): Promise<void> {
  const place = placeOf(into, name);
  const stats = await lstat(place).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (stats === undefined || (replace && !stats.isDirectory())) return;
  throw failure('fileExists', { path: join(into, name) });
}

/** Makes a folder in one that is there; false when it was there. */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (
      hasCode(error, 'EEXIST') &&
      (await lstat(join(path, '.')).catch(() => undefined))?.isDirectory() === true
    )
      return false;
    throw hasCode(error, 'ENOENT')
      ? failure('folderMissing', { path: resolve(path, '..') }, error)
      : explainFileError(error, path);
  }
}

async function isCaseBlind(folder: string): Promise<boolean> {
  const name = join(folder, 'case');
  await writeFile(name, '', { flag: 'wx' });
  try {
    return (await lstat(join(folder, 'CASE')).catch(() => undefined)) !== undefined;
  } finally {
    await rm(name);
  }
}

/** Source: Microsoft, "Naming Files, Paths, and Namespaces". */
function isBadOnWindows(name: string): boolean {
  return /[<>:"\\|?*\p{Cc}]|[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/iu.test(name);
}
