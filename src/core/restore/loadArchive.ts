import { loadableTar } from '../archive/loadStream.ts';
import { countSent } from '../engine/countSent.ts';
import type { Engine } from '../engine/engine.ts';
import type { Operation } from '../progress.ts';
import { bringing } from '../loading/layersThere.ts';
import { loadingEngine } from '../loading/imagePlan.ts';
import { sendParcels } from '../loading/sendParcels.ts';
import { loadChecked, type CheckedLoad } from '../loading/loadChecked.ts';
import { comingFrom, type LoadPlan } from './planLoad.ts';

export interface LoadInput {
  readonly plan: LoadPlan;
  /** For tags that move: the name under which the image that loses the tag is kept. */
  readonly keepAs: ReadonlyMap<string, string>;
}

export interface LoadedArchive extends CheckedLoad {
  /** Bytes that went to the engine, those that went twice included. */
  readonly sentBytes: number;
}

/**
 * Loads the images of a plan as {@link loadChecked} does: without the layers that the engine has, looked up before it
 * says done, and put back otherwise.
 * Rejects with its failures and with `archiveChanged`.
 */
export async function loadArchive(
  { engine }: { readonly engine: Engine },
  { plan, keepAs }: LoadInput,
  operation: Operation,
): Promise<LoadedArchive> {
  const { source, archive, info, images } = plan;
  const { signal } = operation;
  const target = loadingEngine(info);
  const counted = countSent(engine);
  const job = {
    name: archive.name,
    info,
    images,
    keepAs,
    ...(await bringing(
      engine,
      comingFrom(plan),
      (parcels, said) => {
        const tarOf = (parcel: (typeof parcels)[number], sending: Operation) => {
          const chosen = parcel.images.map(({ image }) => image);
          return loadableTar(source, archive, chosen, target, sending, parcel.there);
        };
        return sendParcels(counted.engine, { info, parcels, tarOf, there: [] }, operation, said);
      },
      signal,
    )),
  };
  const loaded = await loadChecked(engine, job, signal);
  return { ...loaded, sentBytes: counted.sentBytes() };
}
