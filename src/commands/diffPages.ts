import * as vscode from 'vscode';
import { Comparing, type ComparingDeps } from '../inside/comparing.ts';
import { DiffPanels } from '../report/diffPanels.ts';
import type { DiffFiles } from '../ui/diffFiles.ts';
import type { FileOpener } from '../ui/fileOpener.ts';
import type { Log } from '../ui/log.ts';
import { runOperation } from '../ui/runOperation.ts';
import { diffActions } from './diffActions.ts';

export interface DiffPagesDeps extends Pick<ComparingDeps, 'engine' | 'inside' | 'openSnapshot'> {
  readonly log: Log;
  readonly opener: FileOpener;
  /** What the documents are read from. */
  readonly files: DiffFiles;
}

/** The pages of comparisons, and the documents that they open. */
export function diffPages(
  extension: Pick<vscode.ExtensionContext, 'extensionUri'>,
  { log, opener, files, ...deps }: DiffPagesDeps,
): DiffPanels {
  const comparing = new Comparing({
    ...deps,
    run: (title, work, stop) =>
      runOperation(log, title, { reading: [0, 95], checking: [95, 100] }, work, stop),
    chooseRoot: (names, title) =>
      Promise.resolve(
        vscode.window.showQuickPick(names, {
          title,
          placeHolder: vscode.l10n.t('Choose which of its file systems to compare'),
        }),
      ),
    words: {
      reading: (name) => vscode.l10n.t('Reading {name}', { name }),
      comparing: (left, right) => vscode.l10n.t('Comparing {left} with {right}', { left, right }),
    },
  });
  const bundleFolder = vscode.Uri.joinPath(extension.extensionUri, 'dist', 'report').fsPath;
  return new DiffPanels(extension, {
    comparing,
    log,
    ...diffActions({ log, files, opener, bundleFolder }),
  });
}
