import * as vscode from 'vscode';
import { isRegistryVault } from '../core/registry/registryVaultName.ts';
import type { Snapshot } from '../core/snapshot/snapshot.ts';
import { runOperation } from '../ui/runOperation.ts';
import { pickSnapshots } from '../ui/vaultPickers.ts';
import { timeOf } from '../views/when.ts';
import { chosenNodes } from './chosenNodes.ts';
import { chooseVault, openState, snapshotsAmong } from './chosenVault.ts';
import type { Command } from './context.ts';
import { forgetIn } from './forgetIn.ts';

const mostNamed = 15;

/** Takes snapshots off a vault's list, after naming them. Pinned ones are refused. Prune frees the room later. */
export const deleteSnapshots: Command<'drydock.deleteSnapshots'> = async (context, ...args) => {
  const title = vscode.l10n.t('Delete Snapshots');
  const nodes = chosenNodes(args);
  const known = await chooseVault(context, nodes, title);
  if (known === undefined) return undefined;
  const given = snapshotsAmong(context, known.path, nodes);
  const all = openState(known)?.snapshots ?? [];
  const snapshots = given.length > 0 ? given : await pickSnapshots(all, title);
  if (snapshots === undefined || snapshots.length === 0) return undefined;
  const remove = vscode.l10n.t('Delete');
  const answer = await vscode.window.showWarningMessage(
    snapshots.length === 1
      ? vscode.l10n.t('Delete this snapshot of {name}?', { name: snapshots[0]?.source.name ?? '' })
      : vscode.l10n.t('Delete {count} snapshots?', { count: snapshots.length }),
    {
      modal: true,
      detail: [
        ...snapshotLines(snapshots),
        isRegistryVault(known.path)
          ? vscode.l10n.t('They can’t be restored any more. The registry frees their room.')
          : vscode.l10n.t('They can’t be restored any more. Their room is freed by Prune Vault.'),
      ].join('\n'),
    },
    remove,
  );
  if (answer !== remove) return undefined;
  const ids = snapshots.map(({ id }) => id);
  const deleted = await runOperation(context.log, title, {}, async (operation) =>
    forgetIn(await context.vaults.open(known.path), { ids }, operation),
  );
  await context.vaults.list.refresh(known.path);
  return deleted;
};

/** One line for each of the first, and how many more there are. */
export function snapshotLines(snapshots: readonly Snapshot[]): readonly string[] {
  const wording = { l10n: vscode.l10n, language: vscode.env.language, nowMs: () => Date.now() };
  const lines = snapshots
    .slice(0, mostNamed)
    .map(({ source, createdMs }) => `${source.name} · ${timeOf(createdMs, wording)}`);
  const more = snapshots.length - mostNamed;
  return more > 0 ? [...lines, vscode.l10n.t('and {count} more', { count: more })] : lines;
}
