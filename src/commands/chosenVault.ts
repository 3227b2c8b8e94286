import * as vscode from 'vscode';
import { isRegistryVault } from '../core/registry/registryVaultName.ts';
import type { Snapshot } from '../core/snapshot/snapshot.ts';
import { readSetting } from '../ui/settings.ts';
import { pickVault } from '../ui/vaultPickers.ts';
import type { KnownVault } from '../vaults/vaultList.ts';
import { defaultVaultOf } from '../vaults/vaultSettings.ts';
import type { DrydockNode } from '../views/node.ts';
import { sourceKey } from '../views/sourceItem.ts';
import type { CommandContext } from './context.ts';

/** The vault that nodes of the Backups view are of; undefined for other nodes and for a vault that is gone. */
export function vaultAmong(
  { vaults }: Pick<CommandContext, 'vaults'>,
  nodes: readonly DrydockNode[],
): KnownVault | undefined {
  for (const node of nodes) {
    if (node.kind === 'vault') return vaults.list.find(node.path);
    if (node.kind === 'source' || node.kind === 'snapshot') return vaults.list.find(node.vaultPath);
  }
  return undefined;
}

/** The vault to read from: that of the nodes, the only one, or the one a person picks. */
export async function chooseVault(
  context: Pick<CommandContext, 'vaults'>,
  nodes: readonly DrydockNode[],
  title: string,
): Promise<KnownVault | undefined> {
  await context.vaults.ready;
  const { vaults } = context.vaults.list;
  if (vaults.length === 0) return addFirst(context);
  const chosen = vaultAmong(context, nodes) ?? (await pickVault(vaults, title));
  if (chosen === undefined) return undefined;
  // One in a registry may be read still.
  await context.vaults.list.settled(chosen.path);
  return context.vaults.list.find(chosen.path) ?? chosen;
}

/** What a vault holds; undefined while it is being opened. Throws what it can't be opened for. */
export function openState({
  state,
}: Pick<KnownVault, 'state'>): Extract<KnownVault['state'], { readonly kind: 'open' }> | undefined {
  if (state.kind === 'failed') throw state.error;
  return state.kind === 'open' ? state : undefined;
}

/** The vault to store in: the default one. A person picks where there are several and none was made the default. */
export async function chooseTargetVault(
  context: Pick<CommandContext, 'vaults'>,
  title: string,
): Promise<KnownVault | undefined> {
  await context.vaults.ready;
  // Into a registry snapshots are copied; a backup lands in a folder.
  const vaults = context.vaults.list.vaults.filter(({ path }) => !isRegistryVault(path));
  if (vaults.length === 0) return addFirst(context);
  return defaultVaultOf(vaults, readSetting('defaultVault')) ?? pickVault(vaults, title);
}

/** Snapshots that nodes stand for, of the vault at `path`: a source stands for all of its snapshots. */
export function snapshotsAmong(
  { vaults }: Pick<CommandContext, 'vaults'>,
  path: string,
  nodes: readonly DrydockNode[],
): readonly Snapshot[] {
  const state = vaults.list.find(path)?.state;
  if (state?.kind !== 'open') return [];
  return state.snapshots.filter((snapshot) =>
    nodes.some((node) => {
      if (node.kind === 'snapshot') return node.vaultPath === path && node.id === snapshot.id;
      return (
        node.kind === 'source' &&
        node.vaultPath === path &&
        sourceKey(node.source) === sourceKey(snapshot.source)
      );
    }),
  );
}

async function addFirst({ vaults }: Pick<CommandContext, 'vaults'>): Promise<KnownVault | undefined> {
  const add = vscode.l10n.t('Add Vault');
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t('There is no vault yet. A vault is a folder that keeps backups.'),
    { modal: true },
    add,
  );
  if (chosen !== add) return undefined;
  const path: unknown = await vscode.commands.executeCommand('drydock.addVault');
  return typeof path === 'string' ? vaults.list.find(path) : undefined;
}
