import * as vscode from 'vscode';
import { formatBytes } from '../core/quantity.ts';
import { runOperation } from '../ui/runOperation.ts';
import { pickSnapshots, pickVault } from '../ui/vaultPickers.ts';
import { snapshotCount } from '../views/snapshotItem.ts';
import { chosenNodes } from './chosenNodes.ts';
import { chooseVault, openState, snapshotsAmong } from './chosenVault.ts';
import type { Command } from './context.ts';
import { copyBetween } from './copyBetween.ts';

/** Copies snapshots into another vault, which gets only what it lacks. A vault stands for all of its snapshots. */
export const copySnapshots: Command<'drydock.copySnapshots'> = async (context, ...args) => {
  const title = vscode.l10n.t('Copy to Another Vault');
  const nodes = chosenNodes(args);
  const known = await chooseVault(context, nodes, title);
  if (known === undefined) return undefined;
  const open = openState(known);
  if (open === undefined) return undefined;
  const isWhole = nodes.some(({ kind }) => kind === 'vault');
  const given = isWhole ? open.snapshots : snapshotsAmong(context, known.path, nodes);
  const snapshots = given.length > 0 ? given : await pickSnapshots(open.snapshots, title);
  if (snapshots === undefined || snapshots.length === 0) return undefined;
  const others = context.vaults.list.vaults.filter(({ path }) => path !== known.path);
  if (others.length === 0) {
    await tellNoOther();
    return undefined;
  }
  const target = await pickVault(others, title);
  if (target === undefined) return undefined;

  // Oldest first, so that what a cancel leaves out is the newest.
  const ids = snapshots.toSorted((a, b) => a.createdMs - b.createdMs).map(({ id }) => id);
  const { vault: from } = open;
  const copied = await runOperation(
    context.log,
    vscode.l10n.t('Copying {snapshots} to {name}', {
      snapshots: snapshotCount(ids.length, vscode),
      name: target.name,
    }),
    {},
    async (operation) => copyBetween(from, await context.vaults.open(target.path), ids, operation),
  );
  await context.vaults.list.refresh(target.path);
  if (copied !== undefined) {
    const bytes = copied.reduce((sum, result) => sum + result.copied.bytes, 0);
    const there = copied.filter(({ wasThere }) => wasThere).length;
    void vscode.window.showInformationMessage(
      there === copied.length
        ? vscode.l10n.t('The vault {name} has all of it already.', { name: target.name })
        : [
            vscode.l10n.t('Copied and verified: {snapshots} to {name} ({size} new).', {
              snapshots: snapshotCount(copied.length - there, vscode),
              name: target.name,
              size: formatBytes(bytes),
            }),
            ...(there === 0
              ? []
              : [vscode.l10n.t('There already: {snapshots}.', { snapshots: snapshotCount(there, vscode) })]),
          ].join(' '),
    );
  }
  return copied;
};

async function tellNoOther(): Promise<void> {
  const add = vscode.l10n.t('Add Vault');
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t('There is no other vault to copy to.'),
    add,
  );
  if (chosen === add) await vscode.commands.executeCommand('drydock.addVault');
}
