import * as vscode from 'vscode';
import type { Settings } from '../contributions.ts';
import { readSetting, writeSetting } from '../ui/settings.ts';
import type { Command } from './context.ts';

type SortSetting = 'images.sort' | 'containers.sort' | 'volumes.sort';
type SortCommand = Command<'drydock.sortImages' | 'drydock.sortContainers' | 'drydock.sortVolumes'>;

/** Asks for an order and writes it to the settings, from where the view takes it. */
function sortCommand<Id extends SortSetting>(
  id: Id,
  title: () => string,
  orders: readonly Settings[Id][],
): SortCommand {
  return async () => {
    const current = readSetting(id);
    const choices = orders.map((order) => ({
      label: `${order === current ? '$(check) ' : ''}${orderWord(order)}`,
      order,
    }));
    const chosen = await vscode.window.showQuickPick(choices, { title: title() });
    if (chosen === undefined) return undefined;
    await writeSetting(id, chosen.order);
    return chosen.order;
  };
}

function orderWord(order: Settings[SortSetting]): string {
  switch (order) {
    case 'name':
      return vscode.l10n.t('By name');
    case 'age':
      return vscode.l10n.t('Newest first');
    case 'size':
      return vscode.l10n.t('Largest first');
    case 'state':
      return vscode.l10n.t('Running first');
  }
}

export const sortImages = sortCommand('images.sort', () => vscode.l10n.t('Sort Images'), [
  'name',
  'age',
  'size',
]);
export const sortContainers = sortCommand('containers.sort', () => vscode.l10n.t('Sort Containers'), [
  'name',
  'age',
  'state',
]);
export const sortVolumes = sortCommand('volumes.sort', () => vscode.l10n.t('Sort Volumes'), [
  'name',
  'age',
  'size',
]);
