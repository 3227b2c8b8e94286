import * as vscode from 'vscode';
import type { AnalysisStrings } from './analysisProtocol.ts';

/** The page's words in the user's language. */
export function analysisStrings(): AnalysisStrings {
  return {
    loading: vscode.l10n.t('Looking into the layers…'),
    unread: vscode.l10n.t('To analyze the image, its layers have to be read from the engine once.'),
    read: vscode.l10n.t('Look Inside'),
    failedTitle: vscode.l10n.t('The image can’t be analyzed'),
    retry: vscode.l10n.t('Try Again'),
    history: vscode.l10n.t('Show Layer History'),
    contents: vscode.l10n.t('Look for Secrets in Files'),
    findings: vscode.l10n.t('Findings'),
    nothingFound: vscode.l10n.t('Nothing was found that could be done better.'),
    layers: vscode.l10n.t('Waste by layer, newest first'),
    layer: vscode.l10n.t('Layer'),
    instruction: vscode.l10n.t('Instruction'),
    size: vscode.l10n.t('Size'),
    wasted: vscode.l10n.t('Wasted'),
    spoiled: vscode.l10n.t('Made useless'),
    files: vscode.l10n.t('Entries'),
    base: vscode.l10n.t('base'),
    wastedPaths: vscode.l10n.t('Paths that waste most'),
    nothingWasted: vscode.l10n.t('No layer takes away what another one brought.'),
    path: vscode.l10n.t('Path'),
    story: vscode.l10n.t('What happened'),
    sharing: vscode.l10n.t('Shared layers'),
    sharedWith: vscode.l10n.t('Shared with'),
    image: vscode.l10n.t('Image'),
    remedy: vscode.l10n.t('Remedy'),
    legendUsed: vscode.l10n.t('can be seen'),
    legendWasted: vscode.l10n.t('wasted'),
  };
}
