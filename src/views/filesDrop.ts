import * as vscode from 'vscode';
import type { CommandId } from '../contributions.ts';
import { urisInList } from './droppedFiles.ts';
import type { DrydockItem } from './viewItem.ts';

/** Files that are dropped on a folder of a container or a volume are uploaded into it. Nothing can be dragged out. */
export class FilesDrop implements vscode.TreeDragAndDropController<DrydockItem> {
  readonly dropMimeTypes = ['text/uri-list'];
  readonly dragMimeTypes = [];

  async handleDrop(target: DrydockItem | undefined, dropped: vscode.DataTransfer): Promise<void> {
    const list = (await dropped.get('text/uri-list')?.asString()) ?? '';
    const files = urisInList(list).map((uri) => vscode.Uri.parse(uri));
    if (files.length === 0) return;
    const isPlace =
      target?.kind === 'liveFiles' ||
      target?.kind === 'container' ||
      target?.kind === 'volume' ||
      (target?.kind === 'liveFile' && target.isFolder);
    if (!isPlace) {
      void vscode.window.showWarningMessage(
        vscode.l10n.t('Drop files on a container, on a volume, or on a folder below its Files.'),
      );
      return;
    }
    const upload: CommandId = 'drydock.uploadFiles';
    await vscode.commands.executeCommand(upload, target, files);
  }
}
