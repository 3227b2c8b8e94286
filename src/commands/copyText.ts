import * as vscode from 'vscode';
import type { DrydockNode } from '../views/node.ts';
import { pickContainer, pickImage } from '../ui/pickers.ts';
import { chosenNodes } from './chosenNodes.ts';
import { referenceOf } from './copyReference.ts';
import type { Command, CommandContext } from './context.ts';
import { copyTexts } from './copyTexts.ts';

type CopyCommand = Command<'drydock.copyId' | 'drydock.copyName'>;

function copyCommand(textOf: (node: DrydockNode) => string | undefined): CopyCommand {
  return async (context, ...args) => {
    const chosen = chosenNodes(args);
    return copyTexts(chosen.length > 0 ? chosen : await pickAny(context), textOf);
  };
}

/** From the palette: one image or one container. */
async function pickAny(context: CommandContext): Promise<readonly DrydockNode[]> {
  const title = vscode.l10n.t('Copy');
  const image = { label: vscode.l10n.t('Image'), subject: 'image' } as const;
  const container = { label: vscode.l10n.t('Container'), subject: 'container' } as const;
  const subject = (await vscode.window.showQuickPick([image, container], { title }))?.subject;
  if (subject === undefined) return [];
  const engine = context.engine();
  const node =
    subject === 'image'
      ? await pickImage(await engine.images.list(), title)
      : await pickContainer(await engine.containers.list(), title);
  return node === undefined ? [] : [node];
}

export const copyId = copyCommand((node) => {
  if (node.kind === 'layer') return node.entry?.id;
  return node.kind === 'image' || node.kind === 'container' || node.kind === 'snapshot' ? node.id : undefined;
});

export const copyName = copyCommand((node) => {
  switch (node.kind) {
    case 'image':
      return node.tag ?? node.id;
    case 'container':
    case 'volume':
      return node.name;
    case 'repository':
      return node.repository;
    case 'project':
      return node.project;
    case 'source':
      return node.source.name;
    case 'snapshot':
      return node.refName;
    case 'vault':
      return node.path;
    case 'liveFile':
      return `/${node.path}`;
    case 'registry':
    case 'remoteRepository':
    case 'remoteTag':
    case 'remoteFact':
      return referenceOf(node);
    case 'liveFiles':
    case 'changes':
    case 'remoteMore':
    case 'layer':
    case 'file':
    case 'more':
    case 'detail':
    case 'message':
      return undefined;
  }
});
