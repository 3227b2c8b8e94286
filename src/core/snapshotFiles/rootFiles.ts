import { failure, isCancellation } from '../errors.ts';
import { loadTree, type Scope } from '../layers/loadTree.ts';
import { readEntries, readFileData, type FileToRead, type ReadEntry } from '../layers/readFileData.ts';
import { fileFacts, isThere, type TreeFile, type TreeLayer, type TreeNode } from '../layers/treeNode.ts';
import type { BlobReader, CancelOptions } from '../vault/blobStore.ts';
import type { FilesToExtract } from './filesToExtract.ts';
import type { SnapshotRoot } from './snapshotRoots.ts';

/** What a name in a snapshot stands for. */
export interface FileEntry {
  /** Its last part; empty for the root. */
  readonly name: string;
  /** From the root, without a slash before it. Links on the way are resolved. */
  readonly path: string;
  /** `hardlink` only where the file that it names is not there. */
  readonly type: TreeFile['type'];
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  /** Seconds since 1970, with a fraction; undefined for a folder that no entry names. */
  readonly mtime?: number;
  /** A symlink's target as it is written. */
  readonly link?: string;
  /** Of a file's data, 64 hex digits. */
  readonly sha256?: string;
}

/** A name that was found, with what the tree knows of it. */
export interface FoundNode {
  readonly entry: FileEntry;
  readonly node: TreeNode;
}

/** As many as Linux follows. */
const maxLinks = 40;

/**
 * The files of one file system of a snapshot. Paths are taken from the root, with or without a slash before them;
 * symlinks lead to places in the same root, never out of it. A single file is found without reading more of the
 * layers' indexes than tell where it is; the first list of a folder reads all of them, once.
 */
export class RootFiles implements FilesToExtract<TreeLayer> {
  readonly root: SnapshotRoot;
  readonly #store: BlobReader;
  #tree: Promise<TreeNode> | undefined;
  #isTreeThere = false;

  constructor(store: BlobReader, root: SnapshotRoot) {
    this.#store = store;
    this.root = root;
  }

  get name(): string {
    return this.root.name;
  }

  /** What is at `path`; a link there is not followed. Undefined where there is nothing. */
  async stat(path: string, cancel: CancelOptions = {}): Promise<FileEntry | undefined> {
    return (await this.find(path, { followLast: false }, cancel))?.entry;
  }

  /** What is in a folder, by name. Rejects with `pathMissing`, `pathIsNot`, `treeTooLarge`. */
  async list(path: string, cancel: CancelOptions = {}): Promise<readonly FileEntry[]> {
    await this.loadAll(cancel);
    const { node, entry } = await this.require(path, cancel);
    if (node.children === undefined) throw failure('pathIsNot', { ...this.#label(path), kind: 'folder' });
    return [...node.children]
      .filter(([, child]) => isThere(child))
      .map(([name, child]) => entryOf(child, joined(entry.path, name)))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * The bytes of a file; links are followed. Rejects before the first byte with `pathMissing`, `pathIsNot`,
   * `pathUnreadable`, and fails with `fileDamaged` at its end.
   */
  async open(
    path: string,
    cancel: CancelOptions = {},
  ): Promise<{ readonly entry: FileEntry; readonly bytes: AsyncIterable<Uint8Array> }> {
    const { entry, node } = await this.require(path, cancel);
    if (node.file?.type !== 'file') throw failure('pathIsNot', { ...this.#label(path), kind: 'file' });
    return { entry, bytes: this.read(node.file, path, cancel) };
  }

  /** The bytes of a file of the tree, checked. */
  read(file: TreeFile, path: string, cancel: CancelOptions = {}): AsyncIterable<Uint8Array> {
    return readFileData(this.#store, file, this.#label(path), cancel);
  }

  /** Many files of the tree, in the order that is quickest; see {@link readEntries}. */
  readMany<T extends FileToRead>(
    files: readonly T[],
    cancel: CancelOptions = {},
  ): AsyncGenerator<ReadEntry<T>, void, undefined> {
    return readEntries(this.#store, { files, name: this.root.name }, cancel);
  }

  /** What is at `path`, links followed; rejects with `pathMissing`. */
  async require(path: string, cancel: CancelOptions = {}): Promise<FoundNode> {
    const found = await this.find(path, { followLast: true }, cancel);
    if (found === undefined) throw failure('pathMissing', this.#label(path));
    return found;
  }

  /** The tree below `path`, links on the way to it followed. Rejects with `pathMissing`, `treeTooLarge`. */
  async below(path: string, cancel: CancelOptions = {}): Promise<FoundNode> {
    const found = await this.find(path, { followLast: false }, cancel);
    if (found === undefined) throw failure('pathMissing', this.#label(path));
    if (this.#isTreeThere || found.node.children === undefined) return found;
    const parts = partsIn(found.entry.path);
    const node = nodeAt(await this.#load({ kind: 'below', parts }, cancel), parts);
    if (node === undefined) throw failure('pathMissing', this.#label(path));
    return { entry: found.entry, node };
  }

  async find(
    path: string,
    { followLast }: { readonly followLast: boolean },
    cancel: CancelOptions = {},
  ): Promise<FoundNode | undefined> {
    const ahead = partsIn(path).toReversed();
    const at: string[] = [];
    let loaded: { readonly parts: readonly string[]; readonly tree: TreeNode } | undefined;
    for (let links = 0; ;) {
      if (!at.every((part, place) => loaded?.parts[place] === part)) loaded = undefined;
      loaded ??= await this.#loadFor([...at, ...ahead.toReversed()], cancel);
      const node = nodeAt(loaded.tree, at);
      if (node === undefined || !isThere(node)) return undefined;
      const target = node.file?.type === 'symlink' ? node.file.link : undefined;
      if (target !== undefined && (ahead.length > 0 || followLast)) {
        links += 1;
        if (links > maxLinks)
          throw failure('pathUnreadable', { ...this.#label(path), reason: 'its links lead in a circle' });
        if (target.startsWith('/')) at.length = 0;
        else at.pop();
        ahead.push(...partsIn(target).toReversed());
      } else if (ahead.length === 0) return { entry: entryOf(node, at.join('/')), node };
      else if (node.children === undefined) return undefined;
      const next = ahead.pop();
      if (next === '..') at.pop();
      else if (next !== undefined) at.push(next);
    }
  }

  /** Reads the whole tree, once. */
  async loadAll(cancel: CancelOptions = {}): Promise<TreeNode> {
    for (;;) {
      const tree = (this.#tree ??= this.#load({ kind: 'all' }, cancel));
      try {
        const root = await tree;
        this.#isTreeThere = true;
        return root;
      } catch (error) {
        if (this.#tree === tree) this.#tree = undefined;
        // Another reader may have cancelled the load that this one waited for.
        cancel.signal?.throwIfAborted();
        if (!isCancellation(error)) throw error;
      }
    }
  }

  /** A tree with all on the way along `parts`, as far as it is plain where that leads. */
  async #loadFor(
    parts: readonly string[],
    cancel: CancelOptions,
  ): Promise<{ readonly parts: readonly string[]; readonly tree: TreeNode }> {
    const up = parts.indexOf('..');
    const plain = up < 0 ? parts : parts.slice(0, up);
    const isKept = this.#isTreeThere && this.#tree !== undefined;
    return {
      parts: plain,
      tree: await (isKept ? this.loadAll(cancel) : this.#load({ kind: 'name', parts: plain }, cancel)),
    };
  }

  #load(scope: Scope, cancel: CancelOptions): Promise<TreeNode> {
    const { strata, name } = this.root;
    return loadTree(this.#store, { strata, scope, name }, cancel);
  }

  #label(path: string): { readonly path: string; readonly name: string } {
    return { path: `/${partsIn(path).join('/')}`, name: this.root.name };
  }
}

/** A name in a tree as people are shown it. */
export function entryOf({ file }: TreeNode<unknown>, path: string): FileEntry {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (file === undefined) return { name, path, type: 'directory', mode: 0o755, uid: 0, gid: 0, sizeBytes: 0 };
  return { name, path, ...fileFacts(file) };
}

export function joined(folder: string, name: string): string {
  return [folder, name].filter((part) => part !== '').join('/');
}

function nodeAt(root: TreeNode, parts: readonly string[]): TreeNode | undefined {
  let node: TreeNode | undefined = root;
  for (const part of parts) node = node?.children?.get(part);
  return node;
}

/** `..` stays, and means the folder above what links before it lead to. */
function partsIn(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
