import * as vscode from 'vscode';
import type { CommandContext } from './commands/context.ts';
import {
  analysisPanelType,
  diffPanelType,
  diffScheme,
  historyPanelType,
  sharedPanelType,
  snapshotPanelType,
} from './contributions.ts';
import type { Inside } from './lookInside.ts';
import type { OpenPages } from './openPages.ts';
import { DiffFiles } from './ui/diffFiles.ts';
import { ReadOnlyFileSystem } from './ui/readOnlyFileSystem.ts';
import type { OpenedSnapshots } from './vaults/openedSnapshots.ts';

export interface PagesDeps
  extends
    Pick<
      CommandContext,
      'engine' | 'openEndpoint' | 'ready' | 'inventory' | 'vaults' | 'lens' | 'opener' | 'log'
    >,
    Pick<Inside, 'inside' | 'readInside'> {
  readonly openSnapshot: OpenedSnapshots['open'];
}

/** The pages of a window. */
export interface Pages extends Pick<
  CommandContext,
  'showAnalysis' | 'showHistory' | 'showShared' | 'showDiff' | 'showSnapshot'
> {
  readonly disposables: readonly { dispose(): void }[];
}

const panelTypes: Readonly<Record<keyof OpenPages, string>> = {
  analysis: analysisPanelType,
  diff: diffPanelType,
  history: historyPanelType,
  shared: sharedPanelType,
  snapshot: snapshotPanelType,
};

/** What shows the pages loads with the first, whether it is asked for or comes back with the window. */
export function createPages(
  extension: Pick<vscode.ExtensionContext, 'extensionUri'>,
  deps: PagesDeps,
): Pages {
  const diffFiles = new DiffFiles();
  let opened: Promise<OpenPages> | undefined;
  const pages = (): Promise<OpenPages> =>
    (opened ??= import('./openPages.ts').then(({ openPages }) =>
      openPages(extension, { ...deps, diffFiles }),
    ));
  return {
    showAnalysis: async (key) => (await pages()).analysis.show(key),
    showHistory: async (input) => (await pages()).history.show(input),
    showShared: async () => (await pages()).shared.show(),
    showDiff: async (key) => (await pages()).diff.show(key),
    showSnapshot: async (key) => (await pages()).snapshot.show(key),
    disposables: [
      ...Object.entries(panelTypes).map(([name, type]) =>
        vscode.window.registerWebviewPanelSerializer(type, {
          deserializeWebviewPanel: async (panel, state: unknown) =>
            (await pages())[name as keyof OpenPages].restore(panel, state),
        }),
      ),
      deps.opener.register(diffScheme, new ReadOnlyFileSystem(diffFiles)),
      {
        dispose: () => {
          void opened?.then(({ analysis, diff, history, shared, snapshot }) => {
            vscode.Disposable.from(analysis, diff, history, shared, snapshot).dispose();
          });
        },
      },
    ],
  };
}
