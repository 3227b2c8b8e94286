import type { Engine } from '../engine/engine.ts';
import type { ContainerDetails, PathStat } from '../engine/records.ts';
import { DrydockError } from '../errors.ts';
import { exactPath, isRaw, partsOf } from '../layers/entryNames.ts';
import type { TreeFile } from '../layers/treeNode.ts';
import type { Operation } from '../progress.ts';
import { joined } from '../snapshotFiles/rootFiles.ts';
import type { LayerEntry } from '../vault/layerEntry.ts';
import { tarEntries } from '../volumes/tarEntries.ts';
import type { GrowingNode } from './containerChanges.ts';

/** What a name in a container is now. An engine that is asked for one name does not tell its owner, nor its hash. */
export interface ChangedFile {
  readonly type: TreeFile['type'] | PathStat['type'];
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly sizeBytes: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** A symlink's target as it is written. */
  readonly link?: string;
  readonly sha256?: string;
}

/** An engine makes a tar of a folder in about the time in which it tells of so many names. */
const worthATar = 25;
/** And sends about so many bytes while it would tell of one more. */
const bytesForAName = 400 << 10;
const leastBudget = 16 << 20;
/** Names that are asked for at once. */
const lanes = 4;

/**
 * What the names of a tree of changes are now. Folders with many changed names are read as one tar, as long as that is
 * not slower than asking for each name; the others are asked for.
 */
export async function describeChanged(
  engine: Engine,
  { container, root }: { readonly container: ContainerDetails; readonly root: GrowingNode },
  operation: Operation,
): Promise<ReadonlyMap<string, ChangedFile>> {
  const found = new Map<string, ChangedFile>();
  const wanted = new Set<string>();
  /** Also what is deleted and has something in it: then a folder was made in its place. */
  const isWanted = ({ kind, children }: GrowingNode): boolean =>
    kind !== undefined && (kind !== 'deleted' || children.size > 0);
  const visit = (node: GrowingNode): number => {
    let below = 0;
    for (const child of node.children.values()) below += visit(child);
    if (isWanted(node)) wanted.add(node.path);
    sizes.set(node, below);
    return below + (isWanted(node) ? 1 : 0);
  };
  const sizes = new Map<GrowingNode, number>();
  visit(root);
  const total = wanted.size;
  const report = (): void => {
    operation.progress.report({
      phase: 'reading',
      item: `${container.name} ${total - wanted.size}/${total}`,
    });
  };
  const ahead: GrowingNode[] = [root];
  for (let node = ahead.pop(); node !== undefined; node = ahead.pop()) {
    const own = [...node.children.values()].filter((child) => wanted.has(child.path)).length;
    // Of a folder that is new all is wanted; of another one nobody knows what else is in it.
    const many = node.kind === 'added' ? (sizes.get(node) ?? 0) : own;
    if (many >= worthATar && !hasMount(container, node.path) && !isRaw(node.path))
      await readFolder(engine, { container, node, many, wanted, found }, operation);
    report();
    ahead.push(...[...node.children.values()].filter(({ children }) => children.size > 0));
  }
  const askForAll = async (paths: Iterable<string>): Promise<void> => {
    const left = [...paths].values();
    const lane = async (): Promise<void> => {
      for (const path of left) {
        operation.signal.throwIfAborted();
        const file = await askFor(engine, container, path, operation);
        if (file !== undefined) found.set(path, file);
        wanted.delete(path);
        report();
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  };
  await askForAll(wanted);
  const deleted = [...deletedIn(root, found)];
  // A Docker engine tells what was in such a folder instead, and may tell of ten thousand names.
  if (deleted.length > 0 && (await engine.info(operation)).product === 'podman') await askForAll(deleted);
  return found;
}

/**
 * What is told as deleted and has nothing in it: of a folder that was made anew and is empty a Podman tells the same.
 * What was in something that is no folder now is surely gone, and engines fail when they are asked for it.
 */
function* deletedIn(
  node: GrowingNode,
  found: ReadonlyMap<string, ChangedFile>,
): Generator<string, void, undefined> {
  for (const child of node.children.values()) {
    if (child.kind === 'deleted' && child.children.size === 0) yield child.path;
    else if (child.kind === undefined || found.get(child.path)?.type === 'directory')
      yield* deletedIn(child, found);
  }
}

function hasMount({ mounts }: ContainerDetails, path: string): boolean {
  return mounts.some(({ target }) => `${target}/`.startsWith(path === '' ? '/' : `/${path}/`));
}

interface FolderToRead {
  readonly container: ContainerDetails;
  readonly node: GrowingNode;
  /** How many names are hoped for. */
  readonly many: number;
  readonly wanted: Set<string>;
  readonly found: Map<string, ChangedFile>;
}

/** Takes what is wanted out of a folder's tar, until all of it came or too much came with it. */
async function readFolder(
  engine: Engine,
  { container, node, many, wanted, found }: FolderToRead,
  { signal }: Operation,
): Promise<void> {
  let open = countWanted(node, wanted);
  let budget = Math.max(leastBudget, many * bytesForAName);
  try {
    const tar = await engine.containers.readArchive(container.id, `/${node.path}`, { signal });
    const above = node.path.slice(0, Math.max(0, node.path.lastIndexOf('/')));
    async function* within(): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const chunk of tar as AsyncIterable<Uint8Array>) {
        budget -= chunk.length;
        yield chunk;
      }
    }
    try {
      for await (const entry of tarEntries(within(), container.name)) {
        const path = joined(above, (partsOf(exactPath(entry)) ?? []).join('/'));
        const linked =
          entry.type === 'hardlink' ? joined(above, (partsOf(entry.link ?? '') ?? []).join('/')) : path;
        const file = linked === path ? describing(entry) : found.get(linked);
        if (file !== undefined && wanted.delete(path)) {
          found.set(path, file);
          open -= 1;
        }
        if (open === 0 || budget < 0) return;
      }
    } finally {
      tar.destroy();
    }
  } catch (error) {
    // It went, or a file in it got shorter meanwhile: what is still wanted is asked for.
    const isGone = error instanceof DrydockError && ['engineNotFound', 'streamCut'].includes(error.code);
    if (!isGone) throw error;
  }
}

function countWanted(node: GrowingNode, wanted: ReadonlySet<string>): number {
  let count = wanted.has(node.path) ? 1 : 0;
  for (const child of node.children.values()) count += countWanted(child, wanted);
  return count;
}

/** What one name is; undefined where it is not there any more. */
async function askFor(
  { containers }: Engine,
  { id, name }: ContainerDetails,
  path: string,
  { signal }: Operation,
): Promise<ChangedFile | undefined> {
  const stat = await containers.statPath(id, `/${path}`, { signal });
  if (stat?.type !== 'symlink') return stat && fileIn(stat);
  // Asked for a link engines tell where it leads in the end, and not what is written in it.
  const tar = await containers.readArchive(id, `/${path}`, { signal });
  try {
    for await (const entry of tarEntries(tar, name)) return describing(entry);
  } finally {
    tar.destroy();
  }
  return undefined;
}

function describing(entry: LayerEntry): ChangedFile {
  const { type, mode, uid, gid, size, mtime, link, sha256 } = entry;
  return {
    type,
    mode,
    uid,
    gid,
    sizeBytes: size,
    mtime,
    ...(link !== undefined && { link }),
    ...(sha256 !== undefined && { sha256 }),
  };
}

function fileIn({ type, mode, sizeBytes, mtimeMs }: PathStat): ChangedFile {
  return { type, mode, sizeBytes: type === 'file' ? sizeBytes : 0, mtime: mtimeMs / 1000 };
}
