import { join } from 'node:path';
import * as vscode from 'vscode';
import { compressionByName } from '../core/archive/compressionByName.ts';
import { exportContainer as exportRootfs } from '../core/backup/exportContainer.ts';
import { fileTimestamp, formatBytes } from '../core/quantity.ts';
import { archiveFolder } from '../ui/archiveFolder.ts';
import { pickContainer } from '../ui/pickers.ts';
import { runOperation } from '../ui/runOperation.ts';
import type { ContainerNode } from '../views/node.ts';
import { chosenNodes, containersAmong } from './chosenNodes.ts';
import type { Command, CommandContext } from './context.ts';

/** Writes the file systems of the chosen containers into tar files, one each. */
export const exportContainer: Command<'drydock.exportContainer'> = async (context, ...args) => {
  const title = vscode.l10n.t('Export Container Filesystem');
  const nodes = containersAmong(chosenNodes(args));
  const picked =
    nodes.length > 0 ? undefined : await pickContainer(await context.engine().containers.list(), title);
  const containers = picked === undefined ? nodes : [picked];
  const results = [];
  for (const container of containers) {
    const exported = await exportOne(context, title, container);
    if (exported === undefined) break;
    results.push(exported);
  }
  return results;
};

async function exportOne(context: CommandContext, title: string, container: ContainerNode): Promise<unknown> {
  const target = await vscode.window.showSaveDialog({
    title,
    defaultUri: vscode.Uri.file(
      join(archiveFolder(), `${container.name}_rootfs_${fileTimestamp(Date.now())}.tar`),
    ),
    saveLabel: vscode.l10n.t('Export'),
    filters: { tar: ['tar'], 'tar.gz': ['tar.gz', 'tgz'], 'tar.zst': ['tar.zst'] },
  });
  if (target === undefined) return undefined;
  const exported = await runOperation(
    context.log,
    vscode.l10n.t('Exporting {name}', { name: container.name }),
    { reading: [0, 75], checking: [75, 100] },
    (operation) =>
      exportRootfs(
        { engine: context.engine() },
        {
          containerId: container.id,
          path: target.fsPath,
          compression: compressionByName(target.fsPath),
          replace: true, // the dialog has asked
        },
        operation,
      ),
  );
  if (exported !== undefined) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t(
        'Exported and verified: {path} ({entries} entries, {size}). Volumes are not part of it.',
        {
          path: exported.path,
          entries: exported.entries,
          size: formatBytes(exported.plainBytes),
        },
      ),
    );
  }
  return exported;
}
