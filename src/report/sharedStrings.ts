import * as vscode from 'vscode';
import type { SharedStrings } from './sharedProtocol.ts';

/** The page's words in the user's language. */
export function sharedStrings(): SharedStrings {
  return {
    loading: vscode.l10n.t('Asking the engine for the layers of its images…'),
    failedTitle: vscode.l10n.t('The layers can’t be shown'),
    retry: vscode.l10n.t('Try Again'),
    title: vscode.l10n.t('Shared layers'),
    empty: vscode.l10n.t('The engine has no images.'),
    image: vscode.l10n.t('Image'),
    layers: vscode.l10n.t('Layers'),
    size: vscode.l10n.t('Size'),
    shared: vscode.l10n.t('Shared'),
    givesBack: vscode.l10n.t('Gives back'),
    layersOf: vscode.l10n.t('Layers of {name}, the bottom one first'),
    pointAtLayer: vscode.l10n.t('Point at a layer, or go to it with the arrow keys, to see who has it.'),
    ownLegend: vscode.l10n.t('in this image alone'),
    twoLegend: vscode.l10n.t('in 2 images'),
    fewLegend: vscode.l10n.t('in 3 to 5'),
    manyLegend: vscode.l10n.t('in 6 or more'),
    untoldLegend: vscode.l10n.t('not told layer by layer'),
  };
}
