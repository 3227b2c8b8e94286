import { countSent } from '../engine/countSent.ts';
import { failure, fillTemplate, isCancellation, reasonOf } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { realWait, type Wait } from '../restore/awaitSteady.ts';
import { EngineUndo } from '../restore/engineUndo.ts';
import type { CheckedLoad } from '../loading/loadChecked.ts';
import { makeContainers } from '../restore/makeContainers.ts';
import { makeNetworks } from '../restore/makeNetworks.ts';
import { makeRoom, removeMoved, type MovedContainer } from '../restore/makeRoom.ts';
import { makeVolumes } from '../restore/makeVolumes.ts';
import type { RestoreItem } from '../restore/restorePlan.ts';
import type { KeptThing, RestoreWarning } from '../restore/restoreResult.ts';
import type { RestoreRun } from '../restore/restoreRun.ts';
import { allOf } from './allOf.ts';
import { checkMoved } from './checkMoved.ts';
import { engineKey } from '../recovery/engineKey.ts';
import { lastPass } from './lastPass.ts';
import type { MoveEnd, MoveRun } from './moveRun.ts';
import { recoverMoves, withMoveSession, type MoveNotes, type MoveSession } from './moveSession.ts';
import { fillFromSource } from './openPairs.ts';
import type { MoveEnds, MovePlan } from './planMove.ts';
import { removeHere, type LeftThing, type RemovedThing } from './removeHere.ts';
import { sendImages } from './sendImages.ts';
import { startMoved } from './startMoved.ts';
import { StillSource } from './stillSource.ts';

export interface MoveDeps extends MoveEnds, MoveNotes {}

/** Parts that tests replace where time must not pass. */
export interface MoveParts {
  readonly wait?: Wait;
}

/** What a move did; all of it was looked up on the target before it was called done. */
export interface MoveResult {
  /** As in the plan, with the names that the engine gave. */
  readonly items: readonly RestoreItem[];
  readonly kept: readonly KeptThing[];
  /** What was removed here. */
  readonly removed: readonly RemovedThing[];
  /** What was to be removed here, and is there still. */
  readonly left: readonly LeftThing[];
  readonly warnings: readonly RestoreWarning[];
  /** Bytes of images and volumes that went to the target. */
  readonly sentBytes: number;
  /** How long the containers here stood still until theirs ran there, or these went on; left out where none had to. */
  readonly stillMs?: number;
}

/**
 * Does what a plan says, without anything landing on this machine's disk:
 * 1. images and, meanwhile, 2. networks, 3. volumes, with all that they hold while everything runs on, 4. the
 * containers here stop, 5. volumes once more, until nothing differs, and meanwhile an image of each container's own
 * changes, 6. in a copy the containers here go on, 7. containers are made there and started, each after those it
 * needs, 8. compare their settings, and wait until they stand, 9. here what was moved is removed, if that was asked
 * for.
 *
 * Until 9 everything is noted before it is done. A failure or a cancel undoes it on both engines, and so does
 * `recoverMoves` after a crash: what was made there goes, what was stopped here runs again. Nothing is undone in 9:
 * what can't be removed is left, and said.
 *
 * Rejects with `moveBlocked` while the plan has blockers, `restoreTaken` when a name was taken since, `moveNotStarted`,
 * `moveNotHealthy`, `moveNotStill`, `moveDiffers`, the failures of loading and of the engines, an AbortError, or
 * `moveRollbackFailed`.
 */
export async function executeMove(
  deps: MoveDeps,
  plan: MovePlan,
  operation: Operation,
  { wait = realWait }: MoveParts = {},
): Promise<MoveResult> {
  const { name } = plan.source;
  const blocker = plan.problems.find(({ severity }) => severity === 'blocker');
  if (blocker !== undefined)
    throw failure('moveBlocked', { name, reason: fillTemplate(blocker.template, blocker.args) });
  const keys = { source: engineKey(plan.source.info), target: engineKey(plan.made.info) };
  for (const end of ['source', 'target'] as const)
    if (engineKey(await deps[end].info(operation)) !== keys[end])
      throw failure('moveBlocked', { name, reason: 'the plan was made for another engine' });
  const notes = { folder: deps.folder, owner: deps.owner };
  const subject = `${name} (${deps.source.endpoint} → ${deps.target.endpoint})`;
  const counted = countSent(deps.target);
  const engines = { source: deps.source, target: counted.engine };
  const work = async (session: MoveSession): Promise<MoveResult> => {
    const endOf = (end: 'source' | 'target'): MoveEnd => {
      const [engine, engineId] = [engines[end], keys[end]];
      return {
        ...{ engine, engineId, session },
        undo: new EngineUndo({ engine, owner: deps.owner }, engineId, session),
      };
    };
    const run: MoveRun = {
      ...{ plan, source: endOf('source'), target: endOf('target'), to: deps.target.endpoint, wait },
      ...{ operation: { signal: session.signal, progress: operation.progress }, warnings: [], kept: [] },
      listed: new Map(),
    };
    const done = await tryAll(run);
    await removeMoved({ engine: run.target.engine, warnings: run.warnings }, done.moved);
    const gone = plan.input.afterwards === 'remove' ? await removeHere(run) : { removed: [], left: [] };
    return { ...resultOf(run, done, gone), sentBytes: counted.sentBytes() };
  };
  try {
    return await withMoveSession(notes, { subject }, operation, work);
  } catch (error) {
    // A helper that could not be removed when it was done with may go now. What still stays, the next move looks after.
    await recoverMoves({ ...notes, engines: [deps.source, deps.target] }).catch(() => []);
    throw error;
  }
}

interface Done {
  readonly loaded: CheckedLoad;
  readonly moved: readonly MovedContainer[];
  /** The name that each volume has there, by the one here. */
  readonly volumes: ReadonlyMap<string, string>;
  readonly stillMs?: number;
}

/** Everything that is undone when it fails. */
async function tryAll(run: MoveRun): Promise<Done> {
  const { plan, target, operation } = run;
  const { made } = plan;
  try {
    const onTarget = restoreRun(run);
    // Neither needs the other: what is large of one goes while the other is waited for.
    const [volumes, loaded] = await allOf(operation, [
      async (during) => {
        await makeNetworks({ ...onTarget, operation: during }, made.networks);
        const filling = { ...run, operation: during };
        return await makeVolumes(
          { ...onTarget, operation: during, fill: (volume, there) => fillFromSource(filling, volume, there) },
          made.volumes,
        );
      },
      (during) => sendPlanned(run, during),
    ]);
    const still = new StillSource(run);
    const { last, moved, started, containers } = await lastPass(run, still, volumes, async (last) => {
      const then = { ...onTarget, plan: last.made };
      const moved = await makeRoom(then, last.made.containers, Date.now());
      const containers = await makeContainers(then, volumes);
      return { last, moved, containers, started: await startMoved(run, containers) };
    });
    await checkMoved(run, containers, volumes);
    await started.untilSteady();
    if (plan.input.afterwards !== 'keep') await still.requireStill();
    operation.signal.throwIfAborted();
    await target.undo.keepAll();
    const until = last.wentOnAtMs ?? started.startedAtMs;
    return {
      ...{ loaded, moved, volumes },
      ...(last.stoodFromMs !== undefined && { stillMs: Math.round(until - last.stoodFromMs) }),
    };
  } catch (error) {
    await putBack(run, error);
    throw error;
  }
}

/** The images of the plan, to the target. */
function sendPlanned({ plan, target }: MoveRun, operation: Operation): Promise<CheckedLoad> {
  const { images, keepAs, info } = plan.made;
  return sendImages(
    { target: target.engine, note: (wayBack) => target.undo.noteLoad(wayBack) },
    { name: plan.source.name, route: plan.route, images, keepAs, info },
    operation,
  );
}

/** What the parts of a restore need to make things on the target. */
function restoreRun(run: MoveRun): RestoreRun {
  const { plan, target, operation, warnings, kept, wait } = run;
  return {
    ...{ engine: target.engine, plan: plan.made, operation, undo: target.undo, warnings, kept, wait },
    fill: (volume, there) => fillFromSource(run, volume, there),
    replace: (_, there) => Promise.reject(failure('volumeExists', { name: there })),
  };
}

/** The target first: what runs there may hold a port or an address that is wanted again here. */
async function putBack({ plan, source, target }: MoveRun, error: unknown): Promise<void> {
  const left = [...(await target.undo.undoAll()), ...(await source.undo.undoAll())];
  if (left.length === 0) return;
  throw failure(
    'moveRollbackFailed',
    {
      name: plan.source.name,
      reason: isCancellation(error) ? 'cancelled' : reasonOf(error),
      left: left.join('; '),
    },
    error,
  );
}

function resultOf(
  { plan: { made, source }, warnings, kept }: MoveRun,
  { loaded, volumes, stillMs }: Done,
  gone: Pick<MoveResult, 'removed' | 'left'>,
): Omit<MoveResult, 'sentBytes'> {
  const remarks = [...loaded.remarks, ...(loaded.sentAgain === undefined ? [] : [loaded.sentAgain])];
  const said = remarks.map((text) => ({ kind: 'engine', name: source.name, text }) as const);
  return {
    items: made.items.map((item) =>
      item.what === 'volume' ? { ...item, newName: volumes.get(item.name) ?? item.newName } : item,
    ),
    kept: [...[...made.keepAs].map(([name, keptAs]) => ({ what: 'tag', name, keptAs }) as const), ...kept],
    ...{ ...gone, warnings: [...warnings, ...said] },
    ...(stillMs !== undefined && { stillMs }),
  };
}
