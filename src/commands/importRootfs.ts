import * as vscode from 'vscode';
import { formatBytes } from '../core/quantity.ts';
import { importRootfs as importTar } from '../core/restore/importRootfs.ts';
import { askImageName } from '../ui/askImageName.ts';
import { pickArchives } from '../ui/pickArchives.ts';
import { runOperation } from '../ui/runOperation.ts';
import type { Command } from './context.ts';

/** Makes an image out of a root file system's tar. */
export const importRootfs: Command<'drydock.importRootfs'> = async (context, file) => {
  const title = vscode.l10n.t('Import Filesystem as Image');
  const path = file?.fsPath ?? (await pickArchives(title))?.[0];
  if (path === undefined) return undefined;
  const fileName = path.split(/[\\/]/).at(-1) ?? path;
  const proposed = fileName.replace(/(_rootfs.*)?\.(tar|tgz)(\.\w+)?$/i, '').toLowerCase();
  const name = await askImageName(context.engine(), { title, value: `${proposed}:imported` });
  if (name === undefined) return undefined;
  const imported = await runOperation(
    context.log,
    vscode.l10n.t('Importing {name}', { name: fileName }),
    { checking: [0, 40], sending: [40, 100] },
    (operation) =>
      importTar(
        { engine: context.engine() },
        { path, name, message: `Imported from ${fileName}` },
        operation,
      ),
  );
  if (imported !== undefined) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('Imported and verified: {name} ({entries} entries, {size}).', {
        name,
        entries: imported.entries,
        size: formatBytes(imported.plainBytes),
      }),
    );
  }
  return imported;
};
