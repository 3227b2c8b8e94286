import type { Engine } from '../engine/engine.ts';
import type { EngineInfo } from '../engine/records.ts';
import { failure } from '../errors.ts';
import { fileTimestamp } from '../quantity.ts';
import type { SnapshotContents, SnapshotImage, SnapshotVolume } from '../snapshot/snapshot.ts';
import type { CapturedContainer } from '../snapshot/snapshotRecords.ts';
import type { BlobReader, CancelOptions } from '../vault/blobStore.ts';
import { joinedBytesOf } from '../volumes/volumeParts.ts';
import { lookAtEngine } from './engineState.ts';
import { comingImages } from './comingImages.ts';
import { imageOf, planContainers } from './planContainers.ts';
import { sendingOf, type Sending } from '../loading/layersThere.ts';
import { planImages, type ImagesPlan } from './planImages.ts';
import { plannedSending } from './plannedSending.ts';
import { planNetworks } from './planNetworks.ts';
import { planVolumes, type VolumesPlan } from './planVolumes.ts';
import type { RestoreChoices, RestorePlan } from './restorePlan.ts';
import { problem } from './restoreProblem.ts';

export interface RestoreInput {
  readonly contents: SnapshotContents;
  readonly choices: RestoreChoices;
  /** Now, for names under which something is kept; the clock's time when left out. */
  readonly nowMs?: number;
}

/**
 * Says what restoring a snapshot, or a part of it, will do on this engine: what is made, what is there already, what
 * is replaced, what the engine can't do. The engine is only asked. Rejects with `notInSnapshot` for a part that the
 * snapshot does not have, `blobMissing`, `blobDamaged`, `badJson`, and the engine's failures.
 */
export async function planRestore(
  { engine, vault }: { readonly engine: Engine; readonly vault: { readonly blobs: BlobReader } },
  { contents, choices, nowMs = Date.now() }: RestoreInput,
  cancel: CancelOptions = {},
): Promise<RestorePlan> {
  const parts = chooseParts(contents, choices);
  const state = await lookAtEngine(engine, cancel);
  const containers = await planContainers({ engine }, { ...parts, contents, choices, state }, cancel);
  // What nobody makes needs no network and no image.
  const documents = containers.containers.map(({ document }) => document);
  const ofProject = choices.only === undefined ? contents.project?.document.networks : undefined;
  const networks = planNetworks(documents, state, ofProject);
  const volumes = planVolumes(parts.volumes, choices, state, containers.gone);
  const images = await planImages(
    { engine, store: vault.blobs },
    {
      images: parts.documents.length === 0 ? parts.images : imagesFor(documents, contents),
      choices,
      state,
      stamp: fileTimestamp(nowMs).toLowerCase(),
    },
    cancel,
  );
  const { damaged } = contents.snapshot;
  const sending = await sendingFor({ engine, vault }, state.info, images, volumes, cancel);
  return {
    contents,
    info: state.info,
    items: [...images.items, ...networks.items, ...volumes.items, ...containers.items],
    problems: [
      ...(damaged ? [problem('warning', 'snapshotDamaged', { reason: damaged.reason })] : []),
      ...images.problems,
      ...networks.problems,
      ...volumes.problems,
      ...containers.problems,
    ],
    images: images.images,
    keepAs: images.keepAs,
    networks: networks.networks,
    volumes: volumes.volumes,
    containers: containers.containers,
    sending,
  };
}

async function sendingFor(
  { engine, vault }: { readonly engine: Engine; readonly vault: { readonly blobs: BlobReader } },
  info: EngineInfo,
  { images }: ImagesPlan,
  { volumes }: VolumesPlan,
  cancel: CancelOptions,
): Promise<Sending> {
  const sent = plannedSending({ info, images, volumes });
  const coming = await comingImages(vault.blobs, { info, images }, cancel);
  const { bytes, wholeBytes } = await sendingOf(engine, coming, cancel);
  const data = sent.volumes.reduce((sum, volume) => sum + joinedBytesOf(volume), 0);
  return { bytes: bytes + data, wholeBytes: wholeBytes + data };
}

interface Parts {
  readonly documents: readonly CapturedContainer[];
  readonly volumes: readonly SnapshotVolume[];
  readonly images: readonly SnapshotImage[];
}

function chooseParts(contents: SnapshotContents, { only }: RestoreChoices): Parts {
  const documents = contents.containers.map(({ document }) => document);
  const { volumes } = contents;
  if (only === undefined)
    return { documents, volumes, images: contents.images.filter(({ role }) => role === 'image') };
  const services = contents.project?.document.services ?? [];
  const require = (name: string, known: readonly string[]): string => {
    if (known.includes(name)) return name;
    throw failure('notInSnapshot', { name, known: known.join(', ') });
  };
  const serviceNames = services.map(({ name }) => name);
  const chosenServices = new Set((only.services ?? []).map((name) => require(name, serviceNames)));
  const names = documents.map(({ name }) => name);
  const chosenContainers = new Set([
    ...(only.containers ?? []).map((name) => require(name, names)),
    ...services.filter(({ name }) => chosenServices.has(name)).flatMap(({ containers }) => containers),
  ]);
  const chosen = documents.filter(({ name }) => chosenContainers.has(name));
  const volumeNames = volumes.map(({ document }) => document.name);
  const chosenVolumes = new Set([
    ...(only.volumes ?? []).map((name) => require(name, volumeNames)),
    ...chosen.flatMap(({ mounts }) =>
      mounts.map(({ type, name, source }) => (type === 'bind' ? source : name)),
    ),
  ]);
  return {
    documents: chosen,
    volumes: volumes.filter(({ document }) => chosenVolumes.has(document.name)),
    images: [],
  };
}

/** What containers are made from and, beside one that has their own changes, the image that they came from. */
function imagesFor(
  documents: readonly CapturedContainer[],
  contents: SnapshotContents,
): readonly SnapshotImage[] {
  const images = documents.flatMap(({ imageManifest, writableManifest }) =>
    [imageManifest, ...(writableManifest === undefined ? [] : [writableManifest])].map((manifest) =>
      imageOf(manifest, contents),
    ),
  );
  return [...new Set(images)];
}
