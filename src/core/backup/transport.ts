import type { Engine } from '../engine/engine.ts';
import { storeOf } from '../engine/engineLayers.ts';
import type { EngineInfo, ImageDetails } from '../engine/records.ts';
import type { KnownContents } from '../snapshot/knownContents.ts';
import { pushedDocument } from './pushedDocument.ts';

/** How the bytes of images are to come: `auto` takes what is cheaper. */
export type TransportWish = 'auto' | 'stream' | 'delta';

/** Why images came as they did. */
export type TransportReason =
  /** The vault had them. */
  | 'nothingMissing'
  | 'asked'
  /** The vault has most of their bytes. */
  | 'mostIsThere'
  | 'mostIsMissing'
  /** So little that the engine sends all of it sooner than it is asked for a part. */
  | 'small'
  /** Whoever runs the backup gave no means to listen. */
  | 'notOffered'
  /** The engine is not on this machine. */
  | 'engineElsewhere'
  /** An image of a classic store has no name of its own: the digest that it is pushed by would stay with it. */
  | 'imageWithoutName'
  /** An image of a containerd store lists what is not there, and what is would not all be pushed. */
  | 'platformsAbsent'
  /** The engine does not get to where Drydock listens. */
  | 'notReached'
  /** The engine did not manage to push, or not what it has. */
  | 'pushFailed';

/** How images came. */
export interface TransportReport {
  readonly transport: 'none' | 'stream' | 'delta';
  readonly reason: TransportReason;
  /** What went wrong, where something did. */
  readonly detail?: string;
  /** As they came from the engine, packed or not. */
  readonly receivedBytes: number;
}

type TransportChoice = Pick<TransportReport, 'transport' | 'reason' | 'detail'>;

/**
 * How much longer a push of as many bytes takes than a save. Classic stores pack on one core, Podman on all; a containerd
 * store sends what it has. Measured, see docs/BENCHMARKS.md.
 */
const pushCost = { classic: 5, podman: 3, containerd: 1.25 } as const;
/** A save of less takes no longer than to tag, to push and to take the tag away. */
const smallBytes = 16 << 20;
/** What a tar takes for an entry beside its data: a header and, on average, half a block. */
const entryBytes = 768;

/**
 * Chooses how `missing`, images that the vault has not, are to come. `delta` needs an engine that may reach our loopback,
 * and on a classic store names: what it pushed by a name it goes on calling by the digest, until its last name goes. On a
 * containerd store all that is there has to be pushed.
 */
export async function chooseTransport(
  {
    engine,
    info,
    known,
    isOffered,
  }: {
    readonly engine: Pick<Engine, 'endpoint'>;
    readonly info: EngineInfo;
    readonly known: KnownContents;
    readonly isOffered: boolean;
  },
  missing: readonly ImageDetails[],
  wish: TransportWish,
): Promise<TransportChoice> {
  const store = storeOf(info);
  const stream = (reason: TransportReason): TransportChoice => ({ transport: 'stream', reason });
  if (wish === 'stream') return stream('asked');
  if (!isOffered) return stream('notOffered');
  if (!/^(?:unix|npipe):/.test(engine.endpoint)) return stream('engineElsewhere');
  if (store === 'classic' && missing.some(({ tags }) => tags.length === 0)) return stream('imageWithoutName');
  if (store === 'containerd' && missing.some((details) => pushedDocument(details) === undefined))
    return stream('platformsAbsent');
  if (wish === 'delta') return { transport: 'delta', reason: 'asked' };
  let [totalBytes, lackingBytes] = [0, 0];
  for (const { sizeBytes, diffIds } of missing) {
    totalBytes += sizeBytes;
    lackingBytes += sizeBytes;
    for (const diffId of new Set(diffIds)) {
      const index = (await known.layerOfDiffId(diffId))?.index;
      if (index === undefined) continue;
      // A containerd store counts blobs, all others the data of files alone.
      const countedBytes =
        store === 'containerd' ? index.sizeBytes : index.plainBytes - index.entryCount * entryBytes;
      lackingBytes -= Math.max(countedBytes, 0);
    }
  }
  if (totalBytes < smallBytes) return stream('small');
  if (lackingBytes * pushCost[store] > totalBytes) return stream('mostIsMissing');
  return { transport: 'delta', reason: 'mostIsThere' };
}
