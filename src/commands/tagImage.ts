import * as vscode from 'vscode';
import { shortDigest } from '../core/digest.ts';
import { askImageName } from '../ui/askImageName.ts';
import { pickImage } from '../ui/pickers.ts';
import { chosenNodes, imagesAmong } from './chosenNodes.ts';
import type { Command } from './context.ts';

/** Puts one more name on an image. */
export const tagImage: Command<'drydock.tagImage'> = async (context, ...args) => {
  const title = vscode.l10n.t('Tag Image');
  const engine = context.engine();
  const image = imagesAmong(chosenNodes(args))[0] ?? (await pickImage(await engine.images.list(), title));
  if (image === undefined) return undefined;
  const name = await askImageName(engine, { title, value: image.tag ?? '', imageId: image.id });
  if (name === undefined) return undefined;
  await engine.images.tag(image.id, name);
  void vscode.window.showInformationMessage(
    vscode.l10n.t('{image} is now also {name}.', { image: image.tag ?? shortDigest(image.id), name }),
  );
  return name;
};
