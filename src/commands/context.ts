import type * as vscode from 'vscode';
import type { Engine } from '../core/engine/engine.ts';
import type { Inventory } from '../core/inspect/inventory.ts';
import type { OpenEndpoint } from '../core/registry/endpoint.ts';
import type { CommandArgs, CommandId } from '../contributions.ts';
import type { Compared } from '../inside/comparing.ts';
import type { DiffKey } from '../inside/diffSide.ts';
import type { ImageFiles } from '../inside/imageFiles.ts';
import type { OpenedImages } from '../inside/openedImages.ts';
import type { DockerfileLens } from '../lens/dockerfileLens.ts';
import type { LiveSources } from '../inside/liveSources.ts';
import type { FileOpener } from '../ui/fileOpener.ts';
import type { Log } from '../ui/log.ts';
import type { MovesInUse } from '../moves/movesInUse.ts';
import type { RegistriesInUse } from '../registries/registriesInUse.ts';
import type { VaultsInUse } from '../vaults/vaultsInUse.ts';
import type { Views } from '../views/createViews.ts';

/** An address that a person can choose as the engine to use. */
export interface EngineChoice {
  readonly label: string;
  readonly description: string;
  /** What goes into the setting `engine.host`. */
  readonly host: string;
}

/** What commands are given. They reach an engine through `engine()` alone, which is the one in use now. */
export interface CommandContext {
  readonly engine: () => Engine;
  /** Where an engine can push images to, on loopback. */
  readonly openEndpoint: OpenEndpoint;
  /** Settles once an engine was chosen; registered commands start after it. */
  readonly ready: Promise<void>;
  readonly inventory: Inventory;
  readonly views: Views;
  readonly vaults: VaultsInUse;
  readonly registries: RegistriesInUse;
  readonly moves: MovesInUse;
  /** Images of the engine that are looked into. */
  readonly inside: OpenedImages;
  /** What stands above the lines of Dockerfiles. */
  readonly lens: () => Promise<DockerfileLens>;
  readonly imageFiles: ImageFiles;
  /** Opens read-only documents of any size. */
  readonly opener: FileOpener;
  /** Files of containers and volumes as they are now. */
  readonly live: LiveSources;
  readonly log: Log;
  /** Engines that a look around this machine found. */
  readonly engineChoices: () => Promise<readonly EngineChoice[]>;
  /** Connects anew, for example after the user started the engine. */
  readonly reconnect: () => Promise<void>;
  readonly showInspect: (uri: vscode.Uri, options: vscode.TextDocumentShowOptions) => Promise<void>;
  readonly showAnalysis: (key: { readonly imageId: string; readonly title: string }) => Promise<void>;
  readonly showShared: () => Promise<void>;
  readonly showHistory: (input: {
    readonly imageId: string;
    readonly title: string;
    readonly beside: boolean;
  }) => Promise<void>;
  readonly showDiff: (key: DiffKey) => Promise<Compared | undefined>;
  readonly showSnapshot: (key: {
    readonly vaultPath: string;
    readonly id: string;
    readonly title: string;
  }) => Promise<void>;
}

/** What it takes to back something up. */
export type BackupContext = Pick<CommandContext, 'engine' | 'openEndpoint' | 'vaults' | 'log'>;

/** One command. What it resolves with is for tests and other extensions; undefined means that nothing was done. */
export type Command<Id extends CommandId> = (
  context: CommandContext,
  ...args: CommandArgs[Id]
) => Promise<unknown>;
