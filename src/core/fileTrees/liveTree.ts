import type { PathStat } from '../engine/records.ts';
import { failure, isCancellation } from '../errors.ts';
import type { TreeFile } from '../layers/treeNode.ts';
import type { Operation } from '../progress.ts';
import { joined } from '../snapshotFiles/rootFiles.ts';
import type { ChangedNode } from './containerChanges.ts';

/** A name in a container or a volume as it was when it was listed. */
export interface LiveEntry {
  /** Its last part. */
  readonly name: string;
  /** As `entryNames.ts` writes paths. */
  readonly path: string;
  readonly type: TreeFile['type'] | PathStat['type'];
  readonly mode: number;
  /** Left out where an engine that was asked for one name does not tell it. */
  readonly uid?: number;
  readonly gid?: number;
  readonly sizeBytes: number;
  /** Seconds since 1970; left out for a folder that no tar names. */
  readonly mtime?: number;
  /** A symlink's target as it is written. */
  readonly link?: string;
  /** Something is mounted there. */
  readonly isMount: boolean;
}

/** A name in such a tree; that of an image or of a tar is one. With neither file nor children there is nothing. */
export interface LiveNode {
  readonly file?: Omit<LiveEntry, 'name' | 'path' | 'isMount'>;
  readonly children?: ReadonlyMap<string, LiveNode>;
}

/** What an image has with what a container changed; undefined where nothing is left. */
export function overlaid(image: LiveNode | undefined, change: ChangedNode): LiveNode | undefined {
  const below = change.hidesLower ? undefined : image;
  const file = change.file ?? below?.file;
  const isFolder = (file?.type ?? 'directory') === 'directory';
  if (!isFolder) return { ...(file && { file }) };
  const children = new Map(below?.children);
  for (const [name, child] of change.children) {
    const node = overlaid(below?.children?.get(name), child);
    if (node === undefined) children.delete(name);
    else children.set(name, node);
  }
  // What went while it was looked at.
  if (file === undefined && below?.children === undefined && children.size === 0) return undefined;
  return { ...(file && { file }), children };
}

/** What is in a folder of a tree, by name. Throws `pathMissing`, `pathIsNot`; `of` is what these call it. */
export function entriesIn(
  root: LiveNode,
  path: string,
  of: { readonly path: string; readonly name: string },
): readonly LiveEntry[] {
  let node: LiveNode | undefined = root;
  for (const part of path.split('/')) if (part !== '') node = node?.children?.get(part);
  const label = { path: `/${of.path}`, name: of.name };
  if (node === undefined || !isThere(node)) throw failure('pathMissing', label);
  if (node.children === undefined) throw failure('pathIsNot', { ...label, kind: 'folder' });
  return [...node.children]
    .filter(([, child]) => isThere(child))
    .map(([name, child]) => entryOf(child, name, joined(of.path, name)));
}

function isThere({ file, children }: LiveNode): boolean {
  return file !== undefined || children !== undefined;
}

function entryOf({ file }: LiveNode, name: string, path: string): LiveEntry {
  if (file === undefined) return { name, path, type: 'directory', mode: 0o755, sizeBytes: 0, isMount: false };
  const { type, mode, uid, gid, sizeBytes, mtime, link } = file;
  return {
    name,
    path,
    type,
    mode,
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
    sizeBytes,
    ...(mtime !== undefined && { mtime }),
    ...(link !== undefined && { link }),
    isMount: false,
  };
}

/** Something that is made once for all who ask, until it is forgotten. */
export class Kept<T> {
  readonly #make: (operation: Operation) => Promise<T>;
  #made: Promise<T> | undefined;

  constructor(make: (operation: Operation) => Promise<T>) {
    this.#make = make;
  }

  async get(operation: Operation): Promise<T> {
    for (;;) {
      const made = (this.#made ??= this.#make(operation));
      try {
        return await made;
      } catch (error) {
        if (this.#made === made) this.#made = undefined;
        // Another one may have cancelled what this one waited for.
        operation.signal.throwIfAborted();
        if (!isCancellation(error)) throw error;
      }
    }
  }

  forget(): void {
    this.#made = undefined;
  }
}
