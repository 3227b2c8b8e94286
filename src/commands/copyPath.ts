import * as vscode from 'vscode';
import type { Command } from './context.ts';
import { filesAmong, shownPath } from './fileNodes.ts';

/**
 * Copies the paths of files. What a terminal would obey in a name is copied as it is shown, since that is where paths
 * are pasted.
 */
export const copyPath: Command<'drydock.copyPath'> = async (_context, ...args) => {
  const paths = filesAmong(args).map(({ place }) => shownPath(place));
  if (paths.length === 0) return undefined;
  const text = paths.join('\n');
  await vscode.env.clipboard.writeText(text);
  vscode.window.setStatusBarMessage(vscode.l10n.t('Copied {text}', { text: paths[0] ?? '' }), 3_000);
  return text;
};
