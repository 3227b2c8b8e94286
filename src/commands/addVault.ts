import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { readSetting, writeSetting } from '../ui/settings.ts';
import { parseVaultSettings } from '../vaults/vaultSettings.ts';
import type { Command } from './context.ts';

/** Opens the vault in a folder, or makes one there, and puts it on the list. Resolves with its path. */
export const addVault: Command<'drydock.addVault'> = async ({ vaults }) => {
  const title = vscode.l10n.t('Add Vault');
  const [chosen] =
    (await vscode.window.showOpenDialog({
      title,
      openLabel: title,
      canSelectFiles: false,
      canSelectFolders: true,
      defaultUri: vscode.Uri.file(homedir()),
    })) ?? [];
  if (chosen === undefined) return undefined;
  const path = await vaultIn(chosen.fsPath);
  if (path === undefined) return undefined;

  const known = parseVaultSettings(readSetting('vaults'), homedir());
  if (!known.some((vault) => vault.path === path)) {
    const name = await askName(
      title,
      basename(path) || path,
      known.map((vault) => vault.name),
    );
    if (name === undefined) return undefined;
    await writeSetting('vaults', [...readSetting('vaults'), { name, path }]);
  }
  await vaults.reload();
  return path;
};

/** The folder of a vault that is there by then; undefined when the person decides against it. */
async function vaultIn(folder: string): Promise<string | undefined> {
  const { createVault, openVault } = await import('../core/vault/layout.ts');
  const names = await readdir(folder);
  if (names.includes('oci-layout')) {
    await openVault({ path: folder, access: 'read' });
    return folder;
  }
  const path = names.length === 0 ? folder : join(folder, 'drydock-vault');
  const make = vscode.l10n.t('Make a Vault');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('Make a new vault in {path}?', { path }),
    {
      modal: true,
      detail:
        names.length === 0
          ? ''
          : vscode.l10n.t('{folder} holds other things, so the vault gets a folder of its own in it.', {
              folder,
            }),
    },
    make,
  );
  if (answer !== make) return undefined;
  await createVault({ path, compression: readSetting('backup.compression') });
  return path;
}

/** Asks what a vault shall be called; undefined when the person backs out. */
export async function askName(
  title: string,
  value: string,
  taken: readonly string[],
): Promise<string | undefined> {
  const name = await vscode.window.showInputBox({
    title,
    value,
    prompt: vscode.l10n.t('Name of the vault in the list'),
    validateInput: (text) => {
      if (text.trim() === '') return vscode.l10n.t('Give it a name');
      return taken.includes(text.trim()) ? vscode.l10n.t('Another vault has this name') : undefined;
    },
  });
  return name?.trim();
}
