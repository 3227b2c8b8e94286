import { resolve } from 'node:path';
import { bundleToRestore, vaultOfBundle, type BundleToRestore } from '../core/bundle/bundleToRestore.ts';
import { requireLeftOut } from '../core/bundle/requireLeftOut.ts';
import type { Engine } from '../core/engine/engine.ts';
import { failure } from '../core/errors.ts';
import { executeRestore } from '../core/restore/executeRestore.ts';
import { plannedSending } from '../core/restore/plannedSending.ts';
import { planRestore } from '../core/restore/planRestore.ts';
import type { RestorePlan } from '../core/restore/restorePlan.ts';
import { openContents } from '../core/snapshot/openContents.ts';
import type { Snapshot } from '../core/snapshot/snapshot.ts';
import { findSnapshot } from '../core/snapshot/snapshots.ts';
import type { Arguments } from './arguments.ts';
import type { CommandContext, Report } from './command.ts';
import { readied } from './engineAndVault.ts';
import { usageFailure } from './failures.ts';
import {
  chosenRestore,
  requireAgreed,
  requirePossible,
  restoredReport,
  restorePlanReport,
} from './restoring.ts';

/** Restores a snapshot of the bundle that the first argument names onto the engine, or says what that would do. */
export async function restoreFromBundle(context: CommandContext, args: Arguments): Promise<Report> {
  const { operation, temporaryFolder, dataFolder } = context;
  const choicesOf = chosenRestore(args);
  const bundle = await bundleToRestore({ path: resolve(args.first), temporaryFolder }, operation);
  try {
    const snapshot = chosenSnapshot(bundle, args.text('snapshot'));
    const contents = await openContents(bundle.blobs, snapshot, operation);
    const planOn = async (engine: Engine): Promise<RestorePlan> => {
      const deps = { engine, vault: bundle };
      const plan = await planRestore(deps, { contents, choices: choicesOf(contents) }, operation);
      await requireLeftOut({ engine, blobs: bundle.blobs }, plannedSending(plan), operation);
      return plan;
    };
    if (args.isSet('dry-run')) return restorePlanReport(await planOn(await context.engine()));
    if (dataFolder === undefined) throw failure('unexpected', { reason: 'there is no folder for notes' });
    const vault = await vaultOfBundle(bundle, { dataFolder }, operation);
    const { notes, ...deps } = await readied(context, vault);
    const plan = await planOn(deps.engine);
    requirePossible(plan);
    requireAgreed(plan, args);
    const result = await executeRestore(deps, plan, operation);
    const isKept = result.kept.some(({ what }) => what === 'volume');
    const after = isKept ? [`What was replaced is kept in the vault ${vault.paths.root}.`] : [];
    return restoredReport(plan, result, { before: notes, after });
  } finally {
    await bundle.close();
  }
}

function chosenSnapshot({ name, snapshots }: BundleToRestore, word: string | undefined): Snapshot {
  if (word !== undefined) return findSnapshot(snapshots, word);
  const [only] = snapshots;
  if (only !== undefined && snapshots.length === 1) return only;
  const names = snapshots.map(({ refName }) => refName).join(', ');
  throw usageFailure(
    `${name} holds ${snapshots.length} snapshots: ${names}. Say with --snapshot which one to restore.`,
  );
}
