import * as vscode from 'vscode';
import { chosenNodes } from './chosenNodes.ts';
import { remotePlaceOf } from '../views/remotePlace.ts';
import { chooseRegistry } from './chosenRegistry.ts';
import type { Command } from './context.ts';

/** Asks registries anew for what stands below the nodes, or for everything. */
export const refreshRegistries: Command<'drydock.refreshRegistries'> = (
  { registries: { list } },
  ...args
) => {
  const places = chosenNodes(args).flatMap((node) => remotePlaceOf(node) ?? []);
  for (const place of places.length > 0 ? places : list.registries.map(({ host }) => ({ host })))
    list.refresh(place);
  return Promise.resolve(true);
};

/**
 * Opens a terminal in which `docker login` stands ready; running it is up to the person, and the password goes to the
 * Docker CLI alone. The registry is asked anew when the terminal is closed.
 */
export const logInRegistry: Command<'drydock.logInRegistry'> = async (context, ...args) => {
  const known = await chooseRegistry(context, chosenNodes(args), vscode.l10n.t('Log In'));
  if (known === undefined) return undefined;
  const { host } = known;
  const terminal = vscode.window.createTerminal({ name: `docker login ${host}` });
  const closing = vscode.window.onDidCloseTerminal((closed) => {
    if (closed !== terminal) return;
    closing.dispose();
    context.registries.list.refresh({ host });
  });
  terminal.show();
  terminal.sendText(`docker login ${host}`, false);
  return host;
};
