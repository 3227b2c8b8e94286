/**
 * Every command, view, context and setting id of the extension with its types, so that a forgotten or misspelt id
 * is a compile error. A test compares this page with package.json both ways.
 */
import type { DrydockNode, ImageNode, LayerNode } from './views/node.ts';

/** A vault as the settings name it. */
export interface VaultSetting {
  readonly name: string;
  readonly path: string;
}

/** A registry as the settings name it. */
export interface RegistrySetting {
  readonly host: string;
  readonly repositories?: readonly string[];
  readonly plainHttp?: boolean;
}

/** The arguments VS Code passes to a command: the node it was started on and, with several selected, all of them. */
export type NodeArgs = readonly [node?: DrydockNode, selected?: readonly DrydockNode[]];

/** A file of the Explorer, and all selected ones. */
export interface FileArg {
  readonly scheme: string;
  readonly fsPath: string;
}

export interface CommandArgs {
  'drydock.saveImages': NodeArgs;
  'drydock.loadArchive': readonly [file?: FileArg, selected?: readonly FileArg[]];
  'drydock.checkArchive': readonly [file?: FileArg, selected?: readonly FileArg[]];
  'drydock.convertArchive': readonly [file?: FileArg, selected?: readonly FileArg[]];
  'drydock.createBundle': NodeArgs;
  'drydock.applyBundle': readonly [file?: FileArg, selected?: readonly FileArg[]];
  'drydock.writeInventory': NodeArgs;
  'drydock.importRootfs': readonly [file?: FileArg, selected?: readonly FileArg[]];
  'drydock.exportContainer': NodeArgs;
  'drydock.commitContainer': NodeArgs;
  'drydock.compare': readonly [one?: DrydockNode | FileArg, selected?: readonly (DrydockNode | FileArg)[]];
  'drydock.analyzeImage': NodeArgs;
  'drydock.showSharedLayers': readonly [];
  'drydock.showHistory': readonly [node?: ImageNode | LayerNode | FileArg];
  'drydock.inspect': NodeArgs;
  'drydock.showChanges': NodeArgs;
  'drydock.browseFiles': NodeArgs;
  'drydock.openLiveFile': NodeArgs;
  'drydock.compareWithImage': NodeArgs;
  'drydock.downloadFiles': NodeArgs;
  'drydock.uploadFiles': readonly [node?: DrydockNode, files?: readonly FileArg[]];
  'drydock.copyLivePath': NodeArgs;
  'drydock.commitOnly': NodeArgs;
  'drydock.refreshFiles': NodeArgs;
  'drydock.tagImage': NodeArgs;
  'drydock.remove': NodeArgs;
  'drydock.removeImages': NodeArgs;
  'drydock.removeContainers': NodeArgs;
  'drydock.removeVolumes': NodeArgs;
  'drydock.startContainers': NodeArgs;
  'drydock.stopContainers': NodeArgs;
  'drydock.pauseContainers': NodeArgs;
  'drydock.unpauseContainers': NodeArgs;
  'drydock.copyId': NodeArgs;
  'drydock.copyName': NodeArgs;
  'drydock.openFile': NodeArgs;
  'drydock.extractFile': NodeArgs;
  'drydock.copyPath': NodeArgs;
  'drydock.whoWrote': NodeArgs;
  'drydock.findFiles': NodeArgs;
  'drydock.revealFiles': NodeArgs;
  'drydock.readAgain': NodeArgs;
  'drydock.showMore': NodeArgs;
  'drydock.backUp': NodeArgs;
  'drydock.restore': NodeArgs;
  'drydock.copyTo': NodeArgs;
  'drydock.moveTo': NodeArgs;
  'drydock.openSnapshot': NodeArgs;
  'drydock.pinSnapshots': NodeArgs;
  'drydock.unpinSnapshots': NodeArgs;
  'drydock.deleteSnapshots': NodeArgs;
  'drydock.copySnapshots': NodeArgs;
  'drydock.verifyVault': NodeArgs;
  'drydock.applyRetention': NodeArgs;
  'drydock.pruneVault': NodeArgs;
  'drydock.addVault': readonly [];
  'drydock.addRegistryVault': NodeArgs;
  'drydock.removeVault': NodeArgs;
  'drydock.revealVault': NodeArgs;
  'drydock.refreshBackups': readonly [];
  'drydock.addRegistry': readonly [];
  'drydock.removeRegistry': NodeArgs;
  'drydock.addRepository': NodeArgs;
  'drydock.removeRepository': NodeArgs;
  'drydock.logInRegistry': NodeArgs;
  'drydock.refreshRegistries': NodeArgs;
  'drydock.copyReference': NodeArgs;
  'drydock.pushSnapshots': NodeArgs;
  'drydock.pushImages': NodeArgs;
  'drydock.pullIntoVault': NodeArgs;
  'drydock.copyTag': NodeArgs;
  'drydock.syncRegistries': NodeArgs;
  'drydock.keepLastTags': NodeArgs;
  'drydock.deleteTags': NodeArgs;
  'drydock.refresh': readonly [];
  'drydock.chooseEngine': readonly [];
  'drydock.measureVolumes': readonly [];
  'drydock.sortImages': readonly [];
  'drydock.sortContainers': readonly [];
  'drydock.sortVolumes': readonly [];
  'drydock.filterImages': readonly [];
  'drydock.filterContainers': readonly [];
  'drydock.filterVolumes': readonly [];
  'drydock.clearFilter': readonly [];
  'drydock.chooseLensImage': readonly [file?: FileArg];
  'drydock.readLayers': readonly [node?: ImageNode];
  'drydock.openWalkthrough': readonly [];
  'drydock.openSettings': readonly [];
  'drydock.showLog': readonly [];
}

export type CommandId = keyof CommandArgs;

export const containerId = 'drydock';

export const viewIds = {
  images: 'drydock.images',
  containers: 'drydock.containers',
  volumes: 'drydock.volumes',
  backups: 'drydock.backups',
  registries: 'drydock.registries',
} as const;

/** `contextValue` of tree items; the menus of package.json test for them. */
export const contextValues = {
  repository: 'drydock.repository',
  imageTagged: 'drydock.image.tagged',
  imageDangling: 'drydock.image.dangling',
  layerFilled: 'drydock.layer.filled',
  layerEmpty: 'drydock.layer.empty',
  files: 'drydock.files',
  folder: 'drydock.file.folder',
  file: 'drydock.file.plain',
  fileRemoved: 'drydock.file.removed',
  project: 'drydock.project',
  containerRunning: 'drydock.container.running',
  containerPaused: 'drydock.container.paused',
  containerStopped: 'drydock.container.stopped',
  volume: 'drydock.volume',
  liveFiles: 'drydock.live.files',
  changes: 'drydock.live.changes',
  liveFolder: 'drydock.live.folder',
  changedFolder: 'drydock.live.changedFolder',
  liveFile: 'drydock.live.file',
  addedFile: 'drydock.live.addedFile',
  modifiedFile: 'drydock.live.modifiedFile',
  liveDeleted: 'drydock.live.deleted',
  vault: 'drydock.vault',
  vaultInRegistry: 'drydock.vault.registry',
  vaultFailed: 'drydock.vault.failed',
  source: 'drydock.source',
  snapshot: 'drydock.snapshot',
  snapshotPinned: 'drydock.snapshot.pinned',
  registry: 'drydock.registry',
  remoteRepository: 'drydock.remote.repository',
  remoteRepositoryNamed: 'drydock.remote.repository.named',
  remoteTag: 'drydock.remote.tag',
  remoteDigest: 'drydock.remote.digest',
  message: 'drydock.message',
} as const;

export type ContextValue = (typeof contextValues)[keyof typeof contextValues];

/** Keys of `setContext`, for `when` clauses. */
export interface ContextKeys {
  /** `missing` until an engine has answered once in this window. */
  'drydock.engine': 'connecting' | 'ready' | 'missing' | 'lost';
  'drydock.filtered': boolean;
  /** Whether the settings name a vault. */
  'drydock.hasVaults': boolean;
  /** Whether they name a registry. */
  'drydock.hasRegistries': boolean;
}

/** The values of settings that can only have some. */
export const settingChoices = {
  'archive.form': ['docker-archive', 'oci-archive'],
  'archive.compression': ['none', 'gzip', 'zstd'],
  'images.sort': ['name', 'age', 'size'],
  'containers.sort': ['name', 'age', 'state'],
  'volumes.sort': ['name', 'age', 'size'],
  'backup.compression': ['zstd', 'gzip'],
  'backup.consistency': ['none', 'pause', 'stop'],
  'backup.transport': ['auto', 'stream', 'delta'],
  beforeLoss: ['ask', 'always', 'never'],
} as const;

type Choice<Id extends keyof typeof settingChoices> = (typeof settingChoices)[Id][number];

/** Settings below `drydock.`, with the types that package.json states. */
export interface Settings {
  'engine.host': string;
  'archive.form': Choice<'archive.form'>;
  'archive.compression': Choice<'archive.compression'>;
  'archive.folder': string;
  'images.sort': Choice<'images.sort'>;
  'images.showDangling': boolean;
  'containers.sort': Choice<'containers.sort'>;
  'containers.groupByProject': boolean;
  'volumes.sort': Choice<'volumes.sort'>;
  'commit.pause': boolean;
  /** Read them through `vaultSettings`: what stands in a settings file may be anything. */
  vaults: readonly VaultSetting[];
  /** The name of a vault in `vaults`; empty to be asked. */
  defaultVault: string;
  /** Read them through `registrySettings`. */
  registries: readonly RegistrySetting[];
  /** Read them through `backupPolicies`. */
  'backup.policies': readonly Readonly<Record<string, unknown>>[];
  'backup.compression': Choice<'backup.compression'>;
  'backup.consistency': Choice<'backup.consistency'>;
  'backup.includeBinds': boolean;
  'backup.transport': Choice<'backup.transport'>;
  beforeLoss: Choice<'beforeLoss'>;
  'lens.enabled': boolean;
  'lens.heat': boolean;
}

export type SettingId = keyof Settings;

/** Ids of what else package.json declares. */
export const walkthroughId = 'drydock.start';
export const inspectScheme = 'drydock-inspect';
export const analysisPanelType = 'drydock.analysis';
export const sharedPanelType = 'drydock.shared';
export const historyPanelType = 'drydock.history';
export const snapshotPanelType = 'drydock.snapshot';
export const diffPanelType = 'drydock.diff';
/** Files inside snapshots, read-only. */
export const snapshotScheme = 'drydock-snapshot';
/** Files of both sides of a comparison, read-only. */
export const diffScheme = 'drydock-diff';
/** Files of images in the engine, read-only. */
export const imageScheme = 'drydock-image';
/** Files of containers and volumes as they are now, read-only. */
export const liveScheme = 'drydock-live';
/** Names an item of the trees for the badge that says whether it is backed up; nothing can be read under it. */
export const itemScheme = 'drydock-item';
