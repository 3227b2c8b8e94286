import { DrydockError } from '../errors.ts';
import type { SnapshotContents, SnapshotSource } from '../snapshot/snapshot.ts';
import { openSnapshot, readSnapshots } from '../snapshot/snapshots.ts';
import type {
  CapturedContainer,
  CapturedNetwork,
  CapturedProject,
  CapturedVolume,
} from '../snapshot/snapshotRecords.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import type { Vault } from '../vault/layout.ts';
import type { ContainersCapture } from './captureContainers.ts';

/** What a snapshot is going to hold. */
export type ToCompare = Pick<ContainersCapture, 'containers' | 'images' | 'volumes'> & {
  readonly project?: CapturedProject;
};

/**
 * Whether the last snapshot of `source` holds the same containers, made in the same way, with the same files in their
 * own layers and volumes, and a project's same files. Running or not doesn't count, nor does a time. It is for people
 * to read: the snapshot is made whatever this says.
 */
export async function isAsBefore(
  vault: Vault,
  source: SnapshotSource,
  captured: ToCompare,
  cancel: CancelOptions,
): Promise<boolean> {
  const last = (await readSnapshots(vault, cancel)).find(
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

function factsOfSnapshot({ containers, images, volumes, project }: SnapshotContents): string {
  return asText({
    containers: containers.map(({ document }) => wayMade(document)),
    images: images.map(({ manifests }) =>
      manifests.flatMap(({ layers }) => layers.map(({ diffId }) => diffId)),
    ),
    volumes: volumes.map(({ document, parts }) => dataOf(document, parts)),
    project: partsOf(project?.document),
  });
}

function factsOfCapture({ containers, images, volumes, project }: ToCompare): string {
  return asText({
    containers: containers.map(wayMade),
    images: images.map(({ layers }) => layers.map(({ diffId }) => diffId)),
    volumes: volumes.map(({ document, parts }) => dataOf(document, parts)),
    project: partsOf(project),
  });
}

function wayMade({ name, imageId, createBody, networks }: CapturedContainer): readonly string[] {
  return [name, imageId, JSON.stringify(createBody), ...networks.map(networkFacts).sort()];
}

function networkFacts({ name, driver, isInternal, options, labels, ipam }: CapturedNetwork): string {
  return JSON.stringify([name, driver, isInternal, inOrder(options), inOrder(labels), ipam]);
}

function dataOf(
  { name, driver, options, labels }: CapturedVolume,
  parts: readonly { readonly diffId: string }[],
): readonly string[] {
  return [name, driver, inOrder(options), inOrder(labels), ...parts.map(({ diffId }) => diffId)];
}

function partsOf(project: CapturedProject | undefined): readonly string[] {
  const { workingDir = '', files = [], networks = [] } = project ?? {};
  return [
    workingDir,
    ...files.map(({ path, digest }) => `${path} ${digest}`),
    ...networks.map(networkFacts).sort(),
  ];
}

function inOrder(map: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface Facts {
  readonly containers: readonly (readonly string[])[];
  readonly images: readonly (readonly string[])[];
  readonly volumes: readonly (readonly string[])[];
  readonly project: readonly string[];
}

/** The same whatever the order of things and of layers: which is which is told by digests. */
function asText({ containers, images, volumes, project }: Facts): string {
  const lines = (all: readonly (readonly string[])[]): readonly string[] =>
    all.map((one) => JSON.stringify(one)).sort();
  const layers = new Set(images.flat());
  return JSON.stringify([lines(containers), lines(volumes), [...layers].sort(), project]);
}
