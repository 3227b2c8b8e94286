import { constants } from 'node:fs';
import { access as canAccess } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isRegistryVault, parseRegistryVault } from '../core/registry/registryVaultName.ts';
import { registryVault, type RegistryVault } from '../core/transfer/registryVault.ts';
import { openVault, type Vault } from '../core/vault/layout.ts';
import type { Arguments } from './arguments.ts';
import type { CommandContext } from './command.ts';
import { reasonOf } from '../core/errors.ts';
import { exitCodes } from './exitCode.ts';
import { asUsage, CliFailure, usageFailure } from './failures.ts';

/** The folder that `--vault` or DRYDOCK_VAULT names, or the place in a registry. */
export function vaultPath({ vaultFolder }: CommandContext, args: Arguments): string {
  const path = args.text('vault') ?? vaultFolder;
  if (path !== undefined && path !== '') return isRegistryVault(path) ? path : resolve(path);
  throw usageFailure('Say which vault with --vault FOLDER, or set DRYDOCK_VAULT.');
}

/**
 * The vault that was chosen, open: one in a registry to be read in any case. Rejects with a usage failure, or as
 * {@link openVaultAt} does.
 */
export function openChosenVault(
  context: CommandContext,
  args: Arguments,
  access: Vault['access'],
): Promise<Vault> {
  return openVaultAt(context, vaultPath(context, args), access);
}

/** As {@link openChosenVault}, for commands that write: rejects with `vaultInRegistry` where `advice` is the next step. */
export async function openChosenFolder(
  context: CommandContext,
  args: Arguments,
  advice: string,
): Promise<Vault> {
  const path = vaultPath(context, args);
  if (!isRegistryVault(path)) return openVaultAt(context, path, 'write');
  throw new CliFailure('vaultInRegistry', `The vault ${path} lies in a registry. ${advice}`, {
    exitCode: exitCodes.failed,
    details: { path },
  });
}

/** The vault in a registry that `path` names; undefined for a folder. Rejects with a usage failure. */
export async function registryVaultAt(
  context: CommandContext,
  path: string,
): Promise<RegistryVault | undefined> {
  if (!isRegistryVault(path)) return undefined;
  const place = asUsage(() => parseRegistryVault(path));
  return registryVault((await context.registry(place.host)).repository(place.path));
}

/** Rejects as {@link openVault} does, and where it is to be written and can't be, by a sentence that names the vault. */
export async function openVaultAt(
  context: CommandContext,
  path: string,
  access: Vault['access'],
): Promise<Vault> {
  const remote = await registryVaultAt(context, path);
  if (remote !== undefined) return remote;
  const vault = await openVault({ path: resolve(path), access });
  if (access === 'read') return vault;
  const { root, partial } = vault.paths;
  await canAccess(partial, constants.W_OK).catch((error: unknown) => {
    throw new CliFailure(
      'vaultNotWritable',
      `The vault ${root} can’t be written to (${reasonOf(error)}). Its files can be read (ls, cat, extract, verify --read-only); copy its snapshots into another vault for the rest.`,
      { exitCode: exitCodes.failed, details: { path: root } },
    );
  });
  return vault;
}
