import * as vscode from 'vscode';
import { imageScheme, liveScheme, snapshotScheme } from './contributions.ts';
import type { Inside } from './lookInside.ts';
import { ImageFileSystem } from './ui/imageFileSystem.ts';
import { LiveFileSystem } from './ui/liveFileSystem.ts';
import { SnapshotFileSystem } from './ui/snapshotFileSystem.ts';
import type { OpenedSnapshots } from './vaults/openedSnapshots.ts';

/** Gives editors the files of images, snapshots, containers and volumes, to read. */
export function registerFileSystems({
  openSnapshot,
  imageFiles,
  live,
}: Pick<Inside, 'imageFiles' | 'live'> & {
  readonly openSnapshot: OpenedSnapshots['open'];
}): { dispose(): unknown }[] {
  const fileSystems = [
    [snapshotScheme, new SnapshotFileSystem(openSnapshot)],
    [imageScheme, new ImageFileSystem(imageFiles)],
    [liveScheme, new LiveFileSystem(live)],
  ] as const;
  return fileSystems.flatMap(([scheme, files]) => [
    files,
    vscode.workspace.registerFileSystemProvider(scheme, files, { isReadonly: true }),
  ]);
}
