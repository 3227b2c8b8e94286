import { diffRemark, type DiffRemark } from '../diffRemark.ts';
import { Pacer } from '../archive/pacer.ts';
import { isThere, type TreeFile, type TreeNode } from '../layers/treeNode.ts';
import type { InstalledPackage, PackageManager } from './installedPackage.ts';

/** A file that lists packages, or is all that is known of one. */
export interface PackageFile {
  readonly manager: PackageManager;
  readonly form: 'debian' | 'alpine' | 'rpm' | 'npm' | 'npmLock' | 'python';
  readonly path: string;
  readonly file: TreeFile<unknown>;
}

/** Where a tree of files says which packages it has. */
export interface PackageFiles {
  /** By their paths. */
  readonly files: ReadonlyMap<string, PackageFile>;
  /** Packages of which the name of a file says everything. */
  readonly named: readonly InstalledPackage[];
  /** What would have to be read too and can't be, in words. */
  readonly remarks: readonly DiffRemark[];
}

const debianStatus = ['var/lib/dpkg/status', 'usr/lib/dpkg/status'];
/** Images without a shell have one file for each package. */
const debianFolder = 'var/lib/dpkg/status.d';
const alpineLists = ['lib/apk/db/installed', 'usr/lib/apk/db/installed'];
const rpmFolders = ['var/lib/rpm', 'usr/lib/sysimage/rpm', 'usr/share/rpm'];
const rpmDatabases = ['rpmdb.sqlite', 'Packages.db', 'Packages'];
const pythonFolders = new Set(['site-packages', 'dist-packages']);

/** The lists of packages in a tree of files, links not followed. Rejects with an AbortError. */
export async function findPackageFiles(root: TreeNode<unknown>, signal: AbortSignal): Promise<PackageFiles> {
  const found = new PackageFinder(root);
  found.takeSystemLists();
  const pacer = new Pacer();
  const ahead: [path: string, node: TreeNode<unknown>][] = [['', root]];
  for (let next = ahead.pop(); next; next = ahead.pop()) {
    const [folder, node] = next;
    for (const [name, child] of node.children ?? []) {
      if (pacer.isDue) {
        await pacer.pause();
        signal.throwIfAborted();
      }
      if (child.children === undefined) continue;
      const path = folder === '' ? name : `${folder}/${name}`;
      if (name === 'node_modules') found.takeNodeModules(path, child);
      else if (pythonFolders.has(name)) found.takePython(path, child);
      ahead.push([path, child]);
    }
  }
  return found;
}

class PackageFinder implements PackageFiles {
  readonly files = new Map<string, PackageFile>();
  readonly named: InstalledPackage[] = [];
  readonly remarks: DiffRemark[] = [];
  readonly #root: TreeNode<unknown>;

  constructor(root: TreeNode<unknown>) {
    this.#root = root;
  }

  takeSystemLists(): void {
    for (const path of debianStatus) this.#take(path, { manager: 'dpkg', form: 'debian' });
    for (const name of nodeAt(this.#root, debianFolder)?.children?.keys() ?? [])
      if (!name.endsWith('.md5sums'))
        this.#take(`${debianFolder}/${name}`, { manager: 'dpkg', form: 'debian' });
    for (const path of alpineLists) this.#take(path, { manager: 'apk', form: 'alpine' });
    for (const folder of rpmFolders) {
      const database = rpmDatabases.find((name) => fileIn(this.#root, `${folder}/${name}`) !== undefined);
      if (database === undefined) continue;
      this.#take(`${folder}/${database}`, { manager: 'rpm', form: 'rpm' });
      const log = `${folder}/${database}-wal`;
      if ((fileIn(this.#root, log)?.sizeBytes ?? 0) > 0)
        this.remarks.push(diffRemark('listHasLog', { path: `/${log}` }));
    }
  }

  /** What is in it by its own lock, and each package by its own package.json. */
  takeNodeModules(path: string, { children }: TreeNode<unknown>): void {
    this.#take(`${path}/.package-lock.json`, { manager: 'npm', form: 'npmLock' });
    for (const [name, child] of children ?? []) {
      if (name.startsWith('@'))
        for (const inScope of child.children?.keys() ?? []) this.#takeNpm(`${path}/${name}/${inScope}`);
      else if (!name.startsWith('.')) this.#takeNpm(`${path}/${name}`);
    }
  }

  /** `NAME-VERSION.dist-info` and `NAME-VERSION[-pyX.Y].egg-info`; an egg-info without a version is read. */
  takePython(path: string, { children }: TreeNode<unknown>): void {
    for (const [name, child] of children ?? []) {
      if (!isThere(child) || !/\.(?:dist|egg)-info$/.test(name)) continue;
      const [, called, version] =
        /^([^-]+)-([^-]+)(?:-py[\d.]+)?(?:-[\w.]+)?\.(?:dist|egg)-info$/.exec(name) ?? [];
      if (called !== undefined && version !== undefined)
        this.named.push({ manager: 'pip', name: pythonName(called), version, place: path });
      else this.#take(`${path}/${name}/PKG-INFO`, { manager: 'pip', form: 'python' });
    }
  }

  #takeNpm(folder: string): void {
    this.#take(`${folder}/package.json`, { manager: 'npm', form: 'npm' });
  }

  #take(path: string, form: Pick<PackageFile, 'manager' | 'form'>): void {
    const file = fileIn(this.#root, path);
    if (file !== undefined && file.sizeBytes > 0) this.files.set(path, { ...form, path, file });
  }
}

/** Names that differ in case, or in the kind of dashes, mean one package. Source: PEP 503. */
export function pythonName(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase();
}

function fileIn(root: TreeNode<unknown>, path: string): TreeFile<unknown> | undefined {
  const node = nodeAt(root, path);
  return node?.children === undefined && node?.file?.type === 'file' ? node.file : undefined;
}

function nodeAt(root: TreeNode<unknown>, path: string): TreeNode<unknown> | undefined {
  let node: TreeNode<unknown> | undefined = root;
  for (const part of path.split('/')) node = node?.children?.get(part);
  return node;
}
