import * as vscode from 'vscode';
import { pickSnapshot, pickSnapshotOf } from '../ui/vaultPickers.ts';
import { chosenNodes } from './chosenNodes.ts';
import { chooseVault, openState, snapshotsAmong } from './chosenVault.ts';
import type { Command } from './context.ts';

/** Opens the page of a snapshot: what is in it, what was noted, and its files. */
export const openSnapshot: Command<'drydock.openSnapshot'> = async (context, ...args) => {
  const title = vscode.l10n.t('Open Snapshot');
  const nodes = chosenNodes(args);
  const known = await chooseVault(context, nodes, title);
  if (known === undefined) return undefined;
  const given = snapshotsAmong(context, known.path, nodes);
  const all = openState(known)?.snapshots ?? [];
  const [only] = given;
  const snapshot =
    only !== undefined && given.length === 1
      ? only
      : given.length > 1
        ? await pickSnapshotOf(given, title)
        : await pickSnapshot(all, title);
  if (snapshot === undefined) return undefined;
  await context.showSnapshot({ vaultPath: known.path, id: snapshot.id, title: snapshot.source.name });
  return snapshot.id;
};
