import * as vscode from 'vscode';
import { walkthroughId, type CommandId } from '../contributions.ts';
import { addRegistry, addRepository } from './addRegistry.ts';
import { addRegistryVault } from './addRegistryVault.ts';
import { addVault } from './addVault.ts';
import { analyzeImage } from './analyzeImage.ts';
import { applyBundle } from './applyBundle.ts';
import { applyRetention } from './applyRetention.ts';
import { backUp } from './backUp.ts';
import {
  pauseContainers,
  startContainers,
  stopContainers,
  unpauseContainers,
} from './changeContainerState.ts';
import { checkArchive } from './checkArchive.ts';
import { chooseEngine } from './chooseEngine.ts';
import { commitContainer } from './commitContainer.ts';
import { commitOnly } from './commitOnly.ts';
import { compare } from './compare.ts';
import type { Command } from './context.ts';
import { convertArchive } from './convertArchive.ts';
import { copyReference } from './copyReference.ts';
import { copyId, copyName } from './copyText.ts';
import { copyTag } from './copyTag.ts';
import { copyPath } from './copyPath.ts';
import { copySnapshots } from './copySnapshots.ts';
import { createBundle } from './createBundle.ts';
import { deleteSnapshots } from './deleteSnapshots.ts';
import { deleteTags } from './deleteTags.ts';
import { downloadFiles } from './downloadFiles.ts';
import { exportContainer } from './exportContainer.ts';
import { chooseLensImage } from './chooseLensImage.ts';
import { extractFile } from './extractFile.ts';
import { clearFilter, filterContainers, filterImages, filterVolumes } from './filterView.ts';
import { findFiles } from './findFiles.ts';
import { importRootfs } from './importRootfs.ts';
import { inspect } from './inspect.ts';
import { keepLastTags } from './keepLastTags.ts';
import { loadArchive } from './loadArchive.ts';
import { readAgain, revealFiles, showMore } from './lookInside.ts';
import { measureVolumes } from './measureVolumes.ts';
import { openFile } from './openFile.ts';
import { compareWithImage, copyLivePath, openLiveFile } from './openLiveFile.ts';
import { copyTo, moveTo } from './moveTo.ts';
import { openSnapshot } from './openSnapshot.ts';
import { pinSnapshots, unpinSnapshots } from './pinSnapshots.ts';
import { pruneVault } from './pruneVault.ts';
import { pullIntoVault } from './pullIntoVault.ts';
import { pushImages } from './pushImages.ts';
import { pushSnapshots } from './pushSnapshots.ts';
import { logInRegistry, refreshRegistries } from './refreshRegistries.ts';
import { remove } from './remove.ts';
import { readLayers } from './readLayers.ts';
import { removeContainers } from './removeContainers.ts';
import { removeImages } from './removeImages.ts';
import { removeRegistry, removeRepository } from './removeRegistry.ts';
import { removeVolumes } from './removeVolumes.ts';
import { removeVault } from './removeVault.ts';
import { restore } from './restore.ts';
import { revealVault } from './revealVault.ts';
import { saveImages } from './saveImages.ts';
import { browseFiles, refreshFiles, showChanges } from './showChanges.ts';
import { writeInventory } from './writeInventory.ts';
import { showHistory } from './showHistory.ts';
import { showSharedLayers } from './showSharedLayers.ts';
import { sortContainers, sortImages, sortVolumes } from './sortView.ts';
import { syncRegistries } from './syncRegistries.ts';
import { tagImage } from './tagImage.ts';
import { uploadFiles } from './uploadFiles.ts';
import { verifyVault } from './verifyVault.ts';
import { whoWrote } from './whoWrote.ts';

/** Every command of the extension. A missing or misspelt one does not compile. */
export const commandTable: { readonly [Id in CommandId]: Command<Id> } = {
  'drydock.saveImages': saveImages,
  'drydock.loadArchive': loadArchive,
  'drydock.checkArchive': checkArchive,
  'drydock.convertArchive': convertArchive,
  'drydock.createBundle': createBundle,
  'drydock.applyBundle': applyBundle,
  'drydock.writeInventory': writeInventory,
  'drydock.importRootfs': importRootfs,
  'drydock.exportContainer': exportContainer,
  'drydock.commitContainer': commitContainer,
  'drydock.compare': compare,
  'drydock.analyzeImage': analyzeImage,
  'drydock.showSharedLayers': showSharedLayers,
  'drydock.showHistory': showHistory,
  'drydock.inspect': inspect,
  'drydock.showChanges': showChanges,
  'drydock.browseFiles': browseFiles,
  'drydock.openLiveFile': openLiveFile,
  'drydock.compareWithImage': compareWithImage,
  'drydock.downloadFiles': downloadFiles,
  'drydock.uploadFiles': uploadFiles,
  'drydock.copyLivePath': copyLivePath,
  'drydock.commitOnly': commitOnly,
  'drydock.refreshFiles': refreshFiles,
  'drydock.tagImage': tagImage,
  'drydock.remove': remove,
  'drydock.removeImages': removeImages,
  'drydock.removeContainers': removeContainers,
  'drydock.removeVolumes': removeVolumes,
  'drydock.startContainers': startContainers,
  'drydock.stopContainers': stopContainers,
  'drydock.pauseContainers': pauseContainers,
  'drydock.unpauseContainers': unpauseContainers,
  'drydock.copyId': copyId,
  'drydock.copyName': copyName,
  'drydock.openFile': openFile,
  'drydock.extractFile': extractFile,
  'drydock.copyPath': copyPath,
  'drydock.whoWrote': whoWrote,
  'drydock.findFiles': findFiles,
  'drydock.revealFiles': revealFiles,
  'drydock.readAgain': readAgain,
  'drydock.showMore': showMore,
  'drydock.backUp': backUp,
  'drydock.restore': restore,
  'drydock.copyTo': copyTo,
  'drydock.moveTo': moveTo,
  'drydock.openSnapshot': openSnapshot,
  'drydock.pinSnapshots': pinSnapshots,
  'drydock.unpinSnapshots': unpinSnapshots,
  'drydock.deleteSnapshots': deleteSnapshots,
  'drydock.copySnapshots': copySnapshots,
  'drydock.verifyVault': verifyVault,
  'drydock.applyRetention': applyRetention,
  'drydock.pruneVault': pruneVault,
  'drydock.addVault': addVault,
  'drydock.addRegistryVault': addRegistryVault,
  'drydock.removeVault': removeVault,
  'drydock.revealVault': revealVault,
  'drydock.refreshBackups': ({ vaults }) => vaults.list.refresh(),
  'drydock.addRegistry': addRegistry,
  'drydock.removeRegistry': removeRegistry,
  'drydock.addRepository': addRepository,
  'drydock.removeRepository': removeRepository,
  'drydock.logInRegistry': logInRegistry,
  'drydock.refreshRegistries': refreshRegistries,
  'drydock.copyReference': copyReference,
  'drydock.pushSnapshots': pushSnapshots,
  'drydock.pushImages': pushImages,
  'drydock.pullIntoVault': pullIntoVault,
  'drydock.copyTag': copyTag,
  'drydock.syncRegistries': syncRegistries,
  'drydock.keepLastTags': keepLastTags,
  'drydock.deleteTags': deleteTags,
  'drydock.refresh': ({ reconnect }) => reconnect(),
  'drydock.chooseEngine': chooseEngine,
  'drydock.measureVolumes': measureVolumes,
  'drydock.sortImages': sortImages,
  'drydock.sortContainers': sortContainers,
  'drydock.sortVolumes': sortVolumes,
  'drydock.filterImages': filterImages,
  'drydock.filterContainers': filterContainers,
  'drydock.filterVolumes': filterVolumes,
  'drydock.clearFilter': clearFilter,
  'drydock.chooseLensImage': chooseLensImage,
  'drydock.readLayers': readLayers,
  'drydock.openWalkthrough': async () => {
    await vscode.commands.executeCommand(
      'workbench.action.openWalkthrough',
      `drydock.drydock#${walkthroughId}`,
      false,
    );
  },
  'drydock.openSettings': async () => {
    await vscode.commands.executeCommand('workbench.action.openSettings', '@ext:drydock.drydock');
  },
  'drydock.showLog': ({ log }) => {
    log.show();
    return Promise.resolve();
  },
};
