import { failure } from '../errors.ts';
import { isRaw } from '../layers/entryNames.ts';
import { isThere, type TreeFile, type TreeLayer, type TreeNode } from '../layers/treeNode.ts';
import { joined } from './rootFiles.ts';

/** Something that does not come along, or not as it was. */
export interface LeftOut {
  readonly path: string;
  /**
   * `device`, `fifo`: not made. `sparse`, `linkless`: a file whose data can't be read, or a hard link whose other name
   * is not there. `name`: a name that this system can't write. `symlink`: a link that it does not let be made.
   * `attributes`: made without its extended attributes. `copied`: a hard link that became a file of its own.
   */
  readonly reason:
    'device' | 'fifo' | 'sparse' | 'linkless' | 'name' | 'symlink' | 'attributes' | 'copied' | 'other';
}

/** Something to be made, by its path below what is extracted; empty for that itself. */
export interface ItemToMake<L = TreeLayer> {
  readonly path: string;
  /** Left out for a folder that no entry names. */
  readonly file?: TreeFile<L>;
}

/** One that is no folder. */
export interface FileToMake<L = TreeLayer> extends ItemToMake<L> {
  readonly file: TreeFile<L>;
}

/** What there is to make, folders before what is in them. */
export interface ExtractPlan<L = TreeLayer> {
  readonly folders: readonly ItemToMake<L>[];
  readonly files: readonly FileToMake<L>[];
  /** Other names of files among `files`. */
  readonly links: readonly FileToMake<L>[];
  readonly symlinks: readonly FileToMake<L>[];
  /** Devices and named pipes, where they can be made. */
  readonly specials: readonly FileToMake<L>[];
  readonly left: readonly LeftOut[];
  readonly sizeBytes: number;
}

export interface PlanRules {
  /** Whether names that differ only in case or in how accents are written are one name there. */
  readonly isCaseBlind: boolean;
  /** Whether names are bytes, as on Linux. */
  readonly takesRawNames: boolean;
  readonly takesSpecials: boolean;
  readonly takesXattrs: boolean;
  /** Names that can't be there, whatever they are. */
  readonly isBadName: (name: string) => boolean;
  /** What failures call the file system that is extracted from. */
  readonly name: string;
}

const leftReasons: Readonly<Partial<Record<TreeFile['type'], LeftOut['reason']>>> = {
  'char-device': 'device',
  'block-device': 'device',
  fifo: 'fifo',
  hardlink: 'linkless',
  other: 'other',
};

const specialTypes: ReadonlySet<TreeFile['type']> = new Set(['char-device', 'block-device', 'fifo']);

/** Plans to make `node` and all that is in it. Throws `pathClash` where two names would be one. */
export function planExtract<L>(node: TreeNode<L>, rules: PlanRules): ExtractPlan<L> {
  const folders: ItemToMake<L>[] = [];
  const files: FileToMake<L>[] = [];
  const links: FileToMake<L>[] = [];
  const symlinks: FileToMake<L>[] = [];
  const specials: FileToMake<L>[] = [];
  const left: LeftOut[] = [];
  const seen = new Set<TreeFile<L>>();
  let sizeBytes = 0;
  const ahead: { readonly node: TreeNode<L>; readonly path: string }[] = [{ node, path: '' }];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    const { path, node: at } = next;
    const { file, children } = at;
    if (file?.xattrs !== undefined && !rules.takesXattrs) left.push({ path, reason: 'attributes' });
    if (children !== undefined) {
      folders.push({ path, ...(file && { file }) });
      const names = [...children].filter(([, child]) => isThere(child)).map(([name]) => name);
      if (rules.isCaseBlind) requireDistinct(names, path, rules.name);
      for (const name of names.toSorted().reverse()) {
        const child = children.get(name);
        const childPath = joined(path, name);
        const isBad = rules.isBadName(name) || (isRaw(name) && !rules.takesRawNames);
        if (isBad) left.push({ path: childPath, reason: 'name' });
        else if (child !== undefined) ahead.push({ node: child, path: childPath });
      }
    } else if (file?.type === 'symlink') symlinks.push({ path, file });
    else if (file?.type === 'file' && !file.isSparse) {
      if (seen.has(file)) links.push({ path, file });
      else {
        files.push({ path, file });
        sizeBytes += file.sizeBytes;
      }
      seen.add(file);
    } else if (file !== undefined && rules.takesSpecials && specialTypes.has(file.type))
      specials.push({ path, file });
    else if (file !== undefined)
      left.push({ path, reason: file.isSparse ? 'sparse' : (leftReasons[file.type] ?? 'other') });
  }
  return { folders, files, links, symlinks, specials, left, sizeBytes };
}

function requireDistinct(names: readonly string[], folder: string, name: string): void {
  const known = new Map<string, string>();
  for (const one of names) {
    const folded = one.normalize('NFC').toLowerCase();
    const other = known.get(folded);
    if (other !== undefined)
      throw failure('pathClash', {
        path: `/${joined(folder, one)}`,
        other: `/${joined(folder, other)}`,
        name,
      });
    known.set(folded, one);
  }
}
