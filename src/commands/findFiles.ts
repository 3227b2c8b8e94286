import * as vscode from 'vscode';
import { globPattern } from '../core/snapshotFiles/globPattern.ts';
import { errorWords } from '../ui/errorWords.ts';
import { pickWithButtons, type ButtonedChoice } from '../ui/pickWithButtons.ts';
import type { Command } from './context.ts';
import { findInEngine } from './findInEngine.ts';
import { findInVault } from './findInVault.ts';
import { findScope, type FindScope } from './findScope.ts';

/** A file that was found, and what can be done with it. */
export interface FoundChoice {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
  open(): Promise<unknown>;
  /** Shows where it lies. */
  reveal(): Promise<unknown>;
}

/** A list of choices is not for reading thousands. */
const mostShown = 2_000;

/**
 * Finds files by name in a layer, a folder, images or snapshots, and opens the one that is chosen. Resolves with how
 * many were found.
 */
export const findFiles: Command<'drydock.findFiles'> = async (context, ...args) => {
  const scope = await findScope(context, args);
  if (scope === undefined) return undefined;
  const pattern = await askPattern(scope);
  if (pattern === undefined) return undefined;
  const found =
    scope.kind === 'images'
      ? await findInEngine(context, scope, pattern)
      : await findInVault(context, scope, pattern);
  if (found === undefined) return undefined;
  if (found.length === 0) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('Nothing in {name} is called {pattern}.', { name: scope.name, pattern }),
    );
    return 0;
  }
  const chosen = await pickWithButtons(
    context.log,
    vscode.l10n.t('{count} found for {pattern} in {name}', {
      count: found.length,
      pattern,
      name: scope.name,
    }),
    choicesOf(found),
    {
      placeHolder: vscode.l10n.t('Type to search'),
      buttons: [
        { icon: 'list-tree', title: vscode.l10n.t('Show Where It Lies'), run: (one) => one.reveal() },
      ],
    },
  );
  await chosen?.open();
  return found.length;
};

function choicesOf(found: readonly FoundChoice[]): readonly ButtonedChoice<FoundChoice>[] {
  const choices: ButtonedChoice<FoundChoice>[] = found
    .slice(0, mostShown)
    .map((one) => ({ label: one.label, description: one.description, detail: one.detail, value: one }));
  const left = found.length - choices.length;
  if (left > 0)
    choices.push({
      label: vscode.l10n.t('{count} are left', { count: left }),
      description: vscode.l10n.t('give more of the name'),
      alwaysShow: true,
    });
  return choices;
}

async function askPattern({ name }: FindScope): Promise<string | undefined> {
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t('Find Files in {name}', { name }),
    prompt: vscode.l10n.t(
      'A name, or a pattern: * is any part of a name, ** any part of a path, /etc/*.conf starts at the root',
    ),
    placeHolder: '*.conf',
    validateInput: (value) => {
      if (value === '') return undefined;
      try {
        globPattern(value);
        return undefined;
      } catch (error) {
        return errorWords(error);
      }
    },
  });
  return text === '' ? undefined : text;
}
