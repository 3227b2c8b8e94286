import type { Engine } from '../engine/engine.ts';
import { DrydockError, failure } from '../errors.ts';
import type { Sending } from '../loading/layersThere.ts';
import type { Operation } from '../progress.ts';
import { fileTimestamp } from '../quantity.ts';
import { lookAtEngine } from '../restore/engineState.ts';
import { planContainers } from '../restore/planContainers.ts';
import { planNetworks } from '../restore/planNetworks.ts';
import { planVolumes } from '../restore/planVolumes.ts';
import type { PlannedVolume, RestorePlan } from '../restore/restorePlan.ts';
import { problem, type RestoreProblem } from '../restore/restoreProblem.ts';
import { engineKey } from '../recovery/engineKey.ts';
import { lookAtSource, type MoveSource } from './lookAtSource.ts';
import { routeImages, type ImageRoute } from './movedImages.ts';
import type { MoveInput } from './movedThing.ts';
import { planMovedImages, type PlannedArrival } from './planMovedImages.ts';
import { hasOwnData, sourceProblems } from './sourceProblems.ts';

/** The two engines of a move. */
export interface MoveEnds {
  readonly source: Engine;
  readonly target: Engine;
}

/** All that a move will do; made without touching either engine. */
export interface MovePlan {
  readonly input: MoveInput;
  readonly source: MoveSource;
  /** What will be made on the target, as of a snapshot that holds what the source tells. */
  readonly made: RestorePlan & { readonly images: readonly PlannedArrival[] };
  readonly problems: readonly RestoreProblem[];
  readonly route: ImageRoute;
}

/**
 * Says what moving something to another engine will do: what is made there, what is there already, what that engine
 * can't do, and what can't be done here. Both engines are only asked. Between a classic and a containerd store the
 * images are read. Rejects with `moveSameEngine`, `engineNotFound`, the engines' failures, those of archives, or an
 * AbortError.
 */
export async function planMove(
  { source, target }: MoveEnds,
  input: MoveInput,
  operation: Operation,
): Promise<MovePlan> {
  const { signal } = operation;
  operation.progress.report({ phase: 'preparing' });
  const state = await lookAtEngine(target, { signal });
  const from = await lookAtSource(source, input.thing, { signal });
  if (engineKey(from.info) === engineKey(state.info))
    throw failure('moveSameEngine', { endpoint: target.endpoint });
  const { contents } = from;
  const documents = contents.containers.map(({ document }) => document);
  const containers = await planContainers(
    { engine: target },
    { contents, documents, choices: input.choices, state },
    { signal },
  );
  const made = containers.containers.map(({ document }) => document);
  const networks = planNetworks(made, state, contents.project?.document.networks);
  const volumes = planVolumes(contents.volumes, input.choices, state, containers.gone);
  const needed = new Set(made.map(({ imageId }) => imageId));
  const wanted = from.images.filter(({ details }) => input.thing.kind === 'image' || needed.has(details.id));
  const ends = { source, sourceInfo: from.info, targetInfo: state.info };
  const route = await routeImages(ends, wanted, operation);
  const stamp = fileTimestamp(input.nowMs ?? Date.now()).toLowerCase();
  const { choices } = input;
  const images = await planMovedImages(
    { target },
    { images: route.images, choices, state, stamp },
    { signal },
  );
  const here = { containers: await source.containers.list({ signal }) };
  return {
    ...{ input, source: from, route },
    made: {
      ...{ contents, info: state.info, images: images.images, keepAs: images.keepAs },
      items: [...images.items, ...networks.items, ...volumes.items, ...containers.items],
      problems: [],
      networks: networks.networks,
      volumes: volumes.volumes,
      containers: containers.containers,
      sending: sendingOf(images.images),
    },
    problems: [
      ...images.problems,
      ...networks.problems,
      ...volumes.problems.filter(({ code }) => code !== 'volumeInUse' && code !== 'volumeNotReplaceable'),
      ...volumes.volumes
        .filter(({ action }) => action === 'replace')
        .map(({ target: name }) => problem('blocker', 'moveReplacesNoVolume', { name })),
      ...containers.problems,
      ...(await volumeProblems({ source, target }, volumes.volumes, signal)),
      ...(await sourceProblems(
        { source },
        { input, from, here, containers: containers.containers, volumes: volumes.volumes },
        { signal },
      )),
    ],
  };
}

/** By what the source says of its images; what volumes hold is known when they were read. */
function sendingOf(images: readonly PlannedArrival[]): Sending {
  const sizeOf = (some: readonly PlannedArrival[]): number =>
    some.reduce((sum, { details }) => sum + details.sizeBytes, 0);
  return { bytes: sizeOf(images.filter(({ load }) => !load.isThere)), wholeBytes: sizeOf(images) };
}

/** An engine that would lose whose a volume's files are. */
async function volumeProblems(
  { source, target }: MoveEnds,
  volumes: readonly PlannedVolume[],
  signal: AbortSignal,
): Promise<readonly RestoreProblem[]> {
  const problems: RestoreProblem[] = [];
  if (!volumes.some(({ action, volume }) => action === 'create' && hasOwnData(volume.document))) return [];
  for (const { volumes: store, endpoint } of [source, target])
    try {
      await store.archives({ signal });
    } catch (error) {
      if (!(error instanceof DrydockError && error.code === 'podmanTooOld')) throw error;
      const { found = '', needed = '' } = error.details;
      const args = { endpoint, found: String(found), needed: String(needed) };
      problems.push(problem('blocker', 'moveVolumesTooOld', args));
    }
  return problems;
}
