import type { Engine } from '../core/engine/engine.ts';
import { reasonOf } from '../core/errors.ts';
import { recoverVault } from '../core/recovery/recoverVault.ts';
import type { RecoveredOperation } from '../core/vault/journal.ts';
import type { Vault } from '../core/vault/layout.ts';
import { currentProcess, type ProcessIdentity } from '../core/vault/processIdentity.ts';
import type { Arguments } from './arguments.ts';
import type { CommandContext } from './command.ts';
import { openChosenVault } from './vaultOption.ts';

/** What a backup or a restore works with. */
export interface EngineAndVault {
  readonly engine: Engine;
  readonly vault: Vault;
  readonly owner: ProcessIdentity;
  /** What was put right before, for standard error. */
  readonly notes: readonly string[];
}

/** Opens the vault to write, connects to the engine, and undoes what operations left that broke off before. */
export async function openEngineAndVault(context: CommandContext, args: Arguments): Promise<EngineAndVault> {
  const vault = await openChosenVault(context, args, 'write');
  const engine = await context.engine();
  const owner = await currentProcess();
  const recovered = await recoverVault({ vault, owner, engine }, { signal: context.operation.signal });
  return { engine, vault, owner, notes: recovered.flatMap(recoveryNote) };
}

function recoveryNote({ path, head, outcome, left, error }: RecoveredOperation): readonly string[] {
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
