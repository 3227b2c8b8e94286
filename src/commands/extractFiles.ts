import { join } from 'node:path';
import * as vscode from 'vscode';
import { failure } from '../core/errors.ts';
import { formatBytes } from '../core/quantity.ts';
import type { LeftOut } from '../core/snapshotFiles/extractPlan.ts';
import type { FilePlace } from '../report/snapshotPanel.ts';
import { archiveFolder } from '../ui/archiveFolder.ts';
import type { Log } from '../ui/log.ts';
import { runOperation } from '../ui/runOperation.ts';
import type { OpenedSnapshots } from '../vaults/openedSnapshots.ts';

export interface ExtractFilesDeps {
  readonly log: Log;
  readonly open: OpenedSnapshots['open'];
}

/** Brings a file or a folder of a snapshot to a folder of this machine. What is there already is never replaced. */
export async function extractFiles({ log, open }: ExtractFilesDeps, place: FilePlace): Promise<void> {
  const name = place.path === '' ? place.root : (place.path.split('/').at(-1) ?? '');
  const folder = await askExtractFolder(name);
  if (folder === undefined) return;
  // A whole file system gets a folder of its own.
  const into = place.path === '' ? join(folder, folderNameFor(place.root)) : folder;
  const extracted = await runOperation(
    log,
    vscode.l10n.t('Extracting {name}', { name }),
    {},
    async (operation) => {
      const { extractTree } = await import('../core/snapshotFiles/extractTree.ts');
      const { roots } = await open(place.vaultPath, place.id);
      const files = roots.find(({ root }) => root.name === place.root);
      if (files === undefined) throw failure('unexpected', { reason: `no file system ${place.root}` });
      return extractTree(files, { path: place.path, into, replace: false, owners: false }, operation);
    },
  );
  if (extracted === undefined) return;
  tellExtracted(log, { name, into, ...extracted });
}

/** Asks for the folder of this machine that gets `name`; undefined when the person backs out. */
export async function askExtractFolder(name: string): Promise<string | undefined> {
  const [chosen] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Extract {name}', { name }),
      openLabel: vscode.l10n.t('Extract Here'),
      canSelectFiles: false,
      canSelectFolders: true,
      defaultUri: vscode.Uri.file(archiveFolder()),
    })) ?? [];
  return chosen?.fsPath;
}

/** An image's name may hold slashes and colons, and what a vault says is a name may be `..`. */
export function folderNameFor(root: string): string {
  return root.replace(/[^\w.-]+/g, '_').replace(/^\.+/, '_');
}

/** Says what came, and what of it did not come as it was. */
export function tellExtracted(
  log: Log,
  result: {
    readonly name: string;
    readonly into: string;
    readonly fileCount: number;
    readonly sizeBytes: number;
    readonly left: readonly LeftOut[];
  },
): void {
  const { name, into, fileCount, sizeBytes, left } = result;
  for (const { path, reason } of left) log.info(`${name}: ${path}: ${reason}`);
  const sentence = vscode.l10n.t('Extracted and verified: {name} to {path} ({count} files, {size}).', {
    name,
    path: into,
    count: fileCount,
    size: formatBytes(sizeBytes),
  });
  if (left.length === 0) {
    void vscode.window.showInformationMessage(sentence);
    return;
  }
  const showLog = vscode.l10n.t('Show Log');
  const more = vscode.l10n.t('{count} could not be made as they were.', { count: left.length });
  void vscode.window.showWarningMessage(`${sentence} ${more}`, showLog).then((chosen) => {
    if (chosen === showLog) log.show();
  });
}
