import * as vscode from 'vscode';
import { formatBytes } from '../core/quantity.ts';
import { runOperation } from '../ui/runOperation.ts';
import { chosenNodes } from './chosenNodes.ts';
import { chooseVault } from './chosenVault.ts';
import type { Command } from './context.ts';

/** Frees the room of blobs that no snapshot needs, after saying how much that is. */
export const pruneVault: Command<'drydock.pruneVault'> = async (context, ...args) => {
  const title = vscode.l10n.t('Prune Vault');
  const known = await chooseVault(context, chosenNodes(args), title);
  if (known === undefined) return undefined;
  const deps = await context.vaults.open(known.path);
  const { pruneVault: prune, usualGraceMs: graceMs } = await import('../core/maintenance/pruneVault.ts');
  const looking = vscode.l10n.t('Looking for what {name} no longer needs', { name: known.name });
  const found = await runOperation(context.log, looking, {}, (operation) =>
    prune(deps, { graceMs, isDryRun: true }, operation),
  );
  if (found === undefined) return undefined;
  const { removed, young } = found;
  if (removed.blobs === 0 && found.partials === 0) {
    void vscode.window.showInformationMessage(nothingToPrune(known.name, young));
    return found;
  }
  const go = vscode.l10n.t('Prune');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('Remove {size} from the vault {name}?', {
      size: formatBytes(removed.bytes),
      name: known.name,
    }),
    {
      modal: true,
      detail: vscode.l10n.t('{count} blobs are needed by no snapshot. All snapshots stay.', {
        count: removed.blobs,
      }),
    },
    go,
  );
  if (answer !== go) return undefined;
  const pruned = await runOperation(
    context.log,
    vscode.l10n.t('Pruning {name}', { name: known.name }),
    {},
    (operation) => prune(deps, { graceMs, isDryRun: false }, operation),
  );
  if (pruned !== undefined)
    void vscode.window.showInformationMessage(
      vscode.l10n.t('Pruned {name}: {size} freed.', {
        name: known.name,
        size: formatBytes(pruned.removed.bytes),
      }),
    );
  return pruned;
};

function nothingToPrune(name: string, young: { readonly bytes: number }): string {
  return young.bytes === 0
    ? vscode.l10n.t('The vault {name} holds nothing that is not needed.', { name })
    : vscode.l10n.t(
        'Nothing of the vault {name} can go yet: {size} that no snapshot needs are younger than a day.',
        { name, size: formatBytes(young.bytes) },
      );
}
