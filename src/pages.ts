import type * as vscode from 'vscode';
import type { CommandContext } from './commands/context.ts';
import { diffPages } from './commands/diffPages.ts';
import { historyActions } from './commands/historyActions.ts';
import { snapshotActions } from './commands/snapshotActions.ts';
import { analyzeInside } from './inside/analyzing.ts';
import { sharingInEngine } from './inside/sharing.ts';
import type { Inside } from './lookInside.ts';
import type { DockerfileLens } from './lens/dockerfileLens.ts';
import { AnalysisPanels } from './report/analysisPanels.ts';
import { HistoryPanels } from './report/historyPanel.ts';
import { SharedPanel } from './report/sharedPanel.ts';
import { SnapshotPanels } from './report/snapshotPanel.ts';
import type { OpenedSnapshots } from './vaults/openedSnapshots.ts';

export interface PagesDeps
  extends
    Pick<CommandContext, 'engine' | 'openEndpoint' | 'ready' | 'inventory' | 'vaults' | 'opener' | 'log'>,
    Pick<Inside, 'inside' | 'readInside'> {
  readonly lens: DockerfileLens;
  readonly openSnapshot: OpenedSnapshots['open'];
}

/** The pages of a window, which lead to each other. */
export interface Pages extends Pick<
  CommandContext,
  'showAnalysis' | 'showHistory' | 'showShared' | 'showDiff' | 'showSnapshot'
> {
  readonly disposables: readonly { dispose(): void }[];
}

export function createPages(extension: vscode.ExtensionContext, deps: PagesDeps): Pages {
  const { engine, ready, inventory, vaults, log, inside, readInside, lens, opener, openSnapshot } = deps;
  const analyses = new AnalysisPanels(extension, {
    analyze: (key, options) => analyzeInside({ engine, ready, inside, run: readInside, log }, key, options),
    showHistory: (key) => void histories.show({ ...key, beside: false }),
    log,
  });
  const diffs = diffPages(extension, { engine, inside, openSnapshot, opener, log });
  const histories = new HistoryPanels(extension, {
    engine,
    ready,
    inventory,
    log,
    actions: historyActions({
      engine,
      inside,
      lens,
      showAnalysis: (key) => analyses.show(key),
      showDiff: (key) => diffs.show(key),
    }),
  });
  const shared = new SharedPanel(extension, {
    read: (signal) => sharingInEngine({ engine, ready }, signal),
    inventory,
    log,
  });
  const snapshots = new SnapshotPanels(extension, {
    open: openSnapshot,
    log,
    ...snapshotActions({ engine, openEndpoint: deps.openEndpoint, vaults, log, open: openSnapshot, opener }),
  });
  return {
    showAnalysis: (key) => analyses.show(key),
    showHistory: (input) => histories.show(input),
    showShared: () => shared.show(),
    showDiff: (key) => diffs.show(key),
    showSnapshot: (key) => snapshots.show(key),
    disposables: [analyses, histories, shared, snapshots],
  };
}
