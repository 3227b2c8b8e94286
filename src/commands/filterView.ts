import * as vscode from 'vscode';
import type { Command } from './context.ts';

type FilteredView = 'images' | 'containers' | 'volumes';
type FilterCommand = Command<'drydock.filterImages' | 'drydock.filterContainers' | 'drydock.filterVolumes'>;

/** Asks for a text; the view then shows what contains it. An empty text shows all. */
function filterCommand(view: FilteredView, title: () => string): FilterCommand {
  return async ({ views }) => {
    const text = await vscode.window.showInputBox({
      title: title(),
      value: views.filters[view],
      prompt: vscode.l10n.t('Show only what contains this text; leave it empty to show all'),
    });
    if (text === undefined) return undefined;
    views.setFilter(view, text.trim());
    return text.trim();
  };
}

export const filterImages = filterCommand('images', () => vscode.l10n.t('Filter Images'));
export const filterContainers = filterCommand('containers', () => vscode.l10n.t('Filter Containers'));
export const filterVolumes = filterCommand('volumes', () => vscode.l10n.t('Filter Volumes'));

/** Shows everything again in all views. */
export const clearFilter: Command<'drydock.clearFilter'> = ({ views }) => {
  for (const view of ['images', 'containers', 'volumes'] as const) views.setFilter(view, '');
  return Promise.resolve();
};
