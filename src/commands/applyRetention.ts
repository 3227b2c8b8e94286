import * as vscode from 'vscode';
import { parseBackupPolicies, policyFor, type BackupPolicy } from '../core/inspect/backupPolicies.ts';
import type { RetentionGroup } from '../core/maintenance/planRetention.ts';
import { engineIdentity } from '../core/snapshot/engineIdentity.ts';
import type { Snapshot, SnapshotSource } from '../core/snapshot/snapshot.ts';
import { runOperation } from '../ui/runOperation.ts';
import { readSetting } from '../ui/settings.ts';
import { retentionWords } from '../ui/retentionWords.ts';
import { snapshotCount } from '../views/snapshotItem.ts';
import { sourceKey } from '../views/sourceItem.ts';
import { timeOf } from '../views/when.ts';
import { chosenNodes } from './chosenNodes.ts';
import { chooseVault, openState, snapshotsAmong } from './chosenVault.ts';
import type { Command, CommandContext } from './context.ts';
import { forgetIn } from './forgetIn.ts';

/** Shows which snapshots the policies keep and why and which they drop, and drops them when that is agreed to. */
export const applyRetention: Command<'drydock.applyRetention'> = async (context, ...args) => {
  const title = vscode.l10n.t('Apply Retention');
  const nodes = chosenNodes(args);
  const known = await chooseVault(context, nodes, title);
  if (known === undefined) return undefined;
  const all = openState(known)?.snapshots ?? [];
  const isOfSource = nodes.some(({ kind }) => kind === 'source');
  const concerned = isOfSource ? snapshotsAmong(context, known.path, nodes) : all;
  const { groups, unreadable } = await planned(context, concerned);
  if (unreadable !== undefined) {
    await tellUnreadable(unreadable);
    if (groups.length === 0) return undefined;
  }
  if (groups.length === 0) {
    await tellNoPolicy();
    return undefined;
  }
  const doomed = groups.flatMap(({ removed }) => removed);
  if (!(await isAgreed(groups, doomed, title))) return undefined;
  const ids = doomed.map(({ id }) => id);
  const kept = groups.flatMap((group) => group.kept.map(({ snapshot }) => snapshot));
  const forgotten = await runOperation(context.log, title, {}, async (operation) =>
    forgetIn(await context.vaults.open(known.path), { ids, kept }, operation),
  );
  await context.vaults.list.refresh(known.path);
  if (forgotten !== undefined)
    void vscode.window.showInformationMessage(
      vscode.l10n.t('Dropped from {name}: {snapshots}. The room is freed by Prune Vault.', {
        snapshots: snapshotCount(forgotten.length, vscode),
        name: known.name,
      }),
    );
  return forgotten;
};

interface Planned {
  readonly groups: readonly RetentionGroup[];
  /** A policy that would have counted. Its sources are left alone. */
  readonly unreadable: BackupPolicy | undefined;
}

/** What the policies do; sources without one are left alone. */
async function planned(context: CommandContext, snapshots: readonly Snapshot[]): Promise<Planned> {
  const { planRetention } = await import('../core/maintenance/planRetention.ts');
  const policies = parseBackupPolicies(readSetting('backup.policies'));
  const bySource = new Map<string, Snapshot[]>();
  for (const snapshot of snapshots) {
    const key = sourceKey(snapshot.source);
    bySource.set(key, [...(bySource.get(key) ?? []), snapshot]);
  }
  let unreadable: BackupPolicy | undefined;
  const groups = [...bySource.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const policy = policyFor(policies, { ...first.source, labels: labelsOf(context, first.source) });
    if (policy?.unreadableRule !== undefined) unreadable = policy;
    if (policy === undefined || Object.keys(policy.keep).length === 0) return [];
    return planRetention(group, policy.keep, Date.now());
  });
  return { groups, unreadable };
}

/** Of the engine in use alone: what has the same name elsewhere is something else. */
function labelsOf(
  { inventory }: CommandContext,
  { kind, name, engineId }: SnapshotSource,
): Readonly<Record<string, string>> {
  const { state } = inventory;
  if (state.kind !== 'ready' || engineIdentity(state.info).engineId !== engineId) return {};
  if (kind === 'volume') return inventory.volumes.get(name)?.labels ?? {};
  if (kind !== 'container') return {};
  return [...inventory.containers.values()].find(({ names }) => names.includes(name))?.labels ?? {};
}

async function isAgreed(
  groups: readonly RetentionGroup[],
  doomed: readonly Snapshot[],
  title: string,
): Promise<boolean> {
  const wording = { l10n: vscode.l10n, language: vscode.env.language, nowMs: () => Date.now() };
  const lines = groups.flatMap(({ source, kept, removed }) => [
    { label: source.name, kind: vscode.QuickPickItemKind.Separator, isGo: false },
    ...removed.map((snapshot) => ({
      label: `$(trash) ${timeOf(snapshot.createdMs, wording)}`,
      description: vscode.l10n.t('is dropped'),
      isGo: false,
    })),
    ...kept.map(({ snapshot, reasons }) => ({
      label: `$(check) ${timeOf(snapshot.createdMs, wording)}`,
      description: reasons.map((reason) => retentionWords(reason, vscode)).join(', '),
      isGo: false,
    })),
  ]);
  const go =
    doomed.length === 0
      ? { label: vscode.l10n.t('$(check) Nothing is dropped'), isGo: false }
      : {
          label: vscode.l10n.t('$(trash) Drop {snapshots}', {
            snapshots: snapshotCount(doomed.length, vscode),
          }),
          description: vscode.l10n.t('the others stay'),
          isGo: true,
        };
  const chosen = await vscode.window.showQuickPick([go, ...lines], {
    title,
    placeHolder: vscode.l10n.t('What is kept and why'),
    ignoreFocusOut: true,
  });
  return chosen?.isGo === true;
}

async function tellUnreadable({ name, unreadableRule = '' }: BackupPolicy): Promise<void> {
  const open = vscode.l10n.t('Open Settings');
  const chosen = await vscode.window.showWarningMessage(
    vscode.l10n.t('The policy {name} has a rule that can’t be read ({rule}), so its snapshots all stay.', {
      name,
      rule: unreadableRule,
    }),
    open,
  );
  if (chosen === open) await openPolicies();
}

async function openPolicies(): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.openSettings', 'drydock.backup.policies');
}

async function tellNoPolicy(): Promise<void> {
  const open = vscode.l10n.t('Open Settings');
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t('No policy says how long these snapshots are kept, so all of them stay.'),
    open,
  );
  if (chosen === open) await openPolicies();
}
