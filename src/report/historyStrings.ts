import * as vscode from 'vscode';
import type { FactWords } from './historyPage.ts';
import type { PageStrings } from './protocol.ts';

/** The page's words in the user's language. Braces are filled by the page. */
export function pageStrings(): PageStrings {
  return {
    loading: vscode.l10n.t('Asking the engine for the layers…'),
    retry: vscode.l10n.t('Try Again'),
    failedTitle: vscode.l10n.t('The history can’t be shown'),
    layerSizes: vscode.l10n.t('Layer sizes'),
    noSizes: vscode.l10n.t('No layer of this image takes up space.'),
    otherLayers: vscode.l10n.t('{count} smaller layers'),
    steps: vscode.l10n.t('Steps, newest first'),
    filter: vscode.l10n.t('Filter by instruction or ID'),
    hideEmpty: vscode.l10n.t('Hide empty steps'),
    shown: vscode.l10n.t('{shown} of {all} steps'),
    nothingShown: vscode.l10n.t('No step fits the filter.'),
    copyDockerfile: vscode.l10n.t('Copy as Dockerfile'),
    copyImageId: vscode.l10n.t('Copy image ID'),
    copyInstruction: vscode.l10n.t('Copy instruction of step {number}'),
    copyDiffId: vscode.l10n.t('Copy diffID of step {number}'),
    copyId: vscode.l10n.t('Copy image ID of step {number}'),
    copied: vscode.l10n.t('Copied'),
    number: vscode.l10n.t('Step'),
    instruction: vscode.l10n.t('Instruction'),
    size: vscode.l10n.t('Size'),
    created: vscode.l10n.t('Created'),
    layer: vscode.l10n.t('Layer'),
    actions: vscode.l10n.t('Copy'),
    empty: vscode.l10n.t('empty'),
    unknownFill: vscode.l10n.t('maybe empty'),
    unknownFillTitle: vscode.l10n.t('The engine does not tell whether this step made a layer.'),
    unpaired: vscode.l10n.t('not known which'),
    unpairedTitle: vscode.l10n.t('The history leaves more than one layer possible, so none is named.'),
    noHistory: vscode.l10n.t('The history says nothing about this layer.'),
    diffId: vscode.l10n.t('diffID'),
    id: vscode.l10n.t('Image ID'),
    cut: vscode.l10n.t('This is the beginning of a very long instruction. Copy it to get all of it.'),
    look: vscode.l10n.t('Look Inside'),
    analyze: vscode.l10n.t('Analyze Image'),
    openLine: vscode.l10n.t('Show {line}'),
    tags: vscode.l10n.t('Tags of this repository, oldest first'),
    chooseTag: vscode.l10n.t('{name}, {size}, {age}'),
    compareTags: vscode.l10n.t('Compare Chosen Tags'),
    segment: vscode.l10n.t('Step {number}: {instruction}, {size}, {share}'),
  };
}

/** Labels of the facts of an image and of a step. */
export function factWords(): FactWords {
  return {
    tags: vscode.l10n.t('Tags'),
    created: vscode.l10n.t('Created'),
    size: vscode.l10n.t('Size'),
    platform: vscode.l10n.t('Platform'),
    layers: vscode.l10n.t('Layers'),
    buildArgs: vscode.l10n.t('Build arguments'),
    comment: vscode.l10n.t('Comment'),
    layersOfSteps: vscode.l10n.t('{layers} from {steps} steps'),
    otherKind: vscode.l10n.t('other'),
    files: vscode.l10n.t('Files'),
    fileCount: vscode.l10n.t('files: {count}'),
    removedCount: vscode.l10n.t('removed: {count}'),
    wasted: vscode.l10n.t('{bytes} wasted already'),
    spoiled: vscode.l10n.t('makes {bytes} useless'),
    sharedWith: vscode.l10n.t('Shared with'),
    sharedCount: vscode.l10n.t('other images: {count}'),
    exactBytes: vscode.l10n.t('{bytes} bytes'),
  };
}
