import { constants } from 'node:fs';
import { access as canAccess } from 'node:fs/promises';
import { resolve } from 'node:path';
import { openVault, type Vault } from '../core/vault/layout.ts';
import type { Arguments } from './arguments.ts';
import type { CommandContext } from './command.ts';
import { reasonOf } from '../core/errors.ts';
import { exitCodes } from './exitCode.ts';
import { CliFailure, usageFailure } from './failures.ts';

/** The folder that `--vault` or DRYDOCK_VAULT names. */
export function vaultPath({ vaultFolder }: CommandContext, args: Arguments): string {
  const path = args.text('vault') ?? vaultFolder;
  if (path !== undefined && path !== '') return resolve(path);
  throw usageFailure('Say which vault with --vault FOLDER, or set DRYDOCK_VAULT.');
}

/** The vault that was chosen, open. Rejects with a usage failure, or as {@link openVaultAt} does. */
export function openChosenVault(
  context: CommandContext,
  args: Arguments,
  access: Vault['access'],
): Promise<Vault> {
  return openVaultAt(vaultPath(context, args), access);
}

/** Rejects as {@link openVault} does, and where it is to be written and can't be, by a sentence that names the vault. */
export async function openVaultAt(path: string, access: Vault['access']): Promise<Vault> {
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
