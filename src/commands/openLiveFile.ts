import * as vscode from 'vscode';
import { visibleName } from '../core/fileTrees/visibleName.ts';
import { liveUri } from '../ui/liveFileSystem.ts';
import type { LiveFileNode } from '../views/node.ts';
import { chosenNodes } from './chosenNodes.ts';
import type { Command } from './context.ts';
import { liveFilesAmong, liveName } from './liveNodes.ts';

/** Opens files of containers and volumes as they are now, read-only. */
export const openLiveFile: Command<'drydock.openLiveFile'> = async (_context, ...args) => {
  const files = liveFilesAmong(chosenNodes(args)).filter(({ isFolder }) => !isFolder);
  const uris = files.map(({ source, path }) => liveUri({ source, path, side: 'live' }));
  for (const uri of uris)
    await vscode.commands.executeCommand('vscode.open', uri, { preview: uris.length === 1 });
  return uris.map(String);
};

/** Opens a file that a container changed beside the one of its image; of one that it deleted, that of the image. */
export const compareWithImage: Command<'drydock.compareWithImage'> = async (_context, ...args) => {
  const files = liveFilesAmong(chosenNodes(args)).filter(
    ({ source, isFolder }) => source.kind === 'container' && !isFolder,
  );
  for (const file of files) await compare(file, { preview: files.length === 1 });
  return files.length;
};

async function compare(file: LiveFileNode, options: vscode.TextDocumentShowOptions): Promise<void> {
  const { source, path, change } = file;
  const ofImage = liveUri({ source, path, side: 'image' });
  if (change === 'deleted') {
    await vscode.commands.executeCommand('vscode.open', ofImage, options);
    return;
  }
  const title = vscode.l10n.t('{name} (image ↔ {container})', {
    name: visibleName(liveName(file)),
    container: source.name,
  });
  const now = liveUri({ source, path, side: 'live' });
  await vscode.commands.executeCommand('vscode.diff', ofImage, now, title, options);
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
