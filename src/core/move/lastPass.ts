import { withCommits, type CommitChanges } from '../backup/commitImages.ts';
import { isActive } from '../backup/standstill.ts';
import type { Digest } from '../digest.ts';
import { withoutHelpers } from '../engine/helperLabel.ts';
import { failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { PlannedVolume } from '../restore/restorePlan.ts';
import { usersOf } from '../volumes/volumeUsers.ts';
import { allOf } from './allOf.ts';
import { imageToMove } from './lookAtSource.ts';
import type { MoveRun } from './moveRun.ts';
import { routeImages } from './movedImages.ts';
import { withOpenPairs, type PairNames } from './openPairs.ts';
import type { MovePlan } from './planMove.ts';
import { planMovedImages } from './planMovedImages.ts';
import { sendImages } from './sendImages.ts';
import { quickPass } from './quickPass.ts';
import { hasOwnData, otherWriters } from './sourceProblems.ts';
import type { StillSource } from './stillSource.ts';
import { finishVolume, type VolumePair } from './volumePasses.ts';

/** What the last pass came to. */
export interface LastPass {
  /** The plan, with what only showed now: images of containers' own changes, and which volumes are empty. */
  readonly made: MovePlan['made'];
  /** When the first container was asked to stop, by `performance.now()`; left out where none ran. */
  readonly stoodFromMs?: number;
  /** When they went on, in a copy. */
  readonly wentOnAtMs?: number;
}

/**
 * Has the containers here stand still and brings over what is left: what changed in volumes since the first pass, and
 * an image of each container's own changes. Then those go on that are not moved and, in a copy, all. Does `then` with
 * that before it clears away what it needed itself, for which nothing has to stand still; the images of changes are
 * gone from here afterwards, and there the containers stand on them.
 */
export async function lastPass<T>(
  run: MoveRun,
  still: StillSource,
  volumes: ReadonlyMap<string, string>,
  then: (last: LastPass) => Promise<T>,
): Promise<T> {
  const { plan, source, operation } = run;
  const { made, input } = plan;
  if (made.containers.length === 0 && made.volumes.length === 0) return await then({ made });
  const moved = new Set(made.containers.map(({ document }) => document.id));
  return await withCommits(source, operation.signal, (commit) =>
    withOpenPairs(run, pairsOf(made.volumes, volumes), async (pairs) => {
      const containers = await source.engine.containers.list(operation);
      const others = otherWriters(made.volumes, { containers }, moved).map(({ container }) => container.id);
      const isUp = containers.some((one) => moved.has(one.id) && isActive(one));
      const stoodFromMs = performance.now();
      await still.stop([...moved, ...new Set(others)]);
      const [entries, images] = await allOf(operation, [
        (during) => passVolumes(run, pairs, during),
        (during) => commitChanges(run, commit, during),
      ]);
      await still.requireStill();
      await requireUnused(run, pairs);
      await still.goOn((id) => input.afterwards === 'keep' || !moved.has(id));
      const wentOnAtMs = performance.now();
      const withImages = await bringCommits(run, images);
      return await then({
        made: { ...withImages, volumes: made.volumes.map((volume) => counted(volume, entries)) },
        ...(isUp && { stoodFromMs }),
        ...(input.afterwards === 'keep' && { wentOnAtMs }),
      });
    }),
  );
}

/** Brings over what volumes still lack. Resolves with how many entries each has, by its name here. */
async function passVolumes(
  run: MoveRun,
  pairs: readonly VolumePair[],
  operation: Operation,
): Promise<ReadonlyMap<string, number>> {
  const entries = new Map<string, number>();
  for (const pair of pairs) {
    const listing = run.listed.get(pair.target.name);
    run.listed.delete(pair.target.name);
    const quick = listing && (await quickPass(pair, listing, operation));
    entries.set(pair.source.name, quick ?? (await finishVolume(pair, run, operation)).entries);
  }
  return entries;
}

/** Makes images of the containers that have changes of their own. Resolves with these, by the containers' IDs. */
async function commitChanges(
  { plan, source }: MoveRun,
  commit: CommitChanges,
  { signal }: Operation,
): Promise<ReadonlyMap<string, Digest>> {
  const commits = new Map<string, Digest>();
  for (const { document } of plan.made.containers) {
    const image = await commit(await source.engine.containers.inspect(document.id, { signal }));
    if (image !== undefined) commits.set(document.id, image);
  }
  return commits;
}

/** What was just made and is to be the same as here, nobody there may have had a hand in. */
async function requireUnused(
  { target, to, operation }: MoveRun,
  pairs: readonly VolumePair[],
): Promise<void> {
  const there = withoutHelpers(await target.engine.containers.list(operation));
  for (const { source, target: volume } of pairs) {
    const [user] = usersOf(volume.name, there);
    if (user !== undefined)
      throw failure('moveDiffers', { name: source.name, to, what: user.names[0] ?? user.id });
  }
}

function pairsOf(
  planned: readonly PlannedVolume[],
  names: ReadonlyMap<string, string>,
): readonly PairNames[] {
  return planned
    .filter(({ action, volume }) => action === 'create' && hasOwnData(volume.document))
    .flatMap(({ volume: { document } }) => {
      const there = names.get(document.name);
      return there === undefined ? [] : [{ here: document.name, there }];
    });
}

function counted(planned: PlannedVolume, entries: ReadonlyMap<string, number>): PlannedVolume {
  const { volume } = planned;
  const entryCount = entries.get(volume.document.name) ?? volume.document.entryCount;
  return { ...planned, volume: { ...volume, document: { ...volume.document, entryCount } } };
}

/** Sends the images of containers' own changes, without a name, and has the containers made of them. */
async function bringCommits(run: MoveRun, commits: ReadonlyMap<string, Digest>): Promise<MovePlan['made']> {
  const { plan, source, target, operation } = run;
  const { made } = plan;
  if (commits.size === 0) return made;
  const images = [];
  for (const id of new Set(commits.values()))
    images.push(await imageToMove(source.engine, { id, tags: [], role: 'writable' }, operation.signal));
  const ends = { source: source.engine, sourceInfo: plan.source.info, targetInfo: made.info };
  const route = await routeImages(ends, images, operation);
  const state = { images: await target.engine.images.list(operation), info: made.info };
  const planned = await planMovedImages(
    { target: target.engine },
    { images: route.images, choices: {}, state, stamp: '' },
    operation,
  );
  await sendImages(
    { target: target.engine, note: (wayBack) => target.undo.noteLoad(wayBack) },
    { name: plan.source.name, route, images: planned.images, keepAs: new Map(), info: made.info },
    operation,
  );
  return {
    ...made,
    images: [...made.images, ...planned.images],
    containers: made.containers.map((container) => {
      const commit = commits.get(container.document.id);
      const image = planned.images.find(({ details }) => details.id === commit)?.snapshotImage;
      if (commit === undefined || image === undefined) return container;
      return { ...container, image, document: { ...container.document, writableManifest: commit } };
    }),
  };
}
