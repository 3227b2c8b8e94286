import * as vscode from 'vscode';
import { remoteNameText } from '../core/registry/remoteName.ts';
import type { DrydockNode } from '../views/node.ts';
import { chosenNodes } from './chosenNodes.ts';
import type { Command } from './context.ts';

/** Copies names as `docker pull` takes them: of a tag, of a platform or another document by its digest, of a repository. */
export const copyReference: Command<'drydock.copyReference'> = async (_, ...args) => {
  const text = chosenNodes(args)
    .flatMap((node) => referenceOf(node) ?? [])
    .join('\n');
  if (text === '') return undefined;
  await vscode.env.clipboard.writeText(text);
  vscode.window.setStatusBarMessage(
    vscode.l10n.t('Copied {text}', { text: text.split('\n')[0] ?? '' }),
    3_000,
  );
  return text;
};

export function referenceOf(node: DrydockNode): string | undefined {
  switch (node.kind) {
    case 'registry':
      return node.host;
    case 'remoteRepository':
      return `${node.host}/${node.path}`;
    case 'remoteTag':
      return remoteNameText({ host: node.host, path: node.path, tag: node.tag });
    case 'remoteFact':
      return remoteNameText({
        ...{ host: node.host, path: node.path },
        ...(node.digest === undefined ? { tag: node.tag } : { digest: node.digest }),
      });
    default:
      return undefined;
  }
}
