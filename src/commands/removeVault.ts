import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { isRegistryVault } from '../core/registry/registryVaultName.ts';
import { readSetting, writeSetting } from '../ui/settings.ts';
import { parseVaultSettings } from '../vaults/vaultSettings.ts';
import { chosenNodes } from './chosenNodes.ts';
import { chooseVault } from './chosenVault.ts';
import type { Command } from './context.ts';

/** Takes a vault off the list. Its folder stays as it is. */
export const removeVault: Command<'drydock.removeVault'> = async (context, ...args) => {
  const vault = await chooseVault(context, chosenNodes(args), vscode.l10n.t('Remove Vault from List'));
  if (vault === undefined) return undefined;
  const remove = vscode.l10n.t('Remove from List');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('Remove the vault {name} from the list?', { name: vault.name }),
    {
      modal: true,
      detail: isRegistryVault(vault.path)
        ? vscode.l10n.t('The registry keeps {path} and all backups in it.', { path: vault.path })
        : vscode.l10n.t('The folder {path} and all backups in it stay.', { path: vault.path }),
    },
    remove,
  );
  if (answer !== remove) return undefined;
  const others = readSetting('vaults').filter(
    (entry) => parseVaultSettings([entry], homedir())[0]?.path !== vault.path,
  );
  await writeSetting('vaults', others);
  await context.vaults.reload();
  return vault.path;
};
