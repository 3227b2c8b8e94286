import type * as vscode from 'vscode';
import { diffPages } from './commands/diffPages.ts';
import { historyActions } from './commands/historyActions.ts';
import { snapshotActions } from './commands/snapshotActions.ts';
import { analyzeInside } from './inside/analyzing.ts';
import { sharingInEngine } from './inside/sharing.ts';
import type { PagesDeps } from './pages.ts';
import { AnalysisPanels } from './report/analysisPanels.ts';
import type { DiffPanels } from './report/diffPanels.ts';
import { HistoryPanels } from './report/historyPanel.ts';
import { SharedPanel } from './report/sharedPanel.ts';
import { SnapshotPanels } from './report/snapshotPanel.ts';
import type { DiffFiles } from './ui/diffFiles.ts';

/** The pages of a window by what they are of. */
export interface OpenPages {
  readonly analysis: AnalysisPanels;
  readonly diff: DiffPanels;
  readonly history: HistoryPanels;
  readonly shared: SharedPanel;
  readonly snapshot: SnapshotPanels;
}

/** Puts the pages together, which lead to each other. */
export async function openPages(
  extension: Pick<vscode.ExtensionContext, 'extensionUri'>,
  deps: PagesDeps & { readonly diffFiles: DiffFiles },
): Promise<OpenPages> {
  const { engine, ready, inventory, vaults, log, inside, readInside, opener, openSnapshot } = deps;
  const analysis = new AnalysisPanels(extension, {
    analyze: (key, options) => analyzeInside({ engine, ready, inside, run: readInside, log }, key, options),
    showHistory: (key) => void history.show({ ...key, beside: false }),
    log,
  });
  const diff = diffPages(extension, { engine, inside, openSnapshot, opener, log, files: deps.diffFiles });
  const history = new HistoryPanels(extension, {
    engine,
    ready,
    inventory,
    log,
    actions: historyActions({
      engine,
      inside,
      lens: await deps.lens(),
      showAnalysis: (key) => analysis.show(key),
      showDiff: (key) => diff.show(key),
    }),
  });
  const shared = new SharedPanel(extension, {
    read: (signal) => sharingInEngine({ engine, ready }, signal),
    inventory,
    log,
  });
  const snapshot = new SnapshotPanels(extension, {
    open: openSnapshot,
    log,
    ...snapshotActions({ engine, openEndpoint: deps.openEndpoint, vaults, log, open: openSnapshot, opener }),
  });
  return { analysis, diff, history, shared, snapshot };
}
