import * as vscode from 'vscode';
import type { MoveResult } from '../core/move/executeMove.ts';
import type { Afterwards, MovedThing } from '../core/move/movedThing.ts';
import { itemWord, keptWords, resultSummary, warningWords } from '../ui/restorePlanWords.ts';
import { writeSetting } from '../ui/settings.ts';
import { shortVolumeName } from '../views/containerItem.ts';
import type { CommandContext } from './context.ts';

/** An engine that something went to, as the setting `engine.host` takes it and as people call it. */
export interface MovedTo {
  readonly setting: string;
  readonly name: string;
}

export interface Moved {
  readonly name: string;
  readonly to: MovedTo;
  readonly kind: MovedThing['kind'];
  readonly afterwards: Afterwards;
}

/** Tells what is there now, how long it stood still for that, and what became of it here. */
export function tellMoved(
  { log }: Pick<CommandContext, 'log'>,
  { name, to, kind, afterwards }: Moved,
  result: MoveResult,
): void {
  const { kept, warnings, left, removed, stillMs } = result;
  const told = { name, to: to.name, summary: resultSummary(result, vscode) };
  const notes = [
    ...kept.map((thing) => keptWords(thing, vscode)),
    ...warnings.map((warning) => warningWords(warning, vscode)),
    ...left.map(({ name: leftName, reason }) =>
      vscode.l10n.t('{name} could not be removed here: {reason}', { name: leftName, reason }),
    ),
  ];
  for (const note of notes) log.info(`${name}: ${note}`);
  const sentences = [
    afterwards === 'keep'
      ? vscode.l10n.t('Copied and checked: {name} to {to} ({summary}).', told)
      : vscode.l10n.t('Moved and checked: {name} to {to} ({summary}).', told),
    ...(stillMs === undefined
      ? []
      : [vscode.l10n.t('It stood still for {seconds} s.', { seconds: (stillMs / 1000).toFixed(1) })]),
    ...(removed.length > 0
      ? [vscode.l10n.t('Removed here: {names}.', { names: removed.map(removedWords).join(', ') })]
      : []),
    ...(afterwards === 'stop' && kind !== 'image' ? [vscode.l10n.t('Here it stays, stopped.')] : []),
    ...notes.slice(0, 3),
  ];
  const isQuiet = warnings.length + left.length === 0;
  const show = isQuiet ? vscode.window.showInformationMessage : vscode.window.showWarningMessage;
  const showLog = vscode.l10n.t('Show Log');
  const goThere = vscode.l10n.t('Switch to {name}', { name: to.name });
  void show(sentences.join(' '), ...(notes.length > 0 ? [showLog] : []), goThere).then((chosen) => {
    if (chosen === showLog) log.show();
    if (chosen === goThere) void writeSetting('engine.host', to.setting);
  });
}

function removedWords({ what, name }: MoveResult['removed'][number]): string {
  return `${itemWord(what, vscode)} ${shortVolumeName(name)}`;
}
