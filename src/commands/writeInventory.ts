import { join } from 'node:path';
import * as vscode from 'vscode';
import { archiveFolder } from '../ui/archiveFolder.ts';
import { runOperation } from '../ui/runOperation.ts';
import { chosenNodes } from './chosenNodes.ts';
import { vaultAmong } from './chosenVault.ts';
import type { Command } from './context.ts';

/** Writes down what the engine, or the vault that was clicked, has, for bundles that are made for it elsewhere. */
export const writeInventory: Command<'drydock.writeInventory'> = async (context, ...args) => {
  const title = vscode.l10n.t('Write Inventory');
  await context.vaults.ready;
  const known = vaultAmong(context, chosenNodes(args));
  if (known?.state.kind === 'failed') throw known.state.error;
  const { state } = context.inventory;
  const name = known?.name ?? (state.kind === 'ready' ? state.info.hostName : 'engine');
  const proposed = `${name.replace(/[^\w.-]+/g, '_')}-inventory.json`;
  const target = await vscode.window.showSaveDialog({
    title,
    defaultUri: vscode.Uri.file(join(archiveFolder(), proposed)),
    saveLabel: vscode.l10n.t('Save'),
  });
  if (target === undefined) return undefined;
  const written = await runOperation(context.log, title, {}, async (operation) => {
    const [inventories, { writeInventory: write }] = await Promise.all([
      import('../core/bundle/inventory.ts'),
      import('../core/bundle/writeInventory.ts'),
    ]);
    const inventory =
      known === undefined
        ? await inventories.engineInventory(context.engine(), Date.now(), operation)
        : await inventories.vaultInventory(await context.vaults.read(known.path), Date.now(), operation);
    await write(inventory, { path: target.fsPath, replace: true }, operation); // the dialog has asked
    return inventory;
  });
  if (written !== undefined)
    void vscode.window.showInformationMessage(
      vscode.l10n.t('Written: {path}. Carry it to where bundles are made for {name}.', {
        path: target.fsPath,
        name: written.target.name,
      }),
    );
  return written;
};
