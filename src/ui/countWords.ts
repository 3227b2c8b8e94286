import * as vscode from 'vscode';

export function imageCount(count: number): string {
  return count === 1 ? vscode.l10n.t('1 image') : vscode.l10n.t('{count} images', { count });
}

export function tagCount(count: number): string {
  return count === 1 ? vscode.l10n.t('1 tag') : vscode.l10n.t('{count} tags', { count });
}
