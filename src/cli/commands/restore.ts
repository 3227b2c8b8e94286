import { executeRestore } from '../../core/restore/executeRestore.ts';
import { planRestore } from '../../core/restore/planRestore.ts';
import { findSnapshot, openSnapshot, readSnapshots } from '../../core/snapshot/snapshots.ts';
import type { Vault } from '../../core/vault/layout.ts';
import { openChosenSnapshot, snapshotWords } from '../chosenSnapshot.ts';
import type { Command } from '../command.ts';
import { vaultOption } from '../options.ts';
import { openForRestore } from '../engineAndVault.ts';
import {
  chosenRestore,
  requireAgreed,
  requirePossible,
  restoredReport,
  restoreOptions,
  restorePlanReport,
} from '../restoring.ts';

export const restore: Command = {
  name: 'restore',
  summary: 'Restore a snapshot onto the engine',
  usage: 'SNAPSHOT [--as NAME] [--replace|--skip-existing] [--service NAME] [--dry-run] [--yes]',
  details: [
    snapshotWords,
    'Everything the snapshot holds is made again, as it was. What is there already under the same name stands in the way, and nothing is done, unless it is said what shall become of it. What is replaced stays until the new stands, and comes back when anything fails.',
    '--dry-run says what would be done; it ends with 1 when it could not be done.',
  ],
  takes: { least: 1, most: 1 },
  options: {
    ...vaultOption,
    ...restoreOptions,
  },
  async run(context, args) {
    const { operation } = context;
    const choicesOf = chosenRestore(args);
    if (args.isSet('dry-run')) {
      const { vault, contents } = await openChosenSnapshot(context, args);
      const deps = { vault, engine: await context.engine() };
      return restorePlanReport(
        await planRestore(deps, { contents, choices: choicesOf(contents) }, operation),
      );
    }
    const { notes, source, ...deps } = await openForRestore(context, args);
    const snapshot = findSnapshot(await readSnapshots(source, operation), args.first);
    const contents = await openSnapshot(deps.vault, snapshot, operation);
    const plan = await planRestore(deps, { contents, choices: choicesOf(contents) }, operation);
    requirePossible(plan);
    requireAgreed(plan, args);
    const result = await executeRestore(deps, plan, operation);
    const after = await replacedNote(source, deps.vault);
    return restoredReport(plan, result, { before: notes, after });
  },
};

/** Out of a registry, what was replaced lies elsewhere than what was restored. */
async function replacedNote(source: Vault, vault: Vault): Promise<readonly string[]> {
  if (source.paths.root === vault.paths.root || (await readSnapshots(vault)).length === 0) return [];
  return [`What restores replaced is kept in the vault ${vault.paths.root}.`];
}
