import type { Snapshot, SnapshotContents } from '../core/snapshot/snapshot.ts';
import { findSnapshot, openSnapshot, readSnapshots } from '../core/snapshot/snapshots.ts';
import {
  openSnapshotTree,
  pathInSnapshot,
  usualRoot,
  type PathInSnapshot,
  type SnapshotTree,
} from '../core/snapshotFiles/snapshotTree.ts';
import type { Vault } from '../core/vault/layout.ts';
import type { Arguments } from './arguments.ts';
import type { CommandContext } from './command.ts';
import { openChosenVault } from './vaultOption.ts';

/** What the help says about SNAPSHOT. */
export const snapshotWords =
  'SNAPSHOT is the beginning of an ID, a name, SOURCE@latest for the newest of a source, or latest in a vault of one source.';

/** What the help says about PATH. */
export const pathWords =
  'PATH starts at the root of the image, volume or container. A snapshot with several file systems needs ROOT:PATH; `drydock show` names the roots. PATH alone means the container’s own files in the snapshot of a container.';

export interface ChosenSnapshot {
  readonly vault: Vault;
  readonly snapshot: Snapshot;
  readonly contents: SnapshotContents;
}

/** Opens the vault and the snapshot that the first argument names. */
export async function openChosenSnapshot(context: CommandContext, args: Arguments): Promise<ChosenSnapshot> {
  const vault = await openChosenVault(context, args, 'read');
  const snapshot = findSnapshot(await readSnapshots(vault), args.first);
  const contents = await openSnapshot(vault, snapshot, { signal: context.operation.signal });
  return { vault, snapshot, contents };
}

/** The files of that snapshot. */
export async function openChosenTree(
  context: CommandContext,
  args: Arguments,
): Promise<{ readonly snapshot: Snapshot; readonly vault: Vault; readonly tree: SnapshotTree }> {
  const { vault, snapshot, contents } = await openChosenSnapshot(context, args);
  return { vault, snapshot, tree: openSnapshotTree(vault, contents) };
}

/** What a PATH argument means; without one, the root that is meant when none is named, if there is such. */
export function placeIn(tree: SnapshotTree, text: string | undefined): PathInSnapshot | undefined {
  if (text !== undefined) return pathInSnapshot(tree, text);
  const files = usualRoot(tree.roots);
  return files && { files, path: '' };
}
