import * as vscode from 'vscode';
import type { FileChange } from '../core/diff/diffReport.ts';
import type { Operation } from '../core/progress.ts';
import { formatBytes } from '../core/quantity.ts';
import type { Compared } from '../inside/comparing.ts';
import type { DiffPageActions } from '../report/diffPage.ts';
import type { DiffFiles } from '../ui/diffFiles.ts';
import type { Log } from '../ui/log.ts';
import { mostEditorBytes } from '../ui/readOnlyFileSystem.ts';
import { runOperation, showFailure } from '../ui/runOperation.ts';
import { exportDiff } from './exportDiff.ts';

export interface DiffActionsDeps {
  readonly log: Log;
  readonly files: DiffFiles;
  /** Where esbuild.mjs puts the bundles of pages. */
  readonly bundleFolder: string;
}

/** A file with a zero byte here is no text, as git has it too. */
const peekedBytes = 8_000;

/** What the buttons of a comparison's page do. */
export function diffActions({ log, files, bundleFolder }: DiffActionsDeps): DiffPageActions {
  const shown = async (path: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      showFailure(log, path, error);
    }
  };
  return {
    compareFile: (compared, change) => shown(change.path, () => compareFile(files, log, compared, change)),
    openFile: (compared, change, side) =>
      shown(change.path, () => open(files.uri(compared, change, side), vscode.ViewColumn.Active)),
    exportReport: (compared) =>
      shown(compared.report.left.name, () => exportDiff({ log, bundleFolder }, compared)),
  };
}

/** Text opens in VS Code's diff editor; what is none, or too much for an editor, each side by itself. */
async function compareFile(
  files: DiffFiles,
  log: Log,
  compared: Compared,
  change: FileChange,
): Promise<void> {
  const uris = { left: files.uri(compared, change, 'left'), right: files.uri(compared, change, 'right') };
  const { left, right } = change;
  const sizeBytes = Math.max(left?.sizeBytes ?? 0, right?.sizeBytes ?? 0);
  if (sizeBytes > mostEditorBytes) {
    void vscode.window.showWarningMessage(
      vscode.l10n.t('{path} has {size}, more than an editor can show. Extract it instead.', {
        path: uris.right.path,
        size: formatBytes(sizeBytes),
      }),
    );
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
    const names = { left: compared.left.name, right: compared.right.name };
    const title = `${uris.right.path.split('/').at(-1) ?? ''} (${names.left} ↔ ${names.right})`;
    await vscode.commands.executeCommand('vscode.diff', uris.left, uris.right, title);
    return;
  }
  await open(uris.left, vscode.ViewColumn.Active);
  await open(uris.right, vscode.ViewColumn.Beside);
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

async function open(uri: vscode.Uri, viewColumn: vscode.ViewColumn): Promise<void> {
  await vscode.commands.executeCommand('vscode.open', uri, { viewColumn, preview: true });
}
