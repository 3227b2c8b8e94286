import * as vscode from 'vscode';
import { readSetting, writeSetting } from '../ui/settings.ts';
import type { Command } from './context.ts';

/** Lets the person choose among the engines of this machine, or type an address. */
export const chooseEngine: Command<'drydock.chooseEngine'> = async (context) => {
  const current = readSetting('engine.host');
  const follow = {
    label: vscode.l10n.t('The engine that the docker command uses'),
    description: '',
    host: '',
  };
  const other: { label: string; description: string; host?: never } = {
    label: vscode.l10n.t('Another address…'),
    description: 'unix:// tcp:// ssh:// npipe://',
  };
  const choices = [follow, ...(await context.engineChoices())].map((choice) => ({
    ...choice,
    label: choice.host === current ? `$(check) ${choice.label}` : choice.label,
  }));
  const chosen = await vscode.window.showQuickPick([...choices, other], {
    title: vscode.l10n.t('Choose Engine'),
    placeHolder: context.engine().endpoint,
    matchOnDescription: true,
  });
  if (chosen === undefined) return undefined;
  const host = chosen.host ?? (await askAddress(current));
  if (host === undefined) return undefined;
  if (host === current) await context.reconnect();
  else await writeSetting('engine.host', host);
  return host;
};

/** An address as people type it. */
export async function askAddress(
  current: string,
  title = vscode.l10n.t('Choose Engine'),
): Promise<string | undefined> {
  return vscode.window.showInputBox({
    title,
    value: current,
    prompt: vscode.l10n.t('Address of the engine, as in DOCKER_HOST, or context:NAME'),
    validateInput: (text) =>
      /^(unix|npipe|tcp|http|https|ssh):\/\/.+|^context:.+/.test(text.trim())
        ? undefined
        : vscode.l10n.t('Use unix://, npipe://, tcp://, ssh:// or context:NAME'),
  });
}
