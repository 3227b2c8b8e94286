import { DrydockError } from '../errors.ts';
import type { SnapshotContents, SnapshotSource } from '../snapshot/snapshot.ts';
import { openSnapshot, readSnapshots } from '../snapshot/snapshots.ts';
import type { CapturedContainer } from '../snapshot/snapshotRecords.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import type { Vault } from '../vault/layout.ts';
import type { ContainersCapture } from './captureContainers.ts';

/**
 * Whether the last snapshot of `source` holds the same containers, made in the same way, with the same files in their
 * own layers and volumes. Running or not doesn't count, nor does a time.
 */
export async function isAsBefore(
  vault: Vault,
  source: SnapshotSource,
  captured: ContainersCapture,
  cancel: CancelOptions,
): Promise<boolean> {
  const last = (await readSnapshots(vault)).find(
    (one) =>
      one.source.kind === source.kind &&
      one.source.name === source.name &&
      one.source.engineId === source.engineId,
  );
  if (last === undefined) return false;
  try {
    return factsOfSnapshot(await openSnapshot(vault, last, cancel)) === factsOfCapture(captured);
  } catch (error) {
    // An old snapshot that is damaged is no reason to go without a new one.
    if (error instanceof DrydockError) return false;
    throw error;
  }
}

function factsOfSnapshot({ containers, images, volumes }: SnapshotContents): string {
  return asText({
    containers: containers.map(({ document }) => wayMade(document)),
    images: images.map(({ manifests }) =>
      manifests.flatMap(({ layers }) => layers.map(({ diffId }) => diffId)),
    ),
    volumes: volumes.map(({ document, parts }) => [document.name, ...parts.map(({ diffId }) => diffId)]),
  });
}

function factsOfCapture({ containers, images, volumes }: ContainersCapture): string {
  return asText({
    containers: containers.map(wayMade),
    images: images.map(({ layers }) => layers.map(({ diffId }) => diffId)),
    volumes: volumes.map(({ document, parts }) => [document.name, ...parts.map(({ diffId }) => diffId)]),
  });
}

function wayMade({ name, imageId, createBody }: CapturedContainer): readonly string[] {
  return [name, imageId, JSON.stringify(createBody)];
}

interface Facts {
  readonly containers: readonly (readonly string[])[];
  readonly images: readonly (readonly string[])[];
  readonly volumes: readonly (readonly string[])[];
}

/** The same whatever the order of things and of layers: which is which is told by digests. */
function asText({ containers, images, volumes }: Facts): string {
  const lines = (all: readonly (readonly string[])[]): readonly string[] =>
    all.map((one) => JSON.stringify(one)).sort();
  const layers = new Set(images.flat());
  return JSON.stringify([lines(containers), lines(volumes), [...layers].sort()]);
}
