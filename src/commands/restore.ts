import * as vscode from 'vscode';
import { isRegistryVault } from '../core/registry/registryVaultName.ts';
import type { Snapshot } from '../core/snapshot/snapshot.ts';
import { pickSnapshot, pickSnapshotOf } from '../ui/vaultPickers.ts';
import type { DrydockNode } from '../views/node.ts';
import { chosenNodes } from './chosenNodes.ts';
import { chooseVault, snapshotsAmong } from './chosenVault.ts';
import type { Command, CommandContext } from './context.ts';
import { restoreContents } from './restoreContents.ts';

/** Picks a snapshot, shows what restoring it will do, and does it. Resolves with what the use case tells. */
export const restore: Command<'drydock.restore'> = async (context, ...args) => {
  const title = vscode.l10n.t('Restore');
  const nodes = chosenNodes(args);
  const known = await chooseVault(context, nodes, title);
  if (known === undefined) return undefined;
  if (known.state.kind === 'failed') throw known.state.error;
  const snapshot = await snapshotFor(context, known.path, nodes, title);
  if (snapshot === undefined) return undefined;

  const { openSnapshot } = await import('../core/snapshot/snapshots.ts');
  const { vault, owner } = await context.vaults.openToRestore(known.path);
  const contents = await openSnapshot(vault, snapshot);
  return restoreContents(context, { vault, owner, contents, keepsElsewhere: isRegistryVault(known.path) });
};

async function snapshotFor(
  context: CommandContext,
  path: string,
  nodes: readonly DrydockNode[],
  title: string,
): Promise<Snapshot | undefined> {
  const chosen = snapshotsAmong(context, path, nodes);
  if (chosen.length === 1) return chosen[0];
  if (chosen.length > 1) return pickSnapshotOf(chosen, title);
  const state = context.vaults.list.find(path)?.state;
  return pickSnapshot(state?.kind === 'open' ? state.snapshots : [], title);
}
