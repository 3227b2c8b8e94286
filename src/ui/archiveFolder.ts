import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { readSetting } from './settings.ts';

/** The folder that is offered first for new archives: the setting's, else the open workspace's, else home. */
export function archiveFolder(): string {
  const folder = readSetting('archive.folder');
  if (folder !== '') return folder;
  return vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? homedir();
}
