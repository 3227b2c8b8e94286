import * as vscode from 'vscode';
import type { FileChange } from '../core/diff/diffReport.ts';
import type { Operation } from '../core/progress.ts';
import type { Compared } from '../inside/comparing.ts';
import type { DiffPageActions } from '../report/diffPage.ts';
import type { DiffFiles } from '../ui/diffFiles.ts';
import type { FileOpener } from '../ui/fileOpener.ts';
import type { Log } from '../ui/log.ts';
import { mostEditorBytes } from '../ui/readOnlyFileSystem.ts';
import { runOperation, showFailure } from '../ui/runOperation.ts';
import { exportDiff } from './exportDiff.ts';

export interface DiffActionsDeps {
  readonly log: Log;
  readonly files: DiffFiles;
  readonly opener: FileOpener;
  /** Where esbuild.mjs puts the bundles of pages. */
  readonly bundleFolder: string;
}

/** A file with a zero byte here is no text, as git has it too. */
const peekedBytes = 8_000;

/** What the buttons of a comparison's page do. */
export function diffActions({ log, files, opener, bundleFolder }: DiffActionsDeps): DiffPageActions {
  const shown = async (path: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      showFailure(log, path, error);
    }
  };
  return {
    compareFile: (compared, change) =>
      shown(change.path, () => compareFile({ files, opener, log }, compared, change)),
    openFile: (compared, change, side) =>
      shown(change.path, () => opener.open(files.uri(compared, change, side), { preview: true })),
    exportReport: (compared) =>
      shown(compared.report.left.name, () => exportDiff({ log, bundleFolder }, compared)),
  };
}

/** Text opens in VS Code's diff editor; what is none, or too much for an editor, each side by itself. */
async function compareFile(
  { files, opener, log }: Pick<DiffActionsDeps, 'files' | 'opener' | 'log'>,
  compared: Compared,
  change: FileChange,
): Promise<void> {
  const uris = { left: files.uri(compared, change, 'left'), right: files.uri(compared, change, 'right') };
  const { left, right } = change;
  const sizeBytes = Math.max(left?.sizeBytes ?? 0, right?.sizeBytes ?? 0);
  const names = { left: compared.left.name, right: compared.right.name };
  const title = `${uris.right.path.split('/').at(-1) ?? ''} (${names.left} ↔ ${names.right})`;
  if (sizeBytes > mostEditorBytes) {
    await opener.compare(uris.left, uris.right, { title });
    return;
  }
  const isText = await runOperation(
    log,
    vscode.l10n.t('Reading {name}', { name: uris.right.path }),
    {},
    async (operation) => {
      const read = (uri: vscode.Uri): Promise<boolean> => readForEditor(files, uri, operation);
      const texts = await Promise.all([read(uris.left), read(uris.right)]);
      return texts.every((text) => text);
    },
  );
  if (isText === undefined) return;
  if (isText) {
    await vscode.commands.executeCommand('vscode.diff', uris.left, uris.right, title);
    return;
  }
  await opener.open(uris.left, { viewColumn: vscode.ViewColumn.Active, preview: true });
  await opener.open(uris.right, { viewColumn: vscode.ViewColumn.Beside, preview: true });
  void vscode.window.showInformationMessage(
    vscode.l10n.t('{path} is no text, so both sides were opened as they are.', { path: uris.right.path }),
  );
}

/** Whether it is text. What was read is kept for the editor, so that nothing is transferred twice. */
async function readForEditor(files: DiffFiles, uri: vscode.Uri, operation: Operation): Promise<boolean> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await files.read(uri, operation)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  files.keep(uri, bytes);
  return !bytes.subarray(0, peekedBytes).includes(0);
}
