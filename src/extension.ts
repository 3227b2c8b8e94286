import { homedir } from 'node:os';
import * as vscode from 'vscode';
import type { CommandContext } from './commands/context.ts';
import { historyActions } from './commands/historyActions.ts';
import { diffPages } from './commands/diffPages.ts';
import { registerCommands } from './commands/registerCommands.ts';
import { snapshotActions } from './commands/snapshotActions.ts';
import { imageScheme, inspectScheme, liveScheme, snapshotScheme } from './contributions.ts';
import { imageLayers } from './core/inspect/imageLayers.ts';
import { Inventory } from './core/inspect/inventory.ts';
import { systemTimers } from './core/inspect/timers.ts';
import { EngineInUse } from './engineInUse.ts';
import { analyzeInside } from './inside/analyzing.ts';
import { ImageFiles } from './inside/imageFiles.ts';
import { LiveSources } from './inside/liveSources.ts';
import { OpenedImages, type OpenedImagesDeps } from './inside/openedImages.ts';
import { ComposeLens } from './lens/composeLens.ts';
import { DockerfileLens } from './lens/dockerfileLens.ts';
import { AnalysisPanels } from './report/analysisPanels.ts';
import { HistoryPanels } from './report/historyPanel.ts';
import { SnapshotPanels } from './report/snapshotPanel.ts';
import { ImageFileSystem } from './ui/imageFileSystem.ts';
import { InspectDocuments } from './ui/inspectDocuments.ts';
import { LiveFileSystem } from './ui/liveFileSystem.ts';
import { channelLog } from './ui/log.ts';
import { runOperation } from './ui/runOperation.ts';
import { runWhenSlow } from './ui/runWhenSlow.ts';
import { readSetting } from './ui/settings.ts';
import { SnapshotFileSystem } from './ui/snapshotFileSystem.ts';
import { OpenedSnapshots } from './vaults/openedSnapshots.ts';
import { VaultsInUse } from './vaults/vaultsInUse.ts';
import { createViews, type Views } from './views/createViews.ts';

/** What activate() gives to tests and to other extensions. */
export interface DrydockApi {
  readonly inventory: Inventory;
  readonly views: Views;
  readonly vaults: VaultsInUse;
  readonly lens: DockerfileLens;
}

/** Puts the parts together. Nothing here waits: the engine is looked for after activation. */
export function activate(extension: vscode.ExtensionContext): DrydockApi {
  const channel = vscode.window.createOutputChannel('Drydock', { log: true });
  const log = channelLog(channel);
  const inventory = new Inventory({ timers: systemTimers });
  const engines = new EngineInUse(
    { env: process.env, home: homedir(), platform: process.platform },
    (engine) => {
      log.info(`engine: ${engine.endpoint}`);
      inventory.use(engine);
    },
  );
  const reconnect = (): Promise<void> => engines.connect(readSetting('engine.host'));
  const engine = (): typeof engines.current => engines.current;
  const ready = reconnect();

  const vaults = new VaultsInUse({ inventory, engine, log });
  const readInside: OpenedImagesDeps['run'] = (image, work) =>
    runOperation(log, vscode.l10n.t('Look into {image}', { image }), { reading: [0, 100] }, work);
  const inside = new OpenedImages({
    engine,
    tagsOf: (id) => inventory.images.get(id)?.tags ?? [],
    cacheFolder: vscode.Uri.joinPath(extension.globalStorageUri, 'layers').fsPath,
    vaults: () => vaults.list.vaults.flatMap(({ state }) => (state.kind === 'open' ? [state.vault] : [])),
    run: readInside,
  });
  const live = new LiveSources({
    engine,
    imageRoot: async (id) => (await inside.merged(id))?.root,
    run: ({ name }, work) => runWhenSlow(vscode.l10n.t('Look into {image}', { image: name }), work),
  });
  const views = createViews(extension, {
    live,
    inventory,
    vaults: vaults.list,
    protection: vaults.protection,
    inside,
    readSetting,
    history: async (imageId) => {
      const { images } = engine();
      const [steps, { diffIds }] = await Promise.all([images.history(imageId), images.inspect(imageId)]);
      return imageLayers(steps, diffIds);
    },
    containerSize: (id) => engine().containers.inspect(id, { withSize: true }),
  });
  const analyses = new AnalysisPanels(extension, {
    analyze: (key, options) => analyzeInside({ engine, ready, inside, run: readInside, log }, key, options),
    showHistory: (key) => void panels.show({ ...key, beside: false }),
    log,
  });
  const documents = new InspectDocuments(engine);
  const opened = new OpenedSnapshots(vaults);
  const open: OpenedSnapshots['open'] = (path, id) => opened.open(path, id);
  const snapshotPanels = new SnapshotPanels(extension, {
    open,
    log,
    ...snapshotActions({ engine, vaults, log, open }),
  });
  const snapshotFiles = new SnapshotFileSystem(open);
  const diffs = diffPages(extension, { engine, inside, openSnapshot: open, log });
  const lens = new DockerfileLens({ engine, inventory, inside, memory: extension.workspaceState, log });
  const panels = new HistoryPanels(extension, {
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
  const imageFiles = new ImageFiles(inside);
  const imageFileSystem = new ImageFileSystem(imageFiles);
  const liveFiles = new LiveFileSystem(live);
  inventory.onDidChange(({ kind }) => {
    if (kind !== 'state' || inventory.state.kind !== 'ready') return;
    live.sweep(new AbortController().signal).catch((error: unknown) => {
      log.error('removing what killed processes left', error);
    });
  });
  live.onDidRefresh((source) => {
    views.redrawLive(source);
  });
  const context: CommandContext = {
    engine,
    ready,
    inventory,
    views,
    vaults,
    inside,
    lens,
    imageFiles,
    live,
    log,
    reconnect,
    engineChoices: () => engines.choices(),
    showInspect: (uri, options) => documents.show(uri, options),
    showAnalysis: (key) => analyses.show(key),
    showHistory: (input) => panels.show(input),
    showDiff: (key) => diffs.show(key),
    showSnapshot: (key) => snapshotPanels.show(key),
  };

  extension.subscriptions.push(
    channel,
    registerCommands(context),
    views,
    vaults,
    panels,
    analyses,
    documents,
    snapshotPanels,
    snapshotFiles,
    lens,
    new ComposeLens({ inventory, vaults }),
    imageFileSystem,
    liveFiles,
    vscode.workspace.registerFileSystemProvider(liveScheme, liveFiles, { isReadonly: true }),
    vscode.workspace.registerFileSystemProvider(snapshotScheme, snapshotFiles, { isReadonly: true }),
    vscode.workspace.registerFileSystemProvider(imageScheme, imageFileSystem, { isReadonly: true }),
    vscode.workspace.registerTextDocumentContentProvider(inspectScheme, documents),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('drydock.engine')) void reconnect();
    }),
    {
      dispose: () => {
        inventory.dispose();
        void engines.close().catch((error: unknown) => {
          log.error('closing the engine', error);
        });
      },
    },
  );
  return { inventory, views, vaults, lens };
}
