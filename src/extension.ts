import { homedir } from 'node:os';
import * as vscode from 'vscode';
import type { CommandContext } from './commands/context.ts';
import { registerCommands } from './commands/registerCommands.ts';
import { inspectScheme } from './contributions.ts';
import type { Engine } from './core/engine/engine.ts';
import { stateFolder } from './core/files/stateFolder.ts';
import { readImageLayers } from './core/inspect/imageLayers.ts';
import { Inventory } from './core/inspect/inventory.ts';
import { systemTimers } from './core/inspect/timers.ts';
import { EngineInUse } from './engineInUse.ts';
import { fileOpener, registerFileSystems } from './fileSystems.ts';
import { lookInside } from './lookInside.ts';
import { ComposeLens } from './lens/composeLens.ts';
import { DockerfileLens } from './lens/dockerfileLens.ts';
import { openEndpoint } from './openEndpoint.ts';
import { createPages } from './pages.ts';
import { InspectDocuments } from './ui/inspectDocuments.ts';
import { channelLog } from './ui/log.ts';
import { readSetting } from './ui/settings.ts';
import { RegistriesInUse } from './registries/registriesInUse.ts';
import { MovesInUse } from './moves/movesInUse.ts';
import { OpenedSnapshots } from './vaults/openedSnapshots.ts';
import { VaultsInUse } from './vaults/vaultsInUse.ts';
import { createViews, type Views } from './views/createViews.ts';

/** What activate() gives to tests and to other extensions. */
export interface DrydockApi {
  readonly inventory: Inventory;
  readonly views: Views;
  readonly vaults: VaultsInUse;
  readonly registries: RegistriesInUse;
  readonly lens: DockerfileLens;
}

/** Puts the parts together. Nothing here waits: the engine is looked for after activation. */
export function activate(extension: vscode.ExtensionContext): DrydockApi {
  const channel = vscode.window.createOutputChannel('Drydock', { log: true });
  const log = channelLog(channel);
  const inventory = new Inventory({ timers: systemTimers });
  const around = { env: process.env, home: homedir(), platform: process.platform };
  const engines = new EngineInUse(around, (engine) => {
    log.info(`engine: ${engine.endpoint}`);
    inventory.use(engine);
  });
  const reconnect = (): Promise<void> => engines.connect(readSetting('engine.host'));
  const engine = (): typeof engines.current => engines.current;
  const ready = reconnect();

  const registries = new RegistriesInUse();
  const storage = extension.globalStorageUri;
  const vaults = new VaultsInUse({ inventory, engine, registries, storage, log });
  const connect = (setting: string): Promise<Engine> => engines.resolve(setting);
  const moves = new MovesInUse({ inventory, engine, log, connect, folder: stateFolder(around) });
  const { inside, imageFiles, live, readInside } = lookInside(extension, { engine, inventory, vaults, log });
  const views = createViews(extension, {
    live,
    inventory,
    vaults: vaults.list,
    registries: registries.list,
    protection: vaults.protection,
    inside,
    readSetting,
    history: (imageId) => readImageLayers(engine(), imageId),
    containerSize: (id) => engine().containers.inspect(id, { withSize: true }),
  });
  const documents = new InspectDocuments(engine);
  const opened = new OpenedSnapshots(vaults);
  const openSnapshot: OpenedSnapshots['open'] = (path, id) => opened.open(path, id);
  const lens = new DockerfileLens({ engine, inventory, inside, memory: extension.workspaceState, log });
  const opener = fileOpener(extension, { ready, log });
  const shared = { engine, openEndpoint, ready, inventory, vaults, inside, lens, opener, log };
  const { disposables: pages, ...show } = createPages(extension, { ...shared, readInside, openSnapshot });
  const context: CommandContext = {
    ...shared,
    ...show,
    views,
    registries,
    moves,
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
    registries,
    moves,
    ...pages,
    documents,
    lens,
    new ComposeLens({ inventory, vaults }),
    opener,
    ...registerFileSystems({ openSnapshot, imageFiles, live, opener }),
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
  return { inventory, views, vaults, registries, lens };
}
