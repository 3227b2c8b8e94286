import { countSent } from '../engine/countSent.ts';
import type { Engine } from '../engine/engine.ts';
import { failure, fillTemplate, isCancellation, reasonOf } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { engineKey } from '../recovery/engineKey.ts';
import type { Vault } from '../vault/layout.ts';
import type { ProcessIdentity } from '../vault/processIdentity.ts';
import { withVaultSession, type VaultSession } from '../vault/vaultSession.ts';
import { fillVolume } from '../volumes/fillVolume.ts';
import { replaceVolume } from '../volumes/replaceVolume.ts';
import { realWait } from './awaitSteady.ts';
import { EngineUndo } from './engineUndo.ts';
import type { CheckedLoad } from '../loading/loadChecked.ts';
import { makeContainers, startContainers } from './makeContainers.ts';
import { makeNetworks } from './makeNetworks.ts';
import { makeRoom, removeMoved, type MovedContainer } from './makeRoom.ts';
import { makeVolumes } from './makeVolumes.ts';
import { restoreImages } from './restoreImages.ts';
import type { RestorePlan } from './restorePlan.ts';
import type { RestoreResult, RestoreWarning } from './restoreResult.ts';
import type { RestoreRun } from './restoreRun.ts';

export interface RestoreDeps {
  readonly engine: Engine;
  readonly vault: Vault;
  readonly owner: ProcessIdentity;
}

/** Parts that tests replace where an engine in memory has no files and time must not pass. */
export type RestoreParts = Partial<Pick<RestoreRun, 'wait' | 'fill' | 'replace'>>;

/**
 * Does what a plan says: 1. images, 2. containers that are replaced are stopped and moved aside, 3. networks,
 * 4. volumes, filled, 5. containers, what others need first, 6. their networks, 7. start, 8. wait until they stand,
 * 9. remove what was replaced.
 *
 * Until 9 everything is noted in the vault's journal before it is done; a failure or a cancel undoes it in reverse,
 * and so does recovery after a crash. Volumes and images that were there are never removed.
 *
 * Rejects with `restoreBlocked` while the plan has blockers, `restoreTaken` when a name was taken since,
 * `restoreNotHealthy`, `blobMissing`, `blobDamaged`, the failures of loading and of the engine, an AbortError, or
 * `restoreRollbackFailed`.
 */
export async function executeRestore(
  deps: RestoreDeps,
  plan: RestorePlan,
  operation: Operation,
  parts: RestoreParts = {},
): Promise<RestoreResult> {
  const { refName } = plan.contents.snapshot;
  const blocker = plan.problems.find(({ severity }) => severity === 'blocker');
  if (blocker !== undefined)
    throw failure('restoreBlocked', { name: refName, reason: fillTemplate(blocker.template, blocker.args) });
  const engineId = engineKey(plan.info);
  // What the plan keeps and replaces is there alone, and so is what its notes are for.
  if (engineKey(await deps.engine.info(operation)) !== engineId)
    throw failure('restoreBlocked', { name: refName, reason: 'the plan was made for another engine' });
  return withVaultSession(deps, { kind: 'restore', subject: refName }, operation, async (session) => {
    const { engine, sentBytes } = countSent(deps.engine);
    const undo = new EngineUndo(deps, engineId, session);
    const warnings: RestoreWarning[] = [];
    const run: RestoreRun = {
      engine,
      plan,
      operation: { signal: session.signal, progress: operation.progress },
      undo,
      warnings,
      kept: [],
      ...usualParts({ engine, session, engineId, warnings }, operation),
      ...parts,
    };
    const done = await tryAll(run, deps.vault);
    await removeMoved(run, done.moved);
    return { ...resultOf(run, done), sentBytes: sentBytes() };
  });
}

interface Done {
  readonly loaded: CheckedLoad;
  readonly moved: readonly MovedContainer[];
  /** The name that each volume has, by the one in the snapshot. */
  readonly volumes: ReadonlyMap<string, string>;
}

/** Everything that is undone when it fails. */
async function tryAll(run: RestoreRun, vault: Vault): Promise<Done> {
  const { plan, operation, undo } = run;
  try {
    const loaded = await restoreImages(
      { engine: run.engine, store: vault.blobs, note: (wayBack) => undo.noteLoad(wayBack) },
      plan,
      operation,
    );
    const moved = await makeRoom(run, plan.containers, Date.now());
    await makeNetworks(run, plan.networks);
    const volumes = await makeVolumes(run, plan.volumes);
    await startContainers(run, await makeContainers(run, volumes));
    operation.signal.throwIfAborted();
    await undo.keepAll();
    return { loaded, moved, volumes };
  } catch (error) {
    await putBack(run, error);
    throw error;
  }
}

interface PartsDeps extends Pick<RestoreDeps, 'engine'> {
  readonly session: VaultSession;
  readonly engineId: string;
  readonly warnings: RestoreWarning[];
}

function usualParts(
  { warnings, ...deps }: PartsDeps,
  { progress }: Operation,
): Pick<RestoreRun, 'wait' | 'fill' | 'replace'> {
  const operation = { signal: deps.session.signal, progress };
  return {
    wait: realWait,
    fill: async (volume, target) => {
      const remarks = await fillVolume(deps, { volume, target }, operation);
      for (const { subject, detail = '' } of remarks)
        warnings.push({ kind: 'engine', name: target, text: `${subject}: ${detail}` });
    },
    replace: (volume, target) => replaceVolume(deps, { volume, target }, operation),
  };
}

async function putBack({ undo, plan }: RestoreRun, error: unknown): Promise<void> {
  const left = await undo.undoAll();
  if (left.length === 0) return;
  throw failure(
    'restoreRollbackFailed',
    {
      name: plan.contents.snapshot.refName,
      reason: isCancellation(error) ? 'cancelled' : reasonOf(error),
      left: left.join('; '),
    },
    error,
  );
}

function resultOf(
  { plan, warnings, kept }: RestoreRun,
  { loaded, volumes }: Done,
): Omit<RestoreResult, 'sentBytes'> {
  return {
    ...(loaded.sentAgain !== undefined && { sentAgain: loaded.sentAgain }),
    items: plan.items.map((item) =>
      item.what === 'volume' ? { ...item, newName: volumes.get(item.name) ?? item.newName } : item,
    ),
    kept: [...[...plan.keepAs].map(([name, keptAs]) => ({ what: 'tag', name, keptAs }) as const), ...kept],
    warnings: [
      ...warnings,
      ...loaded.remarks.map(
        (text) => ({ kind: 'engine', name: plan.contents.snapshot.refName, text }) as const,
      ),
    ],
  };
}
