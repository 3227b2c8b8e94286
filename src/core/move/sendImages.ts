import type { Engine } from '../engine/engine.ts';
import type { EngineInfo, LoadOutcome } from '../engine/records.ts';
import { sendWhole } from '../engine/sendWhole.ts';
import type { Operation } from '../progress.ts';
import type { BrokenLoad } from '../recovery/undoLoad.ts';
import { layersThere } from '../loading/layersThere.ts';
import { carryOutLoad, prepareLoad, type CheckedLoad } from '../loading/loadChecked.ts';
import type { ImageRoute } from './movedImages.ts';
import type { PlannedArrival } from './planMovedImages.ts';

export interface ImagesToSend {
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
  const bring = async (leavesOutFiles?: ReadonlySet<string>): Promise<LoadOutcome> => {
    let outcome: LoadOutcome = { names: [], ids: [], remarks: [] };
    if (missing.length > 0)
      outcome = await sendWhole(route.tar(missing, operation, leavesOutFiles), signal, (bytes, untilWhole) =>
        target.images.load(bytes, {
          signal: untilWhole,
          onProgress: (fact) => {
            progress.report({ phase: 'finishing', ...fact });
          },
        }),
      );
    for (const { load } of images)
      for (const { tag, effect } of load.isThere ? load.tags : []) {
        signal.throwIfAborted();
        // Without the signal: a call that broke off might still be carried out after it was undone.
        if (effect !== 'same') await target.images.tag(load.id, tag);
      }
    return outcome;
  };
  const coming = {
    info,
    images: missing.map(({ load: { id }, image }) => ({ id, image })),
    blobsOf: () => Promise.resolve(undefined),
    bytes: missing.reduce((sum, { details }) => sum + details.sizeBytes, 0),
  };
  const { hasChain } = await layersThere(target, coming, { signal });
  const there = route.filesThere(missing, hasChain);
  const job = {
    ...{ name, info, images: images.map(({ load }) => load), keepAs, bring: () => bring() },
    // An engine that turns out not to have a layer says so, and is sent all of it.
    ...(there.size > 0 && { bringRest: () => bring(there) }),
  };
  const load = await prepareLoad(target, job, signal);
  await note(load.wayBack);
  return carryOutLoad(target, load, signal);
}
