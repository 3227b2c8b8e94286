import * as vscode from 'vscode';
import type { FilePlace, SnapshotPanelsDeps } from '../report/snapshotPanel.ts';
import type { FileOpener } from '../ui/fileOpener.ts';
import { showFailure } from '../ui/runOperation.ts';
import { snapshotUri } from '../ui/snapshotFileSystem.ts';
import type { OpenedSnapshots } from '../vaults/openedSnapshots.ts';
import type { BackupContext } from './context.ts';
import { extractFiles } from './extractFiles.ts';
import { putBack } from './putBack.ts';

export interface SnapshotActionsDeps extends BackupContext {
  readonly open: OpenedSnapshots['open'];
  readonly opener: FileOpener;
}

/** What the buttons of a snapshot's page do. */
export function snapshotActions(
  deps: SnapshotActionsDeps,
): Pick<SnapshotPanelsDeps, 'restore' | 'openFile' | 'extract' | 'putBack'> {
  const shown =
    (title: string, work: (place: FilePlace) => Promise<unknown>) =>
    async (place: FilePlace): Promise<void> => {
      try {
        await work(place);
      } catch (error) {
        showFailure(deps.log, `${title}: ${place.path}`, error);
      }
    };
  return {
    restore: ({ vaultPath, id, title }) => {
      const node = { kind: 'snapshot', vaultPath, id, refName: title };
      void vscode.commands.executeCommand('drydock.restore', node);
    },
    openFile: shown('open', (place) => deps.opener.open(snapshotUri(place), { preview: true })),
    extract: shown('extract', (place) => extractFiles(deps, place)),
    putBack: shown('put back', (place) => putBack(deps, place)),
  };
}
