import { join } from 'node:path';
import * as vscode from 'vscode';
import { visibleName } from '../core/fileTrees/visibleName.ts';
import type { Operation } from '../core/progress.ts';
import { archiveFolder } from '../ui/archiveFolder.ts';
import { runOperation } from '../ui/runOperation.ts';
import { chosenNodes } from './chosenNodes.ts';
import type { Command, CommandContext } from './context.ts';
import { tellExtracted } from './extractFiles.ts';
import { oneAfterAnother } from './oneAfterAnother.ts';
import { askSource, liveName, livePlaceOf, type LiveFolder } from './liveNodes.ts';

/** Brings files and folders of containers and volumes to a folder of this machine. Nothing there is replaced. */
export const downloadFiles: Command<'drydock.downloadFiles'> = async (context, ...args) => {
  const places = await chosenPlaces(context, args);
  if (places.length === 0) return undefined;
  const title = vscode.l10n.t('Download');
  const [chosen] =
    (await vscode.window.showOpenDialog({
      title,
      openLabel: vscode.l10n.t('Download Here'),
      canSelectFiles: false,
      canSelectFolders: true,
      defaultUri: vscode.Uri.file(archiveFolder()),
    })) ?? [];
  if (chosen === undefined) return undefined;
  const done = await oneAfterAnother(places, (place, started) =>
    download(context, { ...place, folder: chosen.fsPath }, started),
  );
  return done.length;
};

async function chosenPlaces(
  context: CommandContext,
  args: Parameters<typeof chosenNodes>[0],
): Promise<readonly LiveFolder[]> {
  const places = chosenNodes(args).flatMap((node) => livePlaceOf(node) ?? []);
  if (places.length > 0) return places;
  const source = await askSource(context, vscode.l10n.t('Download'));
  return source === undefined ? [] : [{ source, path: '' }];
}

async function download(
  { live, log }: CommandContext,
  { source, path, folder }: LiveFolder & { readonly folder: string },
  started: (operation: Operation) => void,
): Promise<true | undefined> {
  const name = visibleName(liveName({ source, path }));
  // All of a container or a volume gets a folder of its own.
  const into = path === '' ? join(folder, name.replace(/[^\w.-]+/g, '_').replace(/^\.+/, '_')) : folder;
  const title = vscode.l10n.t('Downloading {name}', { name });
  const shares = { reading: [0, 60], writing: [60, 100] } as const;
  const done = await runOperation(log, title, shares, async (operation) => {
    started(operation);
    const [{ downloadFiles: bring }, { explainFileError }, { mkdir, rmdir }] = await Promise.all([
      import('../core/fileTrees/downloadFiles.ts'),
      import('../core/files/fileErrors.ts'),
      import('node:fs/promises'),
    ]);
    const files = await live.files(source);
    if (path !== '') return bring(files, { path, into, replace: false }, operation);
    await mkdir(into).catch((error: unknown) => {
      throw explainFileError(error, into);
    });
    try {
      return await bring(files, { path, into, replace: false }, operation);
    } catch (error) {
      // What is not empty by then holds files that came; why they are not all as they should be is to be said.
      await rmdir(into).catch(() => undefined);
      throw error;
    }
  });
  if (done === undefined) return undefined;
  tellExtracted(log, { name, into, ...done });
  return true;
}
