import type { LayerIndex } from '../vault/layerIndex.ts';
import type { LayerEntry } from '../vault/layerEntry.ts';

/** A tar in the vault. */
export interface TreeLayer {
  readonly index: LayerIndex;
}

/** What a tar says of one file, whatever it is. Names that are hard links of each other share one. `L` is its layer. */
export interface TreeFile<L = TreeLayer> {
  readonly type: LayerEntry['type'];
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of data; 0 for all but files. */
  readonly sizeBytes: number;
  /** Seconds since 1970, with a fraction. */
  readonly mtime: number;
  /** A symlink's target as it is written; of a hard link, whose other name was not found, that name. */
  readonly link?: string;
  /** The bytes of a target that is no UTF-8, in base64. */
  readonly rawLink?: string;
  /** Of a file's data, 64 hex digits. */
  readonly sha256?: string;
  /** The data is a map of holes and pieces. */
  readonly isSparse: boolean;
  /** Extended attributes, names to values in base64. */
  readonly xattrs?: Readonly<Record<string, string>>;
  /** Major and minor number of a device. */
  readonly device?: readonly [number, number];
  /** Where its headers and its data start in the plain tar. */
  readonly header: number;
  readonly offset: number;
  readonly layer: L;
}

/** What people are told of a file, wherever it lies. */
export type FileFacts = Pick<
  TreeFile<unknown>,
  'type' | 'mode' | 'uid' | 'gid' | 'sizeBytes' | 'mtime' | 'link' | 'sha256'
>;

export function fileFacts({ type, mode, uid, gid, sizeBytes, mtime, link, sha256 }: FileFacts): FileFacts {
  return {
    type,
    mode,
    uid,
    gid,
    sizeBytes,
    mtime,
    ...(link !== undefined && { link }),
    ...(sha256 !== undefined && { sha256 }),
  };
}

/**
 * A name in a tree of layers. With `children` it is a folder, which no entry may have named; with a `file` and no
 * children it is anything else; with neither it is a name that a layer took away.
 */
export interface TreeNode<L = TreeLayer> {
  file?: TreeFile<L>;
  children?: Map<string, TreeNode<L>>;
  /** Nothing of the layers below is seen through it. */
  hidesLower: boolean;
}

export function isThere({ file, children }: TreeNode<unknown>): boolean {
  return file !== undefined || children !== undefined;
}

/** Makes nodes, at most so many. */
export class TreeGrower {
  #left: number;
  readonly #tooMany: () => Error;

  constructor(most: number, tooMany: () => Error) {
    this.#left = most;
    this.#tooMany = tooMany;
  }

  /** The node at `parts`, made with folders on the way to it where it is not there. A file on the way is replaced. */
  at<L>(root: TreeNode<L>, parts: readonly string[]): TreeNode<L> {
    let node = root;
    for (const part of parts) {
      const children = childrenOf(node);
      let child = children.get(part);
      if (child === undefined) {
        this.#left -= 1;
        if (this.#left < 0) throw this.#tooMany();
        child = { hidesLower: false };
        children.set(part, child);
      }
      node = child;
    }
    return node;
  }
}

/** Makes a node a folder, if it is none. */
export function childrenOf<L>(node: TreeNode<L>): Map<string, TreeNode<L>> {
  if (node.children !== undefined) return node.children;
  delete node.file;
  return (node.children = new Map<string, TreeNode<L>>());
}

/** Puts a file where a node is, as unpacking does: a folder over a folder keeps what is in it. */
export function placeFile<L>(node: TreeNode<L>, file: TreeFile<L>): void {
  if (file.type === 'directory') childrenOf(node);
  else delete node.children;
  node.file = file;
}

/** The name at `parts`, taken away or not. */
export function nodeAt<L>(root: TreeNode<L>, parts: readonly string[]): TreeNode<L> | undefined {
  let node: TreeNode<L> | undefined = root;
  for (const part of parts) node = node?.children?.get(part);
  return node;
}

/** What is at `parts` and is no folder; a hard link only where what it names was not found. */
export function fileAt<L>(root: TreeNode<L>, parts: readonly string[]): TreeFile<L> | undefined {
  const node = nodeAt(root, parts);
  return node?.children === undefined && node?.file?.type !== 'directory' ? node?.file : undefined;
}

/** What an entry of a tar says of its file. */
export function fileOf<L>(entry: LayerEntry, layer: L): TreeFile<L> {
  const file: { -readonly [K in keyof TreeFile<L>]: TreeFile<L>[K] } = {
    type: entry.type,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    sizeBytes: entry.size,
    mtime: entry.mtime,
    isSparse: entry.sparse === true,
    header: entry.header,
    offset: entry.offset,
    layer,
  };
  // Set one by one and not spread: layers have a hundred thousand entries.
  const { link, rawLink, sha256, xattrs, device } = entry;
  if (sha256 !== undefined) file.sha256 = sha256;
  if (link !== undefined) file.link = link;
  if (rawLink !== undefined) file.rawLink = rawLink;
  if (xattrs !== undefined) file.xattrs = xattrs;
  if (device !== undefined) file.device = device;
  return file;
}

/**
 * Lays one folder over a lower one, which must not be used any more: parts of it become parts of `upper`. What is in both
 * is given to `both`.
 */
export function mergeNode<L>(
  upper: TreeNode<L>,
  lower: TreeNode<L>,
  both: (above: TreeNode<L>, below: TreeNode<L>) => void,
): void {
  if (upper.hidesLower || upper.children === undefined) return;
  if (lower.children === undefined) {
    upper.hidesLower ||= isThere(lower) || lower.hidesLower;
    return;
  }
  // A layer need not name the folders on the way to what it changes; they stay as they are below.
  if (upper.file === undefined && lower.file !== undefined) upper.file = lower.file;
  for (const [name, below] of lower.children) {
    const above = upper.children.get(name);
    if (above === undefined) upper.children.set(name, below);
    else both(above, below);
  }
  upper.hidesLower = lower.hidesLower;
}

/** A copy that can be merged while the first stays as it is. */
export function copyOf(node: TreeNode): TreeNode {
  const { children, ...rest } = node;
  if (children === undefined) return rest;
  return { ...rest, children: new Map([...children].map(([name, child]) => [name, copyOf(child)])) };
}

/** Whether layers further below can't change any more what is at `parts`. */
export function isSettled(root: TreeNode, parts: readonly string[]): boolean {
  let node = root;
  for (const part of parts) {
    if (node.children === undefined) return true;
    const child = node.children.get(part);
    if (child === undefined) return node.hidesLower;
    node = child;
  }
  return node.children === undefined || node.file !== undefined || node.hidesLower;
}
