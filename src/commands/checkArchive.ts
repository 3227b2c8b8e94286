import * as vscode from 'vscode';
import type { Archive } from '../core/archive/archive.ts';
import { readArchiveAt } from '../core/archive/readArchiveAt.ts';
import { pickArchives } from '../ui/pickArchives.ts';
import { runOperation } from '../ui/runOperation.ts';
import type { Command } from './context.ts';

/** Reads archives to their end, every digest checked, without any engine. */
export const checkArchive: Command<'drydock.checkArchive'> = async (context, file, selected) => {
  const files = selected ?? (file === undefined ? undefined : [file]);
  const paths = files?.map(({ fsPath }) => fsPath) ?? (await pickArchives(vscode.l10n.t('Check Archive')));
  const checked: Archive[] = [];
  for (const path of paths ?? []) {
    const archive = await runOperation(
      context.log,
      vscode.l10n.t('Checking {name}', { name: path }),
      { checking: [0, 100] },
      async (operation) => (await readArchiveAt(path, operation)).archive,
    );
    if (archive === undefined) break;
    checked.push(archive);
    for (const { text } of archive.remarks) context.log.info(`${archive.name}: ${text}`);
    void vscode.window.showInformationMessage(
      vscode.l10n.t('{name} is whole: {images} images, {layers} layers, every digest right.', {
        name: archive.name,
        images: archive.images.length,
        layers: new Set(archive.images.flatMap(({ layers }) => layers.map(({ diffId }) => diffId))).size,
      }),
    );
  }
  return checked;
};
