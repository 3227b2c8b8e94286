import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { registryVaultText, tryRegistryVaultText } from '../core/registry/registryVaultName.ts';
import { readSetting, writeSetting } from '../ui/settings.ts';
import { parseVaultSettings } from '../vaults/vaultSettings.ts';
import { askName } from './addVault.ts';
import { chosenNodes } from './chosenNodes.ts';
import type { Command } from './context.ts';

/** Puts a repository of a registry on the list of vaults. Resolves with its name there. */
export const addRegistryVault: Command<'drydock.addRegistryVault'> = async ({ vaults }, ...args) => {
  const title = vscode.l10n.t('Add Vault in a Registry');
  const [node] = chosenNodes(args);
  const path = node?.kind === 'remoteRepository' ? registryVaultText(node) : await askPlace(title);
  if (path === undefined) return undefined;
  const known = parseVaultSettings(readSetting('vaults'), homedir());
  if (!known.some((vault) => vault.path === path)) {
    const suggested = path.slice(path.lastIndexOf('/') + 1);
    const names = known.map((vault) => vault.name);
    const name = await askName(title, suggested, names);
    if (name === undefined) return undefined;
    await writeSetting('vaults', [...readSetting('vaults'), { name, path }]);
  }
  await vaults.reload();
  return path;
};

async function askPlace(title: string): Promise<string | undefined> {
  const text = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('Repository of a registry. Log-ins are those of docker login.'),
    placeHolder: 'registry.example.com/team/backups',
    ignoreFocusOut: true,
    validateInput: (value) =>
      placeIn(value) === undefined
        ? vscode.l10n.t('Write it like registry.example.com/team/backups, without a tag')
        : undefined,
  });
  return text === undefined ? undefined : placeIn(text);
}

/** With or without what a vault's name begins with. */
function placeIn(text: string): string | undefined {
  return tryRegistryVaultText(`registry://${text.trim().replace(/^(?:registry|https?):\/\//, '')}`);
}
