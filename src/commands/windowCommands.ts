import * as vscode from 'vscode';
import { walkthroughId } from '../contributions.ts';
import type { Command } from './context.ts';

export const refresh: Command<'drydock.refresh'> = ({ reconnect }) => reconnect();

export const refreshBackups: Command<'drydock.refreshBackups'> = ({ vaults }) => vaults.list.refresh();

export const openWalkthrough: Command<'drydock.openWalkthrough'> = async () => {
  await vscode.commands.executeCommand(
    'workbench.action.openWalkthrough',
    `drydock.drydock#${walkthroughId}`,
    false,
  );
};

export const openSettings: Command<'drydock.openSettings'> = async () => {
  await vscode.commands.executeCommand('workbench.action.openSettings', '@ext:drydock.drydock');
};

export const showLog: Command<'drydock.showLog'> = ({ log }) => {
  log.show();
  return Promise.resolve();
};
