import * as vscode from 'vscode';
import { shortDigest } from '../core/digest.ts';
import { pickImage } from '../ui/pickers.ts';
import { chosenNodes } from './chosenNodes.ts';
import type { Command } from './context.ts';

/** Opens the page of what an image wastes, what could be done better, and who shares its layers. */
export const analyzeImage: Command<'drydock.analyzeImage'> = async (context, ...args) => {
  const [node] = chosenNodes(args).flatMap((one) => (one.kind === 'image' ? [one] : []));
  const image =
    node ?? (await pickImage(await context.engine().images.list(), vscode.l10n.t('Analyze Image')));
  if (image === undefined) return undefined;
  await context.showAnalysis({ imageId: image.id, title: image.tag ?? shortDigest(image.id) });
  return image.id;
};
