import * as vscode from 'vscode';
import { imageScheme, liveScheme, snapshotScheme } from './contributions.ts';
import type { Inside } from './lookInside.ts';
import { FileOpener } from './ui/fileOpener.ts';
import { ImageFileSystem } from './ui/imageFileSystem.ts';
import { LiveFileSystem } from './ui/liveFileSystem.ts';
import type { Log } from './ui/log.ts';
import { SnapshotFileSystem } from './ui/snapshotFileSystem.ts';
import type { OpenedSnapshots } from './vaults/openedSnapshots.ts';

/** Gives editors the files of images, snapshots, containers and volumes, to read. */
export function registerFileSystems({
  openSnapshot,
  imageFiles,
  live,
  opener,
}: Pick<Inside, 'imageFiles' | 'live'> & {
  readonly openSnapshot: OpenedSnapshots['open'];
  readonly opener: FileOpener;
}): { dispose(): unknown }[] {
  const fileSystems = [
    [snapshotScheme, new SnapshotFileSystem(openSnapshot)],
    [imageScheme, new ImageFileSystem(imageFiles)],
    [liveScheme, new LiveFileSystem(live)],
  ] as const;
  return fileSystems.map(([scheme, files]) => opener.register(scheme, files));
}

/** Opens these files, the large ones too; what killed windows left of them goes once this one stands. */
export function fileOpener(
  { globalStorageUri }: Pick<vscode.ExtensionContext, 'globalStorageUri'>,
  { ready, log }: { readonly ready: Promise<void>; readonly log: Log },
): FileOpener {
  const opener = new FileOpener({ folder: vscode.Uri.joinPath(globalStorageUri, 'opened').fsPath, log });
  ready
    .then(() => opener.sweep())
    .catch((error: unknown) => {
      log.error('removing copies that killed windows left', error);
    });
  return opener;
}
