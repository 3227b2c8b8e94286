import * as vscode from 'vscode';
import { shortDigest } from '../core/digest.ts';
import { pickImage } from '../ui/pickers.ts';
import type { Command } from './context.ts';

/** Reads an image once, so that the lens can tell the files and the waste of each line. */
export const readLayers: Command<'drydock.readLayers'> = async (context, node) => {
  const image = node ?? (await pickImage(context.inventory.images.values(), vscode.l10n.t('Look Inside')));
  if (image === undefined) return undefined;
  const name = image.tag ?? shortDigest(image.id);
  const opened = await context.inside.open(image.id, name);
  if (opened === undefined) return undefined;
  (await context.lens()).lookAgain();
  return image.id;
};
