import * as vscode from 'vscode';
import type { BackupResult } from '../core/backup/backupResult.ts';
import { failure } from '../core/errors.ts';
import type { Operation } from '../core/progress.ts';
import { errorWords } from '../ui/errorWords.ts';
import { readSetting } from '../ui/settings.ts';
import { runOperation, showFailure } from '../ui/runOperation.ts';
import type { KnownVault } from '../vaults/vaultList.ts';
import { subjectsOf, type BackupTargets } from './backupTargets.ts';
import type { BackupContext } from './context.ts';

export interface BackupRun {
  readonly title: string;
  readonly vault: KnownVault;
  readonly targets: BackupTargets;
  readonly consistency: 'none' | 'pause' | 'stop';
  readonly includeBinds: boolean;
}

/**
 * Backs up one thing after the other under one notification; images are asked for in one request. What one can't
 * be does not keep the others from their turn: failures are shown at the end. Resolves with undefined after a cancel
 * or when nothing could be begun.
 */
export async function runBackups(
  context: BackupContext,
  run: BackupRun,
): Promise<readonly BackupResult[] | undefined> {
  const { targets, consistency, includeBinds } = run;
  const results: BackupResult[] = [];
  const errors: unknown[] = [];
  const isDone = await runOperation(context.log, run.title, {}, async (operation) => {
    const { openEndpoint } = context;
    const deps = { engine: context.engine(), openEndpoint, ...(await context.vaults.open(run.vault.path)) };
    const transport = readSetting('backup.transport');
    const attempt = async (work: () => Promise<readonly BackupResult[]>): Promise<void> => {
      operation.signal.throwIfAborted();
      try {
        results.push(...(await work()));
      } catch (error) {
        operation.signal.throwIfAborted();
        errors.push(error);
      }
    };
    if (targets.images.length > 0)
      await attempt(async () => {
        const { backupImages } = await import('../core/backup/backupImages.ts');
        return backupImages(deps, { images: targets.images, transport }, operation);
      });
    for (const { id, name } of targets.containers)
      await attempt(async () => {
        const { backupContainer } = await import('../core/backup/backupContainer.ts');
        return [
          await backupContainer(
            deps,
            { container: id, consistency, includeBinds, transport },
            named(operation, name),
          ),
        ];
      });
    for (const project of targets.projects)
      await attempt(async () => {
        const { backupProject } = await import('../core/backup/backupProject.ts');
        return [
          await backupProject(
            deps,
            { project, consistency, includeBinds, transport },
            named(operation, project),
          ),
        ];
      });
    for (const name of targets.volumes)
      await attempt(async () => {
        const { backupVolume } = await import('../core/backup/backupVolume.ts');
        return [await backupVolume(deps, { name, consistency }, named(operation, name))];
      });
    return true;
  });
  for (const { snapshot, transport } of results)
    if (transport !== undefined) context.log.info(`${snapshot.refName}: ${JSON.stringify(transport)}`);
  tellFailures(context, run, errors);
  return isDone === true ? results : undefined;
}

/** Where the use case names nothing itself, the thing that is being backed up is named. */
function named({ signal, progress }: Operation, item: string): Operation {
  return {
    signal,
    progress: {
      report: (fact) => {
        progress.report({ item, ...fact });
      },
    },
  };
}

function tellFailures(
  { log }: BackupContext,
  { title, targets }: BackupRun,
  errors: readonly unknown[],
): void {
  if (errors.length === 1) showFailure(log, title, errors[0]);
  if (errors.length <= 1) return;
  for (const error of errors) log.error(title, error);
  const summary = failure('partlyFailed', { failed: errors.length, total: subjectsOf(targets).length });
  const sentences = [summary, ...errors.slice(0, 3)].map(errorWords);
  const showLog = vscode.l10n.t('Show Log');
  void vscode.window.showErrorMessage(sentences.join(' '), showLog).then((chosen) => {
    if (chosen === showLog) log.show();
  });
}
