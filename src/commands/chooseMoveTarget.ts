import * as vscode from 'vscode';
import { readSetting } from '../ui/settings.ts';
import { askAddress } from './chooseEngine.ts';
import type { CommandContext } from './context.ts';

/** An engine that something goes to. */
export interface MoveTarget {
  /** As the setting `engine.host` takes it. */
  readonly setting: string;
  /** The name of its context; left out where it goes by its address. */
  readonly name?: string;
}

/** Asks for an engine other than the one in use: one of this machine's contexts, or an address. */
export async function chooseMoveTarget(
  context: Pick<CommandContext, 'engine' | 'engineChoices'>,
  title: string,
): Promise<MoveTarget | undefined> {
  const here = context.engine().endpoint;
  const inUse = readSetting('engine.host');
  const choices = (await context.engineChoices()).filter(
    ({ host, description }) => host !== inUse && description.split(' · ')[0] !== here,
  );
  const usual = {
    label: vscode.l10n.t('The engine that the docker command uses'),
    description: '',
    host: '',
  };
  const other = {
    label: vscode.l10n.t('Another address…'),
    description: 'unix:// tcp:// ssh:// npipe://',
    host: undefined,
  };
  const chosen = await vscode.window.showQuickPick([...choices, ...(inUse === '' ? [] : [usual]), other], {
    title,
    placeHolder: vscode.l10n.t('Choose the engine that it goes to'),
    matchOnDescription: true,
    ignoreFocusOut: true,
  });
  if (chosen === undefined) return undefined;
  if (chosen === usual) return { setting: '' };
  if (chosen.host !== undefined) return { setting: chosen.host, name: chosen.label };
  const address = await askAddress('', title);
  return address === undefined ? undefined : { setting: address };
}
