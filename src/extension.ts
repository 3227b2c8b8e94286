import { homedir } from 'node:os';
import * as vscode from 'vscode';
import type { CommandContext } from './commands/context.ts';
import { registerCommands } from './commands/registerCommands.ts';
import { imageScheme, inspectScheme, liveScheme, snapshotScheme } from './contributions.ts';
import { imageLayers } from './core/inspect/imageLayers.ts';
import { Inventory } from './core/inspect/inventory.ts';
import { systemTimers } from './core/inspect/timers.ts';
import { EngineInUse } from './engineInUse.ts';
import { lookInside } from './lookInside.ts';
import { ComposeLens } from './lens/composeLens.ts';
import { DockerfileLens } from './lens/dockerfileLens.ts';
import { createPages } from './pages.ts';
import { ImageFileSystem } from './ui/imageFileSystem.ts';
import { InspectDocuments } from './ui/inspectDocuments.ts';
import { LiveFileSystem } from './ui/liveFileSystem.ts';
import { channelLog } from './ui/log.ts';
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
  const { inside, imageFiles, live, readInside } = lookInside(extension, { engine, inventory, vaults, log });
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
  live.onDidRefresh((source) => {
    views.redrawLive(source);
  });
  const documents = new InspectDocuments(engine);
  const opened = new OpenedSnapshots(vaults);
  const openSnapshot: OpenedSnapshots['open'] = (path, id) => opened.open(path, id);
  const lens = new DockerfileLens({ engine, inventory, inside, memory: extension.workspaceState, log });
  const shared = { engine, ready, inventory, vaults, inside, lens, log };
  const { disposables: pages, ...show } = createPages(extension, { ...shared, readInside, openSnapshot });
  const fileSystems = [
    [snapshotScheme, new SnapshotFileSystem(openSnapshot)],
    [imageScheme, new ImageFileSystem(imageFiles)],
    [liveScheme, new LiveFileSystem(live)],
  ] as const;
  const context: CommandContext = {
    ...shared,
    ...show,
    views,
    imageFiles,
    live,
    reconnect,
    engineChoices: () => engines.choices(),
    showInspect: (uri, options) => documents.show(uri, options),
  };

  extension.subscriptions.push(
    channel,
    registerCommands(context),
    views,
    vaults,
    ...pages,
    documents,
    lens,
    new ComposeLens({ inventory, vaults }),
    ...fileSystems.flatMap(([scheme, files]) => [
      files,
      vscode.workspace.registerFileSystemProvider(scheme, files, { isReadonly: true }),
    ]),
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
