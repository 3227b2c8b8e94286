import * as vscode from 'vscode';
import { formatAge, formatBytes } from '../core/quantity.ts';
import type { Snapshot } from '../core/snapshot/snapshot.ts';
import { isNotThereYet } from '../vaults/notThereYet.ts';
import type { KnownVault } from '../vaults/vaultList.ts';
import { kindWord, sourceKey } from '../views/sourceItem.ts';
import { depthWords, remarkWords, snapshotCount } from '../views/snapshotItem.ts';

/** Asks for one of several vaults; takes the only one without asking. Undefined when the person backs out. */
export async function pickVault(
  vaults: readonly KnownVault[],
  title: string,
): Promise<KnownVault | undefined> {
  if (vaults.length <= 1) return vaults[0];
  const chosen = await vscode.window.showQuickPick(
    vaults.map((vault) => ({
      label: vault.name,
      description: vault.path,
      detail: stateWords(vault),
      vault,
    })),
    { title, placeHolder: vscode.l10n.t('Choose a vault') },
  );
  return chosen?.vault;
}

function stateWords(vault: KnownVault): string {
  if (isNotThereYet(vault)) return vscode.l10n.t('nothing there yet');
  return vault.state.kind === 'failed' ? vscode.l10n.t('can’t be opened') : '';
}

/** Asks what was backed up, then which snapshot of it. */
export async function pickSnapshot(
  snapshots: readonly Snapshot[],
  title: string,
): Promise<Snapshot | undefined> {
  const groups = new Map<string, Snapshot[]>();
  for (const snapshot of snapshots) {
    const key = sourceKey(snapshot.source);
    groups.set(key, [...(groups.get(key) ?? []), snapshot]);
  }
  const choices = [...groups.values()].flatMap((group) => {
    const [newest] = group;
    if (newest === undefined) return [];
    const { source } = newest;
    return {
      label: source.name,
      description: kindWord(source.kind, vscode),
      detail: [
        formatAge(newest.createdMs, Date.now(), vscode.env.language),
        snapshotCount(group.length, vscode),
        source.engineName,
      ].join(' · '),
      group,
    };
  });
  const chosen = await vscode.window.showQuickPick(choices, {
    title,
    matchOnDescription: true,
    matchOnDetail: true,
    placeHolder:
      choices.length === 0
        ? vscode.l10n.t('There is nothing to choose from')
        : vscode.l10n.t('Choose what was backed up'),
  });
  return chosen === undefined ? undefined : pickSnapshotOf(chosen.group, title);
}

/** Asks which of the snapshots of one source, newest first. */
export async function pickSnapshotOf(
  snapshots: readonly Snapshot[],
  title: string,
): Promise<Snapshot | undefined> {
  const chosen = await vscode.window.showQuickPick(snapshots.map(snapshotChoice), {
    title,
    matchOnDescription: true,
    placeHolder: vscode.l10n.t('Choose a snapshot'),
  });
  return chosen?.snapshot;
}

/** Asks for several snapshots of a vault. */
export async function pickSnapshots(
  snapshots: readonly Snapshot[],
  title: string,
): Promise<readonly Snapshot[] | undefined> {
  const chosen = await vscode.window.showQuickPick(
    snapshots.map((snapshot) => ({
      ...snapshotChoice(snapshot),
      label: snapshot.source.name,
      detail: snapshotChoice(snapshot).label,
    })),
    { title, canPickMany: true, matchOnDescription: true, matchOnDetail: true },
  );
  return chosen === undefined || chosen.length === 0 ? undefined : chosen.map(({ snapshot }) => snapshot);
}

interface SnapshotChoice extends vscode.QuickPickItem {
  readonly snapshot: Snapshot;
}

function snapshotChoice(snapshot: Snapshot): SnapshotChoice {
  const { createdMs, plainBytes, verified, damaged, isPinned, remarkCount, tags } = snapshot;
  const when = new Intl.DateTimeFormat(vscode.env.language, { dateStyle: 'medium', timeStyle: 'medium' });
  const parts = [
    formatAge(createdMs, Date.now(), vscode.env.language),
    formatBytes(plainBytes),
    damaged !== undefined
      ? vscode.l10n.t('damaged')
      : verified === undefined
        ? vscode.l10n.t('not verified')
        : `${vscode.l10n.t('verified')} (${depthWords(verified.depth, vscode)})`,
    isPinned ? vscode.l10n.t('pinned') : '',
    remarkCount === 0 ? '' : remarkWords(remarkCount, vscode),
    ...tags,
  ];
  return {
    label: when.format(createdMs),
    description: parts.filter((part) => part !== '').join(' · '),
    snapshot,
  };
}
