import * as vscode from 'vscode';
import type { TagFilter } from '../core/transfer/wildcard.ts';

/** Reads patterns for tags: `v*, latest, !*-rc*`; with a `!` those that are left out. */
export function parseTagFilter(text: string): TagFilter {
  const words = text.split(/[\s,]+/).filter((word) => word !== '' && word !== '!');
  return {
    include: words.filter((word) => !word.startsWith('!')),
    exclude: words.filter((word) => word.startsWith('!')).map((word) => word.slice(1)),
  };
}

/** Asks which tags; all of them where nothing is given. Undefined when the person backs out. */
export async function askTagFilter(title: string): Promise<TagFilter | undefined> {
  const text = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('Which tags: patterns such as v*, latest, !*-rc*. Empty for all.'),
    ignoreFocusOut: true,
  });
  return text === undefined ? undefined : parseTagFilter(text);
}
