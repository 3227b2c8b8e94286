import type { TarEntry } from '../archive/tarHeader.ts';
import { readTar } from '../archive/tarReader.ts';
import { tarEnd, tarPadding } from '../archive/tarWriter.ts';
import type { Engine } from '../engine/engine.ts';
import type { ContainerDetails } from '../engine/records.ts';
import { DrydockError, failure } from '../errors.ts';
import { exactPath, partsOf, pathBytes } from '../layers/entryNames.ts';
import type { TreeNode } from '../layers/treeNode.ts';
import type { Operation } from '../progress.ts';
import { joined } from '../snapshotFiles/rootFiles.ts';
import { headersOf } from '../volumes/renamedTar.ts';
import type { ChangedNode } from './containerChanges.ts';
import { openable, pickEntry, type OpenPart } from './pickedFile.ts';

export interface ChosenChanges {
  readonly container: ContainerDetails;
  readonly changes: ChangedNode;
  /** Names among the changes; of a folder all changes below it are meant. */
  readonly paths: ReadonlySet<string>;
  /** All files of the image that the container runs on. */
  readonly image: TreeNode<unknown>;
}

/**
 * The tar of a layer that holds the chosen changes of a container and no others: files as the engine hands them out
 * now, whiteouts for what is deleted, and the folders on the way as they are in the image, for an engine would make
 * them up. What is mounted is not part of it. Fails with `fileChanged` where something went meanwhile.
 */
export async function* changedLayer(
  engine: Engine,
  { container, changes, paths, image }: ChosenChanges,
  { signal, progress }: Operation,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { id, name } = container;
  const targets = container.mounts.map(({ target }) => (partsOf(target) ?? []).join('/'));
  const open: OpenPart = async (path, cancel) => ({
    tar: await engine.containers.readArchive(id, `/${path}`, { signal: cancel }),
    above: folderOf(path),
  });
  const made = new Set(['']);

  const gone = (path: string, cause?: unknown): Error =>
    failure('fileChanged', { path: `/${path}`, name, reason: 'it is not there any more' }, cause);
  const headerNow = async (path: string): Promise<Uint8Array> => {
    for await (const { entry } of pickEntry(open, { path, name }, signal))
      return headersAs(entry, path, name);
    throw gone(path);
  };
  async function* foldersTo(path: string): AsyncGenerator<Uint8Array, void, undefined> {
    const parts = path.split('/').slice(0, -1);
    for (const end of parts.keys()) {
      const folder = parts.slice(0, end + 1).join('/');
      if (made.has(folder)) continue;
      made.add(folder);
      const known = nodeAt(image, folder);
      yield known?.children === undefined
        ? await headerNow(folder)
        : headersAs(folderEntry(known.file), folder, name);
    }
  }
  /** All that is at a path and below it. */
  async function* whole(path: string): AsyncGenerator<Uint8Array, void, undefined> {
    const part = await open(openable(path), signal).catch((error: unknown) => {
      throw error instanceof DrydockError && error.code === 'engineNotFound' ? gone(path, error) : error;
    });
    try {
      for await (const { entry, data } of readTar(part.tar, name)) {
        const at = joined(part.above, textOf(entry.path, entry.rawPath));
        const isIn = at === path || at.startsWith(`${path}/`);
        if (!isIn || targets.some((target) => at === target || at.startsWith(`${target}/`))) continue;
        const linked = joined(part.above, textOf(entry.linkPath, entry.rawLinkPath));
        const isLink = entry.type === 'hardlink';
        yield headersAs(
          isLink ? { ...entry, linkPath: linked, rawLinkPath: pathBytes(linked) } : entry,
          at,
          name,
        );
        yield* data;
        yield tarPadding(entry.sizeBytes);
      }
    } finally {
      part.tar.destroy();
    }
  }
  async function* visit(
    node: ChangedNode,
    isAboveChosen: boolean,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    signal.throwIfAborted();
    const { path, kind, file } = node;
    const isChosen = isAboveChosen || paths.has(path);
    if (isChosen && kind !== undefined) {
      progress.report({ phase: 'reading', item: path });
      yield* foldersTo(path);
      if (file === undefined && kind === 'deleted') {
        const there = namedInImage(image, path);
        if (there === undefined)
          throw failure('fileChanged', { path: `/${path}`, name, reason: 'its name is not told exactly' });
        yield headersAs(whiteout, joined(folderOf(there), `.wh.${nameOf(there)}`), name);
        return;
      }
      if (kind === 'added' || file?.type !== 'directory') {
        yield* whole(path);
        return;
      }
      made.add(path);
      yield await headerNow(path);
      if (node.hidesLower) yield headersAs(whiteout, `${path}/.wh..wh..opq`, name);
    }
    for (const child of node.children.values()) yield* visit(child, isChosen);
  }
  yield* visit(changes, paths.has(''));
  yield tarEnd;
}

const plain: TarEntry = {
  path: '',
  type: 'file',
  mode: 0o600,
  uid: 0,
  gid: 0,
  sizeBytes: 0,
  mtime: 0,
  linkPath: '',
  pax: new Map(),
  isSparse: false,
  headerOffset: 0,
  dataOffset: 0,
};
const whiteout = plain;

function folderEntry(file: TreeNode<unknown>['file']): TarEntry {
  const { mode, uid, gid, mtime, xattrs = {} } = file ?? { mode: 0o755, uid: 0, gid: 0, mtime: 0 };
  const pax = new Map(
    Object.entries(xattrs).map(([key, value]) => [`SCHILY.xattr.${key}`, Buffer.from(value, 'base64')]),
  );
  return { ...plain, type: 'directory', mode, uid, gid, mtime, pax };
}

/** The headers of an entry under a path of the root. */
function headersAs(entry: TarEntry, path: string, name: string): Uint8Array {
  const rawPath = pathBytes(entry.type === 'directory' ? `${path}/` : path);
  return headersOf({ ...entry, path, rawPath }, { from: '', to: '' }, name);
}

function textOf(path: string, raw: Uint8Array | undefined): string {
  const rawPath = raw && Buffer.from(raw).toString('base64');
  return (partsOf(exactPath({ path, rawPath })) ?? []).join('/');
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/**
 * What the image calls a path that an engine told. Engines tell names in JSON, where every byte that is no UTF-8 became
 * U+FFFD; undefined where nobody can say which one is meant.
 */
function namedInImage(image: TreeNode<unknown>, path: string): string | undefined {
  if (!path.includes('\ufffd')) return path;
  const names = [...(nodeAt(image, folderOf(path))?.children?.keys() ?? [])];
  const meant = names.filter((one) => one.replace(/[\udc80-\udcff]/gu, '\ufffd') === nameOf(path));
  return meant.length === 1 ? joined(folderOf(path), meant[0] ?? '') : undefined;
}

function nodeAt(root: TreeNode<unknown>, path: string): TreeNode<unknown> | undefined {
  let node: TreeNode<unknown> | undefined = root;
  for (const part of path.split('/')) if (part !== '') node = node?.children?.get(part);
  return node;
}
