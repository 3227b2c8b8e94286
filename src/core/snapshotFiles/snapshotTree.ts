import { failure } from '../errors.ts';
import type { SnapshotContents } from '../snapshot/snapshot.ts';
import type { Vault } from '../vault/layout.ts';
import { RootFiles } from './rootFiles.ts';
import { snapshotRoots } from './snapshotRoots.ts';

/** The files of a snapshot: several file systems, each with a name. */
export interface SnapshotTree {
  /** What failures call the snapshot. */
  readonly name: string;
  readonly roots: readonly RootFiles[];
}

/** Opens the files of a snapshot to be browsed; nothing is read before it is asked for. */
export function openSnapshotTree(vault: Pick<Vault, 'blobs'>, contents: SnapshotContents): SnapshotTree {
  return {
    name: contents.snapshot.refName,
    roots: snapshotRoots(contents).map((root) => new RootFiles(vault.blobs, root)),
  };
}

export interface PathInSnapshot {
  readonly files: RootFiles;
  readonly path: string;
}

/**
 * What `ROOT:PATH` means, or `PATH` where that is clear: in a snapshot of one file system, or of one container, whose
 * own it is then. A name may have colons in it; the longest that fits counts. Throws `rootMissing`, `rootUnclear`.
 */
export function pathInSnapshot({ name, roots }: SnapshotTree, text: string): PathInSnapshot {
  const known = roots.map(({ root }) => root.name).join(', ');
  if (!text.startsWith('/')) {
    const [named] = roots
      .filter(({ root }) => text === root.name || text.startsWith(`${root.name}:`))
      .sort((a, b) => b.root.name.length - a.root.name.length);
    if (named !== undefined) return { files: named, path: text.slice(named.root.name.length + 1) };
  }
  const own = usualRoot(roots);
  if (own !== undefined) return { files: own, path: text };
  const colon = text.indexOf(':');
  if (colon > 0) throw failure('rootMissing', { name, root: text.slice(0, colon), known });
  throw failure('rootUnclear', { name, known });
}

/** The file system that is meant when none is named. */
export function usualRoot(roots: readonly RootFiles[]): RootFiles | undefined {
  const [first, ...others] = roots;
  if (others.length === 0) return first;
  const containers = roots.filter(({ root }) => root.kind === 'container');
  return containers.length === 1 ? containers[0] : undefined;
}
