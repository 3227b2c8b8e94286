import type { Engine } from '../engine/engine.ts';
import type { EngineInfo, LoadOutcome } from '../engine/records.ts';
import type { Operation } from '../progress.ts';
import type { ImagePlan } from './imagePlan.ts';
import type { LoadJob } from './loadChecked.ts';
import { parcelBytes, type ComingImage, type Parcel } from './parcels.ts';
import { sendAndTag } from './sendAndTag.ts';

interface Sent<T extends ComingImage> {
  readonly info: EngineInfo;
  readonly parcels: readonly Parcel<T>[];
  /** The tar of one parcel; reports the phase `sending`. */
  readonly tarOf: (parcel: Parcel<T>, operation: Operation) => AsyncIterable<Uint8Array>;
  /** Images that the engine has: they only get their tags. */
  readonly there: readonly ImagePlan[];
}

/**
 * Brings images to an engine as {@link sendAndTag} does, one tar after another. `said` is told the names that the
 * engine says it gave as soon as they are known: the next tar may fail.
 */
export async function sendParcels<T extends ComingImage>(
  engine: Pick<Engine, 'images'>,
  { info, parcels, tarOf, there }: Sent<T>,
  { signal, progress }: Operation,
  said: Parameters<LoadJob['bring']>[0],
): Promise<LoadOutcome> {
  const sizes = parcels.map((parcel) => (parcel.images.length === 0 ? 0 : parcelBytes(parcel, info)));
  const totalBytes = sizes.reduce((sum, bytes) => sum + bytes, 0);
  const outcomes: LoadOutcome[] = [];
  let sentBytes = 0;
  for (const [at, parcel] of parcels.entries()) {
    if (parcel.images.length === 0) continue;
    const doneBefore = sentBytes;
    const operation: Operation = {
      signal,
      progress: {
        report: (fact) => {
          const { phase, doneBytes = 0 } = fact;
          progress.report(
            phase === 'sending' ? { ...fact, doneBytes: doneBefore + doneBytes, totalBytes } : fact,
          );
        },
      },
    };
    const outcome = await sendAndTag(engine, { tar: tarOf(parcel, operation), there: [] }, operation);
    said(outcome.names);
    outcomes.push(outcome);
    for (const { id, tag } of parcel.names) {
      signal.throwIfAborted();
      // Without the signal: a call that broke off might still be carried out after it was undone.
      await engine.images.tag(id, tag);
    }
    sentBytes += sizes[at] ?? 0;
  }
  await sendAndTag(engine, { tar: undefined, there }, { signal, progress });
  return {
    names: outcomes.flatMap(({ names }) => names),
    ids: outcomes.flatMap(({ ids }) => ids),
    remarks: outcomes.flatMap(({ remarks }) => remarks),
  };
}
