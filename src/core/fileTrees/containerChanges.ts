import type { Engine } from '../engine/engine.ts';
import type { ContainerDetails, FileChange } from '../engine/records.ts';
import { failure } from '../errors.ts';
import { partsOf } from '../layers/entryNames.ts';
import { defaultMaxNodes } from '../layers/loadTree.ts';
import type { Operation } from '../progress.ts';
import { describeChanged, type ChangedFile } from './describeChanged.ts';

/** A name in the root file system of a container, with what its writable layer holds there and below. */
export interface ChangedNode {
  /** Its last part; empty for the root. */
  readonly name: string;
  /** As `entryNames.ts` writes paths. */
  readonly path: string;
  /** Left out for a folder that is as in the image, and in which something is not. */
  readonly kind?: FileChange['kind'];
  /**
   * What is there now. Left out for what is deleted, for what went while this was read, and for folders that are as in
   * the image.
   */
  readonly file?: ChangedFile;
  readonly children: ReadonlyMap<string, ChangedNode>;
  /** What the image has in this folder is not seen any more, for the folder was made anew. */
  readonly hidesLower: boolean;
}

/** What a container's writable layer holds against its image. */
export interface ContainerChanges {
  readonly container: Pick<ContainerDetails, 'id' | 'name' | 'imageId' | 'state'>;
  readonly root: ChangedNode;
  readonly counts: Readonly<Record<FileChange['kind'], number>>;
  /** Of the files that are added or modified; names that are hard links of each other count each. */
  readonly sizeBytes: number;
}

/**
 * What a container, running or not, has changed in its root file system, as its engine tells it, and what each of these
 * names is now. The content of files is not read for that, but where reading a folder with much in it is quicker than to
 * ask for each name. Mounts are not part of it, nor are the folders that an engine makes for them.
 *
 * Rejects with `engineNotFound`, `treeTooLarge`.
 */
export async function containerChanges(
  { engine }: { readonly engine: Engine },
  { container }: { readonly container: string },
  operation: Operation,
): Promise<ContainerChanges> {
  const { signal, progress } = operation;
  const details = await engine.containers.inspect(container, { signal });
  const { id, name, imageId, state } = details;
  progress.report({ phase: 'preparing', item: name });
  const changes = await engine.containers.changes(id, { signal });
  if (changes.length > defaultMaxNodes) throw failure('treeTooLarge', { name, limit: defaultMaxNodes });
  const root = grown(changes, details);
  const files = await describeChanged(engine, { container: details, root }, operation);
  const counts = { added: 0, modified: 0, deleted: 0 };
  let sizeBytes = 0;
  const finish = (node: GrowingNode): ChangedNode => {
    const file = files.get(node.path);
    const isReplaced = node.kind === 'deleted' && file !== undefined;
    const kind = isReplaced ? 'modified' : node.kind;
    if (kind !== undefined) counts[kind] += 1;
    if (file?.type === 'file') sizeBytes += file.sizeBytes;
    return {
      name: node.name,
      path: node.path,
      ...(kind && { kind }),
      ...(file && { file }),
      children: new Map([...node.children].map(([child, below]) => [child, finish(below)])),
      hidesLower: isReplaced || kind === 'added' || kind === 'deleted',
    };
  };
  const finished = finish(root);
  return { container: { id, name, imageId, state }, root: finished, counts, sizeBytes };
}

/** A node before anybody looked what it is. */
export interface GrowingNode {
  readonly name: string;
  readonly path: string;
  kind?: FileChange['kind'];
  readonly children: Map<string, GrowingNode>;
}

/** Engines tell changes in any order. What is mounted is no change of the container's. */
function grown(changes: readonly FileChange[], { mounts }: ContainerDetails): GrowingNode {
  const root: GrowingNode = { name: '', path: '', children: new Map() };
  const targets = new Set(mounts.map(({ target }) => (partsOf(target) ?? []).join('/')));
  for (const { path, kind } of changes) {
    const parts = partsOf(path);
    if (parts === undefined || (kind === 'added' && targets.has(parts.join('/')))) continue;
    let node = root;
    for (const part of parts) {
      let child = node.children.get(part);
      if (child === undefined) {
        child = { name: part, path: node.path === '' ? part : `${node.path}/${part}`, children: new Map() };
        node.children.set(part, child);
      }
      node = child;
    }
    if (node !== root) node.kind = kind;
  }
  return sorted(root);
}

function sorted(node: GrowingNode): GrowingNode {
  const children = [...node.children].sort(([a], [b]) => (a < b ? -1 : 1));
  node.children.clear();
  for (const [name, child] of children) node.children.set(name, sorted(child));
  return node;
}
