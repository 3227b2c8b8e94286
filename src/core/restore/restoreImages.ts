import type { Engine } from '../engine/engine.ts';
import type { Operation } from '../progress.ts';
import type { BlobReader } from '../vault/blobStore.ts';
import type { BrokenLoad } from '../recovery/undoLoad.ts';
import { bringing } from '../loading/layersThere.ts';
import { carryOutLoad, prepareLoad, type CheckedLoad } from '../loading/loadChecked.ts';
import { loadingEngine } from '../loading/imagePlan.ts';
import { sendParcels } from '../loading/sendParcels.ts';
import { comingImages } from './comingImages.ts';
import type { RestorePlan } from './restorePlan.ts';
import { vaultTar } from './vaultTar.ts';

/**
 * Brings the images of a plan to the engine: those that are not there are sent without the layers that the engine has
 * (`parcelsOf`), the others only get their tags. Each is looked up afterwards by ID, diffIDs and tags; where the engine
 * did not take that tar, all of it is sent. What would undo it is noted before anything is changed; undoing it is left
 * to who notes it. Rejects as {@link prepareLoad} and {@link carryOutLoad} do, and with `blobMissing` and
 * `blobDamaged`.
 */
export async function restoreImages(
  {
    engine,
    store,
    note,
  }: {
    readonly engine: Engine;
    readonly store: BlobReader;
    readonly note: (wayBack: BrokenLoad) => Promise<unknown>;
  },
  plan: Pick<RestorePlan, 'contents' | 'info' | 'images' | 'keepAs'>,
  operation: Operation,
): Promise<CheckedLoad> {
  const { signal } = operation;
  const { info } = plan;
  const target = loadingEngine(info);
  const there = plan.images.map(({ load }) => load).filter(({ isThere }) => isThere);
  const coming = await comingImages(store, plan, { signal });
  const job = {
    name: plan.contents.snapshot.refName,
    info,
    images: plan.images.map(({ load }) => load),
    keepAs: plan.keepAs,
    ...(await bringing(
      engine,
      coming,
      (parcels, said) => {
        const tarOf = (parcel: (typeof parcels)[number], sending: Operation) =>
          vaultTar(store, parcel.images, target, sending, parcel.there);
        return sendParcels(engine, { info, parcels, tarOf, there }, operation, said);
      },
      signal,
    )),
  };
  const load = await prepareLoad(engine, job, signal);
  await note(load.wayBack);
  return carryOutLoad(engine, load, signal);
}
