import * as vscode from 'vscode';
import type { BackupResult } from '../core/backup/backupResult.ts';
import { formatBytes } from '../core/quantity.ts';

/** What is worth saying of how images came: that little had to, or that the engine was asked to push and did not. */
export function transportWords(results: readonly BackupResult[]): readonly string[] {
  const all = [...new Set(results.flatMap(({ transport }) => transport ?? []))];
  const pushed = all.filter(({ transport }) => transport === 'delta');
  const failed = all.find(({ reason }) => reason === 'notReached' || reason === 'pushFailed');
  return [
    ...(pushed.length === 0
      ? []
      : [
          vscode.l10n.t('The engine sent only what was missing: {size}.', {
            size: formatBytes(pushed.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0)),
          }),
        ]),
    ...(failed === undefined
      ? []
      : [
          vscode.l10n.t('The engine could not send only what was missing ({reason}), so it sent all.', {
            reason: failed.detail ?? failed.reason,
          }),
        ]),
  ];
}
