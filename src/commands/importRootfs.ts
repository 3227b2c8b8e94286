import * as vscode from 'vscode';
import { formatBytes } from '../core/quantity.ts';
import { importRootfs as importTar, type ImportedImage } from '../core/restore/importRootfs.ts';
import { askImageName } from '../ui/askImageName.ts';
import { pickArchives } from '../ui/pickArchives.ts';
import { runOperation } from '../ui/runOperation.ts';
import type { Command, CommandContext } from './context.ts';

/** Makes images out of root file systems' tars, one each. */
export const importRootfs: Command<'drydock.importRootfs'> = async (context, file, selected) => {
  const title = vscode.l10n.t('Import Filesystem as Image');
  const files = selected ?? (file === undefined ? undefined : [file]);
  const paths = files?.map(({ fsPath }) => fsPath) ?? (await pickArchives(title));
  const results: ImportedImage[] = [];
  for (const path of paths ?? []) {
    const imported = await importOne(context, title, path);
    if (imported === undefined) break;
    results.push(imported);
  }
  return results;
};

async function importOne(
  context: CommandContext,
  title: string,
  path: string,
): Promise<ImportedImage | undefined> {
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
}
