import * as vscode from 'vscode';
import type { DrydockNode } from '../views/node.ts';

/** Copies what `textOf` gives for each node, a line each, and says so. Undefined where it gives nothing. */
export async function copyTexts(
  nodes: readonly DrydockNode[],
  textOf: (node: DrydockNode) => string | undefined,
): Promise<string | undefined> {
  const text = nodes.flatMap((node) => textOf(node) ?? []).join('\n');
  if (text === '') return undefined;
  await vscode.env.clipboard.writeText(text);
  vscode.window.setStatusBarMessage(
    vscode.l10n.t('Copied {text}', { text: text.split('\n')[0] ?? '' }),
    3_000,
  );
  return text;
}
