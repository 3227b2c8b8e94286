import { stat } from 'node:fs/promises';
import { DrydockError } from '../core/errors.ts';
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
  const snapshot = findSnapshot(await readSnapshots(vault, context.operation), args.first);
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

/** What the help says about WORD. */
export const wordWords =
  'WORD is a snapshot of the vault, an archive or a folder with an OCI layout on this disk, or an image of the engine, in the order: this disk, the vault, the engine. With --vault it is a snapshot in any case.';

/** The same where the first argument may name something else: undefined where it is no snapshot, or a layer is asked for. */
export async function findChosenTree(
  context: CommandContext,
  args: Arguments,
): Promise<Awaited<ReturnType<typeof openChosenTree>> | undefined> {
  if (args.text('layer') !== undefined) return undefined;
  if (args.text('vault') === undefined) {
    if ((context.vaultFolder ?? '') === '' || (await isOnDisk(args.first))) return undefined;
    try {
      return await openChosenTree(context, args);
    } catch (error) {
      if (error instanceof DrydockError && error.code === 'snapshotUnknown') return undefined;
      throw error;
    }
  }
  return await openChosenTree(context, args);
}

async function isOnDisk(path: string): Promise<boolean> {
  return path === '-' || (await stat(path).catch(() => undefined)) !== undefined;
}

/** What a PATH argument means; without one, the root that is meant when none is named, if there is such. */
export function placeIn(tree: SnapshotTree, text: string | undefined): PathInSnapshot | undefined {
  if (text !== undefined) return pathInSnapshot(tree, text);
  const files = usualRoot(tree.roots);
  return files && { files, path: '' };
}
