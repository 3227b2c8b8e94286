import type { Engine } from '../engine/engine.ts';
import type { EngineInfo, ImageDetails } from '../engine/records.ts';
import type { KnownContents } from '../snapshot/knownContents.ts';

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
  | 'podman'
  | 'containerdStore'
  /** The engine is not on this machine. */
  | 'engineElsewhere'
  /** An image has no name of its own, and would go with the one it is pushed by. */
  | 'imageWithoutName'
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

export type TransportChoice = Pick<TransportReport, 'transport' | 'reason' | 'detail'>;

/** An engine packs what it pushes on one core, about this much slower than it saves. Measured, see docs/BENCHMARKS.md. */
const pushCost = 5;
/** A save of less takes no longer than to tag, to push and to take the tag away. */
const smallBytes = 16 << 20;
/** What a tar takes for an entry beside its data: a header and, on average, half a block. */
const entryBytes = 768;

/**
 * Chooses how `missing`, images that the vault has not, are to come. `delta` needs a classic store that may reach our
 * loopback, and names: a name is put on each image while it is pushed.
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
  const stream = (reason: TransportReason): TransportChoice => ({ transport: 'stream', reason });
  if (wish === 'stream') return stream('asked');
  if (!isOffered) return stream('notOffered');
  if (info.product === 'podman') return stream('podman');
  if (info.imageStore === 'containerd') return stream('containerdStore');
  if (!/^(?:unix|npipe):/.test(engine.endpoint)) return stream('engineElsewhere');
  if (missing.some(({ tags }) => tags.length === 0)) return stream('imageWithoutName');
  if (wish === 'delta') return { transport: 'delta', reason: 'asked' };
  let [totalBytes, lackingBytes] = [0, 0];
  for (const { sizeBytes, diffIds } of missing) {
    totalBytes += sizeBytes;
    lackingBytes += sizeBytes;
    for (const diffId of new Set(diffIds)) {
      const index = (await known.layerOfDiffId(diffId))?.index;
      // An engine counts the data of files alone.
      if (index !== undefined) lackingBytes -= Math.max(index.plainBytes - index.entryCount * entryBytes, 0);
    }
  }
  if (totalBytes < smallBytes) return stream('small');
  if (lackingBytes * pushCost > totalBytes) return stream('mostIsMissing');
  return { transport: 'delta', reason: 'mostIsThere' };
}
