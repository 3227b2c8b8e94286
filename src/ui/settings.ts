import * as vscode from 'vscode';
import { settingChoices, type SettingId, type Settings } from '../contributions.ts';

/** Reads one setting; a value that it can't have (settings are written by hand) counts as not set. */
export function readSetting<Id extends SettingId>(id: Id): Settings[Id] {
  const section = vscode.workspace.getConfiguration('drydock');
  const fallback = section.inspect<Settings[Id]>(id)?.defaultValue;
  const value = section.get<Settings[Id]>(id);
  if (fallback === undefined) throw new Error(`package.json declares no setting drydock.${id}`);
  return value !== undefined && typeof value === typeof fallback && isChoice(id, value) ? value : fallback;
}

function isChoice(id: SettingId, value: unknown): boolean {
  const choices: Readonly<Partial<Record<SettingId, readonly unknown[]>>> = settingChoices;
  return choices[id]?.includes(value) ?? true;
}

/** Writes one setting for the user. */
export async function writeSetting<Id extends SettingId>(id: Id, value: Settings[Id]): Promise<void> {
  await vscode.workspace.getConfiguration('drydock').update(id, value, vscode.ConfigurationTarget.Global);
}
