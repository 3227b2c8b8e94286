import * as vscode from 'vscode';
import { failure } from '../core/errors.ts';
import { isRegistryVault } from '../core/registry/registryVaultName.ts';
import { chosenNodes } from './chosenNodes.ts';
import { chooseVault } from './chosenVault.ts';
import type { Command } from './context.ts';

/** Shows a vault's folder in the system's file manager; in a new window where there is none to show it. */
export const revealVault: Command<'drydock.revealVault'> = async (context, ...args) => {
  const vault = await chooseVault(context, chosenNodes(args), vscode.l10n.t('Show Vault’s Folder'));
  if (vault === undefined) return undefined;
  if (isRegistryVault(vault.path)) throw failure('vaultInRegistry', { path: vault.path });
  const uri = vscode.Uri.file(vault.path);
  const hasFileManager = vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined;
  if (hasFileManager) await vscode.commands.executeCommand('revealFileInOS', uri);
  else await vscode.commands.executeCommand('vscode.openFolder', uri, { forceNewWindow: true });
  return vault.path;
};
