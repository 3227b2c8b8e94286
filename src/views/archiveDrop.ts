import * as vscode from 'vscode';
import type { CommandId } from '../contributions.ts';
import { isArchiveName, urisInList } from './droppedFiles.ts';
import type { DrydockItem } from './viewItem.ts';

/** Archives that are dropped on a tree are loaded. Nothing can be dragged out of it. */
export class ArchiveDrop implements vscode.TreeDragAndDropController<DrydockItem> {
  readonly dropMimeTypes = ['text/uri-list'];
  readonly dragMimeTypes = [];

  async handleDrop(_target: DrydockItem | undefined, dropped: vscode.DataTransfer): Promise<void> {
    const list = (await dropped.get('text/uri-list')?.asString()) ?? '';
    const files = urisInList(list).map((uri) => vscode.Uri.parse(uri));
    const archives = files.filter(({ path }) => isArchiveName(path));
    if (archives.length === 0) {
      if (files.length === 0) return;
      void vscode.window.showWarningMessage(
        vscode.l10n.t('Only archives can be dropped here: .tar, .tar.gz, .tgz, .tar.zst, .tar.xz, .tar.bz2.'),
      );
      return;
    }
    const load: CommandId = 'drydock.loadArchive';
    await vscode.commands.executeCommand(load, archives[0], archives);
  }
}
