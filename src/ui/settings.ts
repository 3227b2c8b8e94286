import * as vscode from 'vscode';
import type { SettingId, Settings } from '../contributions.ts';

/** Reads one setting; a value of the wrong type (settings are written by hand) counts as not set. */
export function readSetting<Id extends SettingId>(id: Id): Settings[Id] {
  const section = vscode.workspace.getConfiguration('drydock');
  const fallback = section.inspect<Settings[Id]>(id)?.defaultValue;
  const value = section.get<Settings[Id]>(id);
  if (fallback === undefined) throw new Error(`package.json declares no setting drydock.${id}`);
  return typeof value === typeof fallback && value !== undefined ? value : fallback;
}

/** Writes one setting for the user. */
export async function writeSetting<Id extends SettingId>(id: Id, value: Settings[Id]): Promise<void> {
  await vscode.workspace.getConfiguration('drydock').update(id, value, vscode.ConfigurationTarget.Global);
}
