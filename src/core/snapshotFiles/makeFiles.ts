import { chmod, lchown, link, lutimes, mkdir, open, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../files/fileErrors.ts';
import { isRaw, pathBytes } from '../layers/entryNames.ts';
import type { TreeFile } from '../layers/treeNode.ts';
import type { Operation } from '../progress.ts';
import type { ExtractPlan, ItemToMake, LeftOut } from './extractPlan.ts';
import type { FilesToExtract } from './filesToExtract.ts';

/** Makes what is planned below `base`, a name that is not there yet. Folders stay writable until {@link finishFolders}. */
export async function makeFiles<L>(
  { files, owners }: { readonly files: FilesToExtract<L>; readonly owners: boolean },
  plan: ExtractPlan<L>,
  base: string,
  { signal, progress }: Operation,
): Promise<readonly LeftOut[]> {
  const left: LeftOut[] = [];
  for (const { path } of plan.folders) {
    signal.throwIfAborted();
    await mkdir(placeOf(base, path), { mode: 0o700 });
  }
  const made = new Map<TreeFile<L>, string | Buffer>();
  let doneBytes = 0;
  for await (const { one, bytes } of files.readMany(plan.files, { signal })) {
    const place = placeOf(base, one.path);
    progress.report({ phase: 'writing', item: one.path, doneBytes, totalBytes: plan.sizeBytes });
    signal.throwIfAborted();
    doneBytes += await writeNew(place, bytes);
    await dress(place, one.file, owners);
    made.set(one.file, place);
  }
  for (const item of plan.links) {
    signal.throwIfAborted();
    const place = placeOf(base, item.path);
    const other = made.get(item.file);
    if (other !== undefined && (await isLinked(other, place))) continue;
    await writeNew(place, files.read(item.file, item.path, { signal }));
    await dress(place, item.file, owners);
    left.push({ path: item.path, reason: 'copied' });
  }
  for (const { path, file } of plan.symlinks) {
    signal.throwIfAborted();
    const place = placeOf(base, path);
    try {
      await symlink(
        file.rawLink === undefined ? (file.link ?? '') : Buffer.from(file.rawLink, 'base64'),
        place,
      );
    } catch (error) {
      // Windows lets only some users make links.
      if (!(process.platform === 'win32' && hasCode(error, 'EPERM'))) throw error;
      left.push({ path, reason: 'symlink' });
      continue;
    }
    if (owners) await lchown(place, file.uid, file.gid);
    await lutimes(place, file.mtime, file.mtime);
  }
  return left;
}

/** Gives folders their owners, modes and times, the innermost first: what comes into a folder changes its time. */
export async function finishFolders(
  folders: readonly ItemToMake<unknown>[],
  base: string,
  owners: boolean,
): Promise<void> {
  for (const { path, file } of folders.toReversed()) {
    const place = placeOf(base, path);
    if (file === undefined) await chmod(place, 0o755);
    else await dress(place, file, owners);
  }
}

/** A path below a folder of this disk; bytes where it is no UTF-8. */
export function placeOf(base: string, path: string): string | Buffer {
  return isRaw(path) ? Buffer.concat([Buffer.from(`${base}/`), pathBytes(path)]) : join(base, path);
}

async function writeNew(place: string | Buffer, bytes: AsyncIterable<Uint8Array>): Promise<number> {
  const handle = await open(place, 'wx', 0o600);
  try {
    let sizeBytes = 0;
    for await (const piece of bytes) {
      sizeBytes += piece.length;
      await handle.writeFile(piece);
    }
    return sizeBytes;
  } finally {
    await handle.close();
  }
}

/** Owner before mode: a change of owner takes setuid away. Without owners, nobody's setuid becomes the caller's. */
async function dress(place: string | Buffer, file: TreeFile<unknown>, owners: boolean): Promise<void> {
  if (owners) await lchown(place, file.uid, file.gid);
  await chmod(place, file.mode & (owners ? 0o7777 : 0o777));
  await utimes(place, file.mtime, file.mtime);
}

async function isLinked(from: string | Buffer, to: string | Buffer): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK')) return false;
    throw error;
  }
}
