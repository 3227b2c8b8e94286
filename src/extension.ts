import * as vscode from 'vscode';
import type { CommandContext } from './commands/context.ts';
import { registerCommands } from './commands/registerCommands.ts';
import { inspectScheme } from './contributions.ts';
import { readImageLayers } from './core/inspect/imageLayers.ts';
import type { Inventory } from './core/inspect/inventory.ts';
import { connectEngine } from './engineConnection.ts';
import { fileOpener, registerFileSystems } from './fileSystems.ts';
import { lookInside } from './lookInside.ts';
import { ComposeLens } from './lens/composeLens.ts';
import { LensOnDemand } from './lens/lensOnDemand.ts';
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
}

/** Puts the parts together. Nothing here waits: the engine is looked for after activation. */
export function activate(extension: vscode.ExtensionContext): DrydockApi {
  const channel = vscode.window.createOutputChannel('Drydock', { log: true });
  const log = channelLog(channel);
  const connection = connectEngine(log);
  const { inventory, engine, ready, reconnect } = connection;

  const registries = new RegistriesInUse();
  const storage = extension.globalStorageUri;
  const vaults = new VaultsInUse({ inventory, engine, registries, storage, log });
  const moves = new MovesInUse({
    inventory,
    engine,
    log,
    connect: connection.resolve,
    folder: connection.stateFolder,
  });
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
  const dockerfiles = new LensOnDemand({ engine, inventory, inside, memory: extension.workspaceState, log });
  const opener = fileOpener(extension, { ready, log });
  const lens: CommandContext['lens'] = () => dockerfiles.open();
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
    engineChoices: connection.choices,
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
    dockerfiles,
    new ComposeLens({ inventory, vaults }),
    opener,
    ...registerFileSystems({ openSnapshot, imageFiles, live, opener }),
    vscode.workspace.registerTextDocumentContentProvider(inspectScheme, documents),
    connection,
  );
  return { inventory, views, vaults, registries };
}
