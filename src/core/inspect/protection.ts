import type { ContainerSummary, ImageSummary, VolumeSummary } from '../engine/records.ts';
import type { Snapshot, SnapshotKind } from '../snapshot/snapshot.ts';
import { policyFor, usualStaleAfterMs, type BackupPolicy, type PolicySubject } from './backupPolicies.ts';

/** Whether something would survive its loss, as far as the vaults tell, and by which snapshot. */
export type ProtectionState =
  { readonly kind: 'never' } | { readonly kind: 'stale' | 'current'; readonly snapshot: Snapshot };

export interface ProtectionInput {
  /** Snapshots of every vault, in any order. */
  readonly snapshots: readonly Snapshot[];
  /** The engine whose things are asked about, as snapshots name it. */
  readonly engineId: string;
  readonly policies: readonly BackupPolicy[];
  readonly nowMs: number;
  /** What a snapshot of a container or a project holds; nothing where that is not known. */
  readonly heldBy: (snapshot: Snapshot) => HeldNames;
}

/** Names of what a snapshot holds the data of. */
export interface HeldNames {
  readonly containers: readonly string[];
  readonly volumes: readonly string[];
}

export const nothingHeld: HeldNames = { containers: [], volumes: [] };

/** How many things no snapshot holds. */
export interface Unprotected {
  readonly images: number;
  readonly containers: number;
  readonly volumes: number;
}

const never: ProtectionState = { kind: 'never' };

/**
 * Which images, containers and volumes of one engine the snapshots hold. A damaged snapshot protects nothing. Made
 * once for a list of snapshots and asked for each thing.
 */
export class Protection {
  readonly #input: ProtectionInput;
  readonly #byImageId = new Map<string, Snapshot>();
  readonly #bySource = new Map<string, Snapshot>();
  readonly #byContainer = new Map<string, Snapshot>();
  readonly #byVolume = new Map<string, Snapshot>();

  constructor(input: ProtectionInput) {
    this.#input = input;
    for (const snapshot of input.snapshots) {
      if (snapshot.damaged !== undefined) continue;
      // An image is what its ID says on every engine; names of other engines mean other things.
      for (const id of snapshot.imageIds) keepNewer(this.#byImageId, id, snapshot);
      const { kind, name, engineId } = snapshot.source;
      if (engineId !== input.engineId) continue;
      keepNewer(this.#bySource, sourceKey(kind, name), snapshot);
      if (kind === 'volume') keepNewer(this.#byVolume, name, snapshot);
      if (kind === 'container') keepNewer(this.#byContainer, name, snapshot);
      if (kind !== 'container' && kind !== 'project') continue;
      const { containers, volumes } = input.heldBy(snapshot);
      for (const container of containers) keepNewer(this.#byContainer, container, snapshot);
      for (const volume of volumes) keepNewer(this.#byVolume, volume, snapshot);
    }
  }

  /** `current` when the image itself is kept, however long ago; `stale` when only an older one of that name is. */
  image({ id, tags }: Pick<ImageSummary, 'id' | 'tags'>): ProtectionState {
    const same = this.#byImageId.get(id);
    if (same !== undefined) return { kind: 'current', snapshot: same };
    const older = newestOf(tags.map((tag) => this.#bySource.get(sourceKey('image', tag))));
    return older === undefined ? never : { kind: 'stale', snapshot: older };
  }

  /** By a snapshot of its own, or one of its project that it was captured with: it may be newer than that one. */
  container({ names, labels }: Pick<ContainerSummary, 'names' | 'labels'>): ProtectionState {
    const name = names[0] ?? '';
    return this.#byAge(this.#byContainer.get(name), { kind: 'container', name, labels });
  }

  /** By a snapshot of its own, or of a container or a project that it was captured with. */
  volume({ name, labels }: Pick<VolumeSummary, 'name' | 'labels'>): ProtectionState {
    return this.#byAge(this.#byVolume.get(name), { kind: 'volume', name, labels });
  }

  #byAge(snapshot: Snapshot | undefined, subject: PolicySubject): ProtectionState {
    if (snapshot === undefined) return never;
    const { policies, nowMs } = this.#input;
    const staleAfterMs = policyFor(policies, subject)?.staleAfterMs ?? usualStaleAfterMs;
    return { kind: nowMs - snapshot.createdMs > staleAfterMs ? 'stale' : 'current', snapshot };
  }
}

/** Counts what no snapshot holds. Images without a tag are left out: nobody chose to have them. */
export function countUnprotected(
  protection: Pick<Protection, 'image' | 'container' | 'volume'>,
  things: {
    readonly images: Iterable<ImageSummary>;
    readonly containers: Iterable<ContainerSummary>;
    readonly volumes: Iterable<VolumeSummary>;
  },
): Unprotected {
  const isNever = ({ kind }: ProtectionState): boolean => kind === 'never';
  return {
    images: [...things.images].filter((image) => image.tags.length > 0 && isNever(protection.image(image)))
      .length,
    containers: [...things.containers].filter((container) => isNever(protection.container(container))).length,
    volumes: [...things.volumes].filter((volume) => isNever(protection.volume(volume))).length,
  };
}

function sourceKey(kind: SnapshotKind, name: string): string {
  return `${kind}:${name}`;
}

function keepNewer(map: Map<string, Snapshot>, key: string, snapshot: Snapshot): void {
  const known = map.get(key);
  if (known === undefined || known.createdMs < snapshot.createdMs) map.set(key, snapshot);
}

function newestOf(snapshots: readonly (Snapshot | undefined)[]): Snapshot | undefined {
  return snapshots.reduce(
    (best, one) => (one !== undefined && (best === undefined || best.createdMs < one.createdMs) ? one : best),
    undefined,
  );
}
