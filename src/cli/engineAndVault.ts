import { join } from 'node:path';
import type { Engine } from '../core/engine/engine.ts';
import { failure, reasonOf } from '../core/errors.ts';
import { recoverVault } from '../core/recovery/recoverVault.ts';
import { companionVault } from '../core/transfer/companionVault.ts';
import { isInRegistry } from '../core/transfer/registryVault.ts';
import type { OpenEndpoint } from '../core/registry/endpoint.ts';
import type { RecoveredOperation } from '../core/vault/journal.ts';
import type { Vault } from '../core/vault/layout.ts';
import { currentProcess, type ProcessIdentity } from '../core/vault/processIdentity.ts';
import type { Arguments } from './arguments.ts';
import type { CommandContext } from './command.ts';
import { openChosenFolder, openChosenVault } from './vaultOption.ts';

/** What a backup or a restore works with. */
export interface EngineAndVault {
  readonly engine: Engine;
  readonly vault: Vault;
  readonly owner: ProcessIdentity;
  readonly openEndpoint: OpenEndpoint;
  /** What was put right before, for standard error. */
  readonly notes: readonly string[];
}

/**
 * Opens the vault to write, connects to the engine, and undoes what operations left that broke off before. Rejects
 * where the vault lies in a registry.
 */
export async function openEngineAndVault(context: CommandContext, args: Arguments): Promise<EngineAndVault> {
  const advice =
    'Back up into a vault in a folder, then bring the snapshot there with `drydock copy --to`: only what the registry lacks travels.';
  return readied(context, await openChosenFolder(context, args, advice));
}

/** What a restore works with. Out of a registry it works in a vault of this machine that reads through to there. */
export async function openForRestore(context: CommandContext, args: Arguments): Promise<RestoreSources> {
  const source = await openChosenVault(context, args, 'write');
  if (!isInRegistry(source)) return { ...(await readied(context, source)), source };
  const { dataFolder: folder } = context;
  if (folder === undefined) throw failure('vaultInRegistry', { path: source.paths.root });
  const { signal } = context.operation;
  const vault = await companionVault({ remote: source, folder: join(folder, 'registries') }, { signal });
  return { ...(await readied(context, vault)), source };
}

export interface RestoreSources extends EngineAndVault {
  /** Where the snapshots are listed. */
  readonly source: Vault;
}

/** Connects to the engine, and undoes what operations that worked in this vault left that broke off before. */
export async function readied(context: CommandContext, vault: Vault): Promise<EngineAndVault> {
  const engine = await context.engine();
  const owner = await currentProcess();
  const recovered = await recoverVault({ vault, owner, engine }, { signal: context.operation.signal });
  const { openEndpoint } = context;
  return { engine, vault, owner, openEndpoint, notes: recovered.flatMap(recoveryNote) };
}

/** What to say of an operation that was undone, or could not be. */
export function recoveryNote({ path, head, outcome, left, error }: RecoveredOperation): readonly string[] {
  const what = head === undefined ? path : `${head.kind} of ${head.subject}`;
  if (outcome === 'undone') return [`Put back what an earlier ${what} left when it broke off.`];
  const reasons = [error, ...left.map((each) => each.error)].flatMap((one) =>
    one === undefined ? [] : [reasonOf(one)],
  );
  // Without a reason it belongs to another engine, and is put back when that one is used.
  return reasons.length === 0
    ? []
    : [`What an earlier ${what} left could not be put back: ${reasons.join('; ')}`];
}
