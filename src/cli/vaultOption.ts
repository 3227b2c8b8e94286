import { resolve } from 'node:path';
import { openVault, type Vault } from '../core/vault/layout.ts';
import type { Arguments } from './arguments.ts';
import type { CommandContext } from './command.ts';
import { usageFailure } from './failures.ts';
import type { OptionTable } from './options.ts';

/** For every command that works on a vault. */
export const vaultOption: OptionTable = {
  vault: { value: 'FOLDER', help: 'the vault; without it, what DRYDOCK_VAULT says' },
};

/** The folder that `--vault` or DRYDOCK_VAULT names. */
export function vaultPath({ vaultFolder }: CommandContext, args: Arguments): string {
  const path = args.text('vault') ?? vaultFolder;
  if (path !== undefined && path !== '') return resolve(path);
  throw usageFailure('Say which vault with --vault FOLDER, or set DRYDOCK_VAULT.');
}

/** The vault that was chosen, open. Rejects with a usage failure, or as {@link openVault} does. */
export function openChosenVault(
  context: CommandContext,
  args: Arguments,
  access: Vault['access'],
): Promise<Vault> {
  return openVault({ path: vaultPath(context, args), access });
}
