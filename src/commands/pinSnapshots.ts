import * as vscode from 'vscode';
import type { Snapshot } from '../core/snapshot/snapshot.ts';
import { pickSnapshots } from '../ui/vaultPickers.ts';
import { chosenNodes } from './chosenNodes.ts';
import { chooseVault, openState, snapshotsAmong } from './chosenVault.ts';
import type { Command } from './context.ts';

type PinCommand = Command<'drydock.pinSnapshots' | 'drydock.unpinSnapshots'>;

function pinCommand(isPinned: boolean, title: () => string): PinCommand {
  return async (context, ...args) => {
    const nodes = chosenNodes(args);
    const known = await chooseVault(context, nodes, title());
    if (known === undefined) return undefined;
    const concerned = (snapshots: readonly Snapshot[]): readonly Snapshot[] =>
      snapshots.filter((snapshot) => snapshot.isPinned !== isPinned);
    const all = openState(known)?.snapshots ?? [];
    const given = nodes.some(({ kind }) => kind === 'snapshot' || kind === 'source');
    const snapshots = given
      ? concerned(snapshotsAmong(context, known.path, nodes))
      : await pickSnapshots(concerned(all), title());
    if (snapshots === undefined || snapshots.length === 0) return undefined;
    const { annotateSnapshots } = await import('../core/maintenance/annotateSnapshots.ts');
    const ids = snapshots.map(({ id }) => id);
    const changed = await annotateSnapshots(await context.vaults.open(known.path), {
      ids,
      change: { isPinned },
    });
    await context.vaults.list.refresh(known.path);
    return changed;
  };
}

/** Keeps snapshots whatever retention says, and from being deleted. */
export const pinSnapshots = pinCommand(true, () => vscode.l10n.t('Pin Snapshots'));
export const unpinSnapshots = pinCommand(false, () => vscode.l10n.t('Unpin Snapshots'));
