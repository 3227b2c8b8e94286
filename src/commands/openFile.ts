import * as vscode from 'vscode';
import { failure } from '../core/errors.ts';
import type { FilePlace } from '../core/fileTrees/filePlace.ts';
import { imageUri, placeName } from '../ui/imageFileSystem.ts';
import type { Command, CommandContext } from './context.ts';
import { filesAmong, shownPath } from './fileNodes.ts';

/** Opens files of images, each in the editor that knows its kind, read-only. */
export const openFile: Command<'drydock.openFile'> = async (context, ...args) => {
  const opened: string[] = [];
  const files = filesAmong(args);
  for (const { place } of files) {
    const uri = await openPlace(context, place, { preview: files.length === 1 });
    if (uri !== undefined) opened.push(uri.toString());
  }
  return opened.length === 0 ? undefined : opened;
};

/** Opens what is at a place; a folder is shown in the tree, and what no editor can show is said. */
export async function openPlace(
  context: CommandContext,
  place: FilePlace,
  options: vscode.TextDocumentShowOptions = {},
): Promise<vscode.Uri | undefined> {
  const named = { path: shownPath(place), name: placeName(place) };
  const own = await context.imageFiles.find(place);
  if (own === undefined) {
    // That an image was not read has been said.
    if ((await context.inside.peek(place.imageId)) === undefined) return undefined;
    throw failure('pathMissing', named);
  }
  const found = await context.imageFiles.follow(place);
  if (found === undefined) {
    const target = own.file?.link ?? '';
    tell(
      vscode.l10n.t('{path} is a link to {target}, which is not there.', {
        ...named,
        target: shownPath({ path: target }).slice(1),
      }),
    );
    return undefined;
  }
  if (found.isFolder) {
    await context.views.files.reveal(found.place);
    return undefined;
  }
  const { file } = found;
  if (file?.type !== 'file') {
    tell(
      vscode.l10n.t(
        '{path} in {name} has no content: it is a device, a pipe or a link without its other name.',
        named,
      ),
    );
    return undefined;
  }
  return context.opener.open(imageUri(found.place), options);
}

function tell(sentence: string): void {
  void vscode.window.showInformationMessage(sentence);
}
