import type { Engine } from '../engine/engine.ts';
import type { EngineInfo, LoadOutcome } from '../engine/records.ts';
import type { Operation } from '../progress.ts';
import type { BrokenLoad } from '../recovery/undoLoad.ts';
import { layersThere } from '../loading/layersThere.ts';
import { carryOutLoad, prepareLoad, type CheckedLoad } from '../loading/loadChecked.ts';
import { sendAndTag } from '../loading/sendAndTag.ts';
import type { ImageRoute } from './movedImages.ts';
import type { PlannedArrival } from './planMovedImages.ts';

interface ImagesToSend {
  /** What they belong to, for failures. */
  readonly name: string;
  readonly route: Pick<ImageRoute, 'tar' | 'filesThere'>;
  readonly images: readonly PlannedArrival[];
  /** For tags that move: the name under which the image that loses the tag is kept. */
  readonly keepAs: ReadonlyMap<string, string>;
  readonly info: EngineInfo;
}

/**
 * Has images sent by one engine to the other: those that are not there in one tar, as it comes, without the layers that it has, the others only get
 * their tags. Each is looked up there afterwards by ID, diffIDs and tags. What would undo it is noted before anything
 * is changed; undoing it is left to who notes it. Rejects as `prepareLoad` and `carryOutLoad` do, and with the failures
 * of what the source sends.
 */
export async function sendImages(
  { target, note }: { readonly target: Engine; readonly note: (wayBack: BrokenLoad) => Promise<unknown> },
  { name, route, images, keepAs, info }: ImagesToSend,
  operation: Operation,
): Promise<CheckedLoad> {
  const { signal, progress } = operation;
  const missing = images.filter(({ load }) => !load.isThere);
  const totalBytes = missing.reduce((sum, { details }) => sum + details.sizeBytes, 0);
  // What is read here goes there as it comes.
  const sending: Operation = {
    signal,
    progress: {
      report: (fact) => {
        progress.report(fact.phase === 'reading' ? { ...fact, phase: 'sending', totalBytes } : fact);
      },
    },
  };
  const there = images.map(({ load }) => load).filter(({ isThere }) => isThere);
  const bring = (leavesOutFiles?: ReadonlySet<string>): Promise<LoadOutcome> => {
    const tar = missing.length > 0 ? route.tar(missing, sending, leavesOutFiles) : undefined;
    if (missing.length > 0) progress.report({ phase: 'preparing' });
    return sendAndTag(target, { tar, there }, operation);
  };
  const coming = {
    info,
    images: missing.map(({ load: { id }, image }) => ({ id, image })),
    blobsOf: () => Promise.resolve(undefined),
    bytes: totalBytes,
  };
  const { hasChain } = await layersThere(target, coming, { signal });
  const filesThere = route.filesThere(missing, hasChain);
  const job = {
    ...{ name, info, images: images.map(({ load }) => load), keepAs, bring: () => bring() },
    // An engine that turns out not to have a layer says so, and is sent all of it.
    ...(filesThere.size > 0 && { bringRest: () => bring(filesThere) }),
  };
  const load = await prepareLoad(target, job, signal);
  await note(load.wayBack);
  return carryOutLoad(target, load, signal);
}
