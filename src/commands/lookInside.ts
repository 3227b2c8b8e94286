import * as vscode from 'vscode';
import { chosenNodes } from './chosenNodes.ts';
import type { Command } from './context.ts';
import { filesAmong } from './fileNodes.ts';

/** Tries once more to read an image whose files were asked for. */
export const readAgain: Command<'drydock.readAgain'> = (context, ...args) => {
  for (const node of chosenNodes(args))
    if (node.kind === 'message' && node.imageId !== undefined) context.views.files.readAgain(node.imageId);
  return Promise.resolve();
};

/** Shows more rows of a large folder, or of a long list of a registry. */
export const showMore: Command<'drydock.showMore'> = async (context, ...args) => {
  for (const node of chosenNodes(args)) {
    if (node.kind === 'more') await context.views.files.showMore(node);
    if (node.kind === 'remoteMore') await context.registries.list.more(node);
  }
};

/** Shows the files of an image, of a layer, or one of them, in the view of images. */
export const revealFiles: Command<'drydock.revealFiles'> = async (context, ...args) => {
  const [file] = filesAmong(args);
  if (file === undefined) return undefined;
  const isShown = await context.views.files.reveal(file.place);
  if (!isShown)
    void vscode.window.showInformationMessage(
      vscode.l10n.t(
        'The Images view does not show that: a setting hides its image, or its history does not tell of the layer.',
      ),
    );
  return isShown;
};
