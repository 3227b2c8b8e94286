import * as vscode from 'vscode';
import { isRepositoryPath } from '../core/registry/remoteName.ts';
import { hostIn } from '../registries/registrySettings.ts';
import { chosenNodes } from './chosenNodes.ts';
import { chooseRegistry } from './chosenRegistry.ts';
import type { Command } from './context.ts';

/** Puts a registry on the list. Resolves with its host. */
export const addRegistry: Command<'drydock.addRegistry'> = async ({ registries }) => {
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t('Add Registry'),
    prompt: vscode.l10n.t('Host of the registry, as in names of images. Log-ins are those of docker login.'),
    placeHolder: 'registry.example.com:5000',
    ignoreFocusOut: true,
    validateInput: (value) =>
      hostIn(value) === undefined
        ? vscode.l10n.t('Write it like registry.example.com, with a port if it needs one')
        : undefined,
  });
  const host = text === undefined ? undefined : hostIn(text);
  if (host === undefined) return undefined;
  if (registries.list.find(host) === undefined)
    await registries.keep({ host, repositories: [], isPlainHttp: false });
  return host;
};

/** Names a repository of a registry that does not list it by itself. Resolves with its path. */
export const addRepository: Command<'drydock.addRepository'> = async (context, ...args) => {
  const title = vscode.l10n.t('Add Repository');
  const known = await chooseRegistry(context, chosenNodes(args), title);
  if (known === undefined) return undefined;
  const { host } = known;
  const text = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('Name of the repository on {host}', { host }),
    placeHolder: host === 'docker.io' ? 'library/alpine' : 'team/app',
    ignoreFocusOut: true,
    validateInput: (value) =>
      isRepositoryPath(pathIn(value, host))
        ? undefined
        : vscode.l10n.t('Write it like team/app, in lower case and without a tag'),
  });
  if (text === undefined) return undefined;
  const path = pathIn(text, host);
  await context.registries.remember(host, [path]);
  context.registries.list.refresh({ host, path });
  return path;
};

/** Whoever copies a name has the host before it, and may have left out Docker's own folder. */
function pathIn(text: string, host: string): string {
  const bare = text.trim().replace(/\/+$/, '');
  const path = bare.startsWith(`${host}/`) ? bare.slice(host.length + 1) : bare;
  return host === 'docker.io' && path !== '' && !path.includes('/') ? `library/${path}` : path;
}
