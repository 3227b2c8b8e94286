import * as vscode from 'vscode';
import { chosenNodes } from './chosenNodes.ts';
import { chooseRegistry } from './chosenRegistry.ts';
import type { Command } from './context.ts';

/** Takes a registry off the list. Nothing in it changes, and log-ins stay. */
export const removeRegistry: Command<'drydock.removeRegistry'> = async (context, ...args) => {
  const title = vscode.l10n.t('Remove Registry from List');
  const known = await chooseRegistry(context, chosenNodes(args), title);
  if (known === undefined) return undefined;
  const remove = vscode.l10n.t('Remove from List');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('Remove the registry {name} from the list?', { name: known.host }),
    { modal: true, detail: vscode.l10n.t('What is in the registry stays, and so does its log-in.') },
    remove,
  );
  if (answer !== remove) return undefined;
  await context.registries.drop(known.host);
  return known.host;
};

/** Forgets repositories that a person named. */
export const removeRepository: Command<'drydock.removeRepository'> = async ({ registries }, ...args) => {
  const nodes = chosenNodes(args).filter((node) => node.kind === 'remoteRepository');
  for (const { host, path } of nodes) {
    const known = registries.list.find(host);
    if (known === undefined) continue;
    await registries.keep({ ...known, repositories: known.repositories.filter((one) => one !== path) });
  }
  return nodes.length > 0;
};
