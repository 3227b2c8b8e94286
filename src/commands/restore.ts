import * as vscode from 'vscode';
import { isRegistryVault } from '../core/registry/registryVaultName.ts';
import type { RestorePlan } from '../core/restore/restorePlan.ts';
import type { RestoreResult } from '../core/restore/restoreResult.ts';
import type { Snapshot } from '../core/snapshot/snapshot.ts';
import { keptWords, resultSummary, warningWords } from '../ui/restorePlanWords.ts';
import { runOperation } from '../ui/runOperation.ts';
import { pickSnapshot, pickSnapshotOf } from '../ui/vaultPickers.ts';
import type { DrydockNode } from '../views/node.ts';
import { askBeforeLoss } from './beforeLoss.ts';
import { chooseRestorePlan } from './chooseRestorePlan.ts';
import { chosenNodes } from './chosenNodes.ts';
import { chooseVault, snapshotsAmong } from './chosenVault.ts';
import type { Command, CommandContext } from './context.ts';

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
  const engine = context.engine();
  const contents = await openSnapshot(vault, snapshot);
  const about = vscode.l10n.t('Restore {name}', { name: snapshot.source.name });
  const plan = await chooseRestorePlan({ engine, vault, contents, title: about });
  if (plan === undefined || !(await mayReplace(context, plan, about))) return undefined;

  const restored = await runOperation(
    context.log,
    vscode.l10n.t('Restoring {name}', { name: snapshot.source.name }),
    {},
    async (operation) => {
      const { executeRestore } = await import('../core/restore/executeRestore.ts');
      return executeRestore({ engine, vault, owner }, plan, operation);
    },
  );
  const isElsewhere = isRegistryVault(known.path) && plan.volumes.some(({ action }) => action === 'replace');
  const kept = isElsewhere
    ? [vscode.l10n.t('What was replaced is kept in the vault {path}.', { path: vault.paths.root })]
    : [];
  if (restored !== undefined) tellRestored(context, snapshot.source.name, restored, kept);
  return restored;
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

/**
 * What a restore replaces is asked about. Containers can be backed up first; what a volume holds becomes a snapshot in
 * any case.
 */
async function mayReplace(context: CommandContext, plan: RestorePlan, message: string): Promise<boolean> {
  const containers = plan.containers.flatMap(({ replaces }) => replaces ?? []);
  const volumes = plan.volumes.filter(({ action }) => action === 'replace').map(({ target }) => target);
  if (containers.length + volumes.length === 0) return true;
  const replace = vscode.l10n.t('Replace');
  const detail = [
    containers.length === 0
      ? ''
      : vscode.l10n.t('Removed once the new one stands, with what was written outside volumes: {names}.', {
          names: containers.map(({ name }) => name).join(', '),
        }),
    volumes.length === 0
      ? ''
      : vscode.l10n.t('Emptied and filled anew, after a snapshot of what is in there now: {names}.', {
          names: volumes.join(', '),
        }),
  ];
  const answer = await askBeforeLoss(context, {
    message,
    detail: detail.filter((line) => line !== '').join('\n'),
    actions: [replace],
    targets: { images: [], containers, volumes: [], projects: [] },
  });
  return answer === replace;
}

function tellRestored(
  { log }: CommandContext,
  name: string,
  restored: RestoreResult,
  more: readonly string[],
): void {
  const { kept, warnings, sentAgain } = restored;
  const sentence = vscode.l10n.t('Restored and checked: {name} ({summary}).', {
    name,
    summary: resultSummary(restored, vscode),
  });
  const notes = [
    ...kept.map((thing) => keptWords(thing, vscode)),
    ...warnings.map((warning) => warningWords(warning, vscode)),
    ...more,
  ];
  for (const note of notes) log.info(`${name}: ${note}`);
  if (sentAgain !== undefined)
    log.info(`${name}: sent whole, since the engine did not take a part: ${sentAgain}`);
  if (notes.length === 0) {
    void vscode.window.showInformationMessage(sentence);
    return;
  }
  const showLog = vscode.l10n.t('Show Log');
  const show =
    warnings.length === 0 ? vscode.window.showInformationMessage : vscode.window.showWarningMessage;
  void show([sentence, ...notes.slice(0, 3)].join(' '), showLog).then((chosen) => {
    if (chosen === showLog) log.show();
  });
}
