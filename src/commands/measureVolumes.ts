import * as vscode from 'vscode';
import { runOperation } from '../ui/runOperation.ts';
import type { Command } from './context.ts';

/** Asks the engine what its volumes take on disk: it walks them all, so only on demand. */
export const measureVolumes: Command<'drydock.measureVolumes'> = (context) =>
  runOperation(context.log, vscode.l10n.t('Measuring volumes'), {}, (operation) => {
    operation.progress.report({ phase: 'finishing', item: vscode.l10n.t('all volumes') });
    return context.inventory.measureVolumes(operation);
  });
