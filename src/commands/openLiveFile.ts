import * as vscode from 'vscode';
import { visibleName } from '../core/fileTrees/visibleName.ts';
import type { FileOpener } from '../ui/fileOpener.ts';
import { liveUri } from '../ui/liveFileSystem.ts';
import type { LiveFileNode } from '../views/node.ts';
import { chosenNodes } from './chosenNodes.ts';
import type { Command } from './context.ts';
import { liveFilesAmong, liveName } from './liveNodes.ts';

/** Opens files of containers and volumes as they are now, read-only. */
export const openLiveFile: Command<'drydock.openLiveFile'> = async ({ opener }, ...args) => {
  const files = liveFilesAmong(chosenNodes(args)).filter(({ isFolder }) => !isFolder);
  const opened: string[] = [];
  for (const { source, path } of files) {
    const uri = await opener.open(liveUri({ source, path, side: 'live' }), { preview: files.length === 1 });
    if (uri !== undefined) opened.push(uri.toString());
  }
  return opened;
};

/** Opens a file that a container changed beside the one of its image; of one that it deleted, that of the image. */
export const compareWithImage: Command<'drydock.compareWithImage'> = async ({ opener }, ...args) => {
  const files = liveFilesAmong(chosenNodes(args)).filter(
    ({ source, isFolder }) => source.kind === 'container' && !isFolder,
  );
  for (const file of files) await compare(opener, file, { preview: files.length === 1 });
  return files.length;
};

async function compare(
  opener: FileOpener,
  file: LiveFileNode,
  options: vscode.TextDocumentShowOptions,
): Promise<void> {
  const { source, path, change } = file;
  const ofImage = liveUri({ source, path, side: 'image' });
  if (change === 'deleted') {
    await opener.open(ofImage, options);
    return;
  }
  const title = vscode.l10n.t('{name} (image ↔ {container})', {
    name: visibleName(liveName(file)),
    container: source.name,
  });
  const now = liveUri({ source, path, side: 'live' });
  await opener.compare(ofImage, now, { title, ...options });
}

/** Copies where files are in their container or volume, one a line. */
export const copyLivePath: Command<'drydock.copyLivePath'> = async (_context, ...args) => {
  const paths = liveFilesAmong(chosenNodes(args)).map(({ path }) => `/${visibleName(path)}`);
  if (paths.length === 0) return undefined;
  const text = paths.join('\n');
  await vscode.env.clipboard.writeText(text);
  vscode.window.setStatusBarMessage(vscode.l10n.t('Copied {text}', { text: paths[0] ?? '' }), 3_000);
  return text;
};
