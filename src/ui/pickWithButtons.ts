import * as vscode from 'vscode';
import type { Log } from './log.ts';
import { showFailure } from './runOperation.ts';

/** Something to choose, and what else can be done with it. */
export interface ButtonedChoice<T> extends vscode.QuickPickItem {
  readonly value?: T;
}

/** A button of a choice; `run` is given what the choice stands for, and the list stays open. */
export interface ChoiceButton<T> {
  readonly icon: string;
  readonly title: string;
  readonly isFor?: (value: T) => boolean;
  readonly run: (value: T) => Promise<unknown>;
}

/** Shows choices whose rows have buttons; resolves with the one that is accepted, undefined when a person backs out. */
export async function pickWithButtons<T>(
  log: Log,
  title: string,
  choices: readonly ButtonedChoice<T>[],
  { buttons, placeHolder }: { readonly buttons: readonly ChoiceButton<T>[]; readonly placeHolder?: string },
): Promise<T | undefined> {
  const pick = vscode.window.createQuickPick<ButtonedChoice<T>>();
  const made = buttons.map((button) => ({
    ...button,
    shown: { iconPath: new vscode.ThemeIcon(button.icon), tooltip: button.title },
  }));
  pick.title = title;
  pick.placeholder = placeHolder ?? '';
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  pick.items = choices.map((choice) => {
    const { value } = choice;
    if (value === undefined) return choice;
    return {
      ...choice,
      buttons: made.filter(({ isFor }) => isFor?.(value) ?? true).map(({ shown }) => shown),
    };
  });
  try {
    return await new Promise<T | undefined>((resolve) => {
      pick.onDidTriggerItemButton(({ button, item: { value } }) => {
        if (value === undefined) return;
        made
          .find(({ shown }) => shown === button)
          ?.run(value)
          .catch((error: unknown) => {
            showFailure(log, title, error);
          });
      });
      pick.onDidAccept(() => {
        resolve(pick.selectedItems[0]?.value);
      });
      pick.onDidHide(() => {
        resolve(undefined);
      });
      pick.show();
    });
  } finally {
    pick.dispose();
  }
}
