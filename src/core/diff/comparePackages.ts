import { Pacer } from '../archive/pacer.ts';
import { diffRemark, type DiffRemark } from '../diffRemark.ts';
import type { FileTree } from '../fileTrees/fileTree.ts';
import type { InstalledPackage } from '../packages/installedPackage.ts';
import { findPackageFiles, type PackageFile, type PackageFiles } from '../packages/packageFiles.ts';
import { readPackages } from '../packages/readPackages.ts';
import type { Operation } from '../progress.ts';
import type { PackageChange } from './diffReport.ts';
import { pairPackages } from './pairPackages.ts';

/** So many packages of npm that differ are read one by one, on each side. */
const mostNpmFiles = 1000;

export interface PackageComparison {
  readonly changes: readonly PackageChange[];
  readonly remarks: readonly DiffRemark[];
}

/**
 * The packages of which two trees of files have different versions. A list that both have with the same bytes is not
 * read; what can't be read is told in `remarks`. Rejects with an AbortError.
 */
export async function comparePackages(
  { left, right }: { readonly left: FileTree; readonly right: FileTree },
  operation: Operation,
): Promise<PackageComparison> {
  const { signal } = operation;
  const [before, after] = [
    await findPackageFiles(left.root, signal),
    await findPackageFiles(right.root, signal),
  ];
  const sides = [
    { tree: left, own: before, other: after, otherTree: right },
    { tree: right, own: after, other: before, otherTree: left },
  ];
  const remarks = [...before.remarks, ...after.remarks];
  const packages: (readonly InstalledPackage[])[] = [];
  for (const { tree, own, other, otherTree } of sides) {
    const { files, left: leftOut } = await filesToRead(own, other, { tree, otherTree });
    remarks.push(...leftOut);
    const read = await readPackages(tree, files, operation);
    remarks.push(...read.remarks);
    packages.push([...read.packages, ...own.named]);
  }
  const [leftPackages = [], rightPackages = []] = packages;
  return { changes: await pairPackages(leftPackages, rightPackages, signal), remarks: onceEach(remarks) };
}

/** The lists of one side that differ from the other's; `left` are those left out. */
async function filesToRead(
  own: PackageFiles,
  other: PackageFiles,
  { tree, otherTree }: { readonly tree: FileTree; readonly otherTree: FileTree },
): Promise<{ readonly files: readonly PackageFile[]; readonly left: readonly DiffRemark[] }> {
  const pacer = new Pacer();
  const files: PackageFile[] = [];
  const left: DiffRemark[] = [];
  const locked = lockedFolders(own, other);
  let npmCount = 0;
  for (const one of own.files.values()) {
    if (pacer.isDue) await pacer.pause();
    const twin = other.files.get(one.path);
    if (twin?.file.sha256 !== undefined && twin.file.sha256 === one.file.sha256) continue;
    if (twin === undefined && isPart(otherTree) && one.form !== 'npm') {
      left.push(diffRemark('listOnOneSide', { path: `/${one.path}`, name: tree.name }));
      continue;
    }
    if (one.form === 'npmLock' && !locked.has(folderOf(one.path))) continue;
    if (one.form === 'npm') {
      if (isBelow(one.path, locked)) continue;
      npmCount += 1;
      if (npmCount > mostNpmFiles) continue;
    }
    files.push(one);
  }
  if (npmCount > mostNpmFiles)
    left.push(diffRemark('npmNotRead', { count: npmCount - mostNpmFiles, name: tree.name }));
  return { files, left };
}

function onceEach(remarks: readonly DiffRemark[]): readonly DiffRemark[] {
  return [...new Map(remarks.map((remark) => [JSON.stringify(remark), remark])).values()];
}

/** Some layers, or what a container changed: what is not there may be below. */
function isPart({ kind }: FileTree): boolean {
  return kind === 'layers' || kind === 'changes';
}

/**
 * Folders of packages that npm has listed in one file, on both sides or where the other has none of them. A list that is
 * the same on both sides tells nothing of packages that were changed by hand below it.
 */
function lockedFolders(own: PackageFiles, other: PackageFiles): ReadonlySet<string> {
  const folders = (files: PackageFiles, form: PackageFile['form']): ReadonlySet<string> =>
    new Set([...files.files.values()].flatMap((one) => (one.form === form ? [folderOf(one.path)] : [])));
  const [mine, theirs] = [folders(own, 'npmLock'), folders(other, 'npmLock')];
  const present = new Set<string>();
  for (const one of other.files.values()) if (one.form === 'npm') present.add(nodeModulesOf(one.path));
  const isSame = (folder: string): boolean => {
    const [one, twin] = [own, other].map(
      ({ files }) => files.get(`${folder}/.package-lock.json`)?.file.sha256,
    );
    return one !== undefined && one === twin;
  };
  return new Set([...mine].filter((folder) => (theirs.has(folder) ? !isSame(folder) : !present.has(folder))));
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** The `node_modules` that a package lies in. */
function nodeModulesOf(path: string): string {
  return path.slice(0, path.lastIndexOf('node_modules/') + 'node_modules'.length);
}

function isBelow(path: string, folders: ReadonlySet<string>): boolean {
  if (folders.size === 0) return false;
  for (let at = path.indexOf('node_modules/'); at >= 0; at = path.indexOf('node_modules/', at + 1))
    if (folders.has(path.slice(0, at + 'node_modules'.length))) return true;
  return false;
}
