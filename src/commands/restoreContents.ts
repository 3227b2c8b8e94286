import * as vscode from 'vscode';
import type { RestorePlan } from '../core/restore/restorePlan.ts';
import type { RestoreResult } from '../core/restore/restoreResult.ts';
import type { SnapshotContents } from '../core/snapshot/snapshot.ts';
import { keptWords, resultSummary, warningWords } from '../ui/restorePlanWords.ts';
import { runOperation } from '../ui/runOperation.ts';
import type { WritableVault } from '../vaults/vaultsInUse.ts';
import { askBeforeLoss } from './beforeLoss.ts';
import { chooseRestorePlan } from './chooseRestorePlan.ts';
import type { CommandContext } from './context.ts';

export interface RestoreSource extends WritableVault {
  readonly contents: SnapshotContents;
  /** Whether the vault is not the place where the snapshot lies, so that it is said where what was replaced is kept. */
  readonly keepsElsewhere: boolean;
  /** Looks at a plan before it is shown; what it throws ends the restore. */
  readonly check?: (plan: RestorePlan) => Promise<void>;
}

/** Shows what restoring will do, lets people change it, and does it. Resolves with what the use case tells. */
export async function restoreContents(
  context: CommandContext,
  { vault, owner, contents, keepsElsewhere, check }: RestoreSource,
): Promise<RestoreResult | undefined> {
  const engine = context.engine();
  const { name } = contents.snapshot.source;
  const title = vscode.l10n.t('Restore {name}', { name });
  const plan = await chooseRestorePlan({ engine, vault, contents, title, ...(check && { check }) });
  if (plan === undefined || !(await mayReplace(context, plan, title))) return undefined;

  const restored = await runOperation(
    context.log,
    vscode.l10n.t('Restoring {name}', { name }),
    {},
    async (operation) => {
      const { executeRestore } = await import('../core/restore/executeRestore.ts');
      return executeRestore({ engine, vault, owner }, plan, operation);
    },
  );
  const isElsewhere = keepsElsewhere && plan.volumes.some(({ action }) => action === 'replace');
  const kept = isElsewhere
    ? [vscode.l10n.t('What was replaced is kept in the vault {path}.', { path: vault.paths.root })]
    : [];
  if (restored !== undefined) tellRestored(context, name, restored, kept);
  return restored;
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
