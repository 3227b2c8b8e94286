import * as vscode from 'vscode';
import { shortDigest } from '../core/digest.ts';
import { pickImage } from '../ui/pickers.ts';
import type { Command } from './context.ts';

/** Opens the page of an image's layers; beside the Dockerfile when it is started there. */
export const showHistory: Command<'drydock.showHistory'> = async (context, node) => {
  const isNode = node !== undefined && 'kind' in node;
  const image = isNode
    ? { id: node.kind === 'layer' ? node.imageId : node.id, tag: node.tag }
    : await pickImage(await context.engine().images.list(), vscode.l10n.t('Show Layer History'));
  if (image === undefined) return undefined;
  const beside = vscode.window.activeTextEditor?.document.languageId === 'dockerfile';
  await context.showHistory({ imageId: image.id, title: image.tag ?? shortDigest(image.id), beside });
  return image.id;
};
