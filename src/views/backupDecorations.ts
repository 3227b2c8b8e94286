import * as vscode from 'vscode';
import { itemScheme } from '../contributions.ts';
import type { Unprotected } from '../core/inspect/protection.ts';
import type { Wording } from './viewItem.ts';

/** The letter at the end of a row that says whether the thing is backed up. */
export class BackupDecorations implements vscode.FileDecorationProvider {
  readonly #wording: Wording;

  constructor(wording: Wording) {
    this.#wording = wording;
  }

  provideFileDecoration({ scheme, path }: vscode.Uri): vscode.FileDecoration | undefined {
    if (scheme !== itemScheme) return undefined;
    const { l10n } = this.#wording;
    switch (path) {
      case '/never':
        return new vscode.FileDecoration('○', l10n.t('no backup'));
      case '/stale':
        return new vscode.FileDecoration(
          '◐',
          l10n.t('backup is old'),
          new vscode.ThemeColor('list.warningForeground'),
        );
      case '/current':
        return new vscode.FileDecoration('✓', l10n.t('backed up'));
      default:
        return undefined;
    }
  }
}

/** The number on the view; undefined where all is backed up or nothing can be said. */
export function unprotectedBadge(
  unprotected: Unprotected | undefined,
  { l10n }: Wording,
): vscode.ViewBadge | undefined {
  if (unprotected === undefined) return undefined;
  const { images, containers, volumes } = unprotected;
  const value = images + containers + volumes;
  if (value === 0) return undefined;
  return {
    value,
    tooltip: l10n.t('Without a backup: {images} images, {containers} containers, {volumes} volumes', {
      images,
      containers,
      volumes,
    }),
  };
}
