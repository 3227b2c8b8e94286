import { partsOfProject, projectDocument } from '../backup/backupProject.ts';
import { prepareContainers, type PreparedContainer } from '../backup/captureContainers.ts';
import { containerDocument } from '../backup/containerDocument.ts';
import { digestOf, shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import type { EngineInfo, ImageSummary, VolumeDetails } from '../engine/records.ts';
import type { Operation } from '../progress.ts';
import { engineIdentity } from '../snapshot/engineIdentity.ts';
import type { SnapshotContents, SnapshotImage, SnapshotVolume } from '../snapshot/snapshot.ts';
import type { CapturedVolume } from '../snapshot/snapshotRecords.ts';
import type { OciDescriptor } from '../vault/snapshotDocuments.ts';
import type { ImageToMove } from './movedImages.ts';
import type { MovedThing } from './movedThing.ts';

/** What is to be moved, as its engine tells of it. */
export interface MoveSource {
  readonly info: EngineInfo;
  /** For people. */
  readonly name: string;
  /** As a snapshot would hold it, so that it is planned and made like a restore. No layer and no data is in it. */
  readonly contents: SnapshotContents;
  readonly images: readonly ImageToMove[];
  readonly containers: readonly PreparedContainer[];
  readonly volumes: readonly VolumeDetails[];
}

/** Asks the engine for all of it. Rejects with `engineNotFound` where something is not there. */
export async function lookAtSource(
  engine: Engine,
  thing: MovedThing,
  { signal }: Pick<Operation, 'signal'>,
): Promise<MoveSource> {
  const info = await engine.info({ signal });
  const parts = await partsOf(engine, thing, signal);
  const containers = await prepareContainers({ engine }, parts.containers, { signal });
  const names = new Set([...parts.volumes, ...containers.flatMap(volumesOf)]);
  const volumes: VolumeDetails[] = [];
  for (const name of names) volumes.push(await engine.volumes.inspect(name, { signal }));
  const listed = await engine.images.list({ signal });
  const wanted = new Map<Digest, readonly string[]>(
    containers.map(({ imageId }) => [imageId, tagsOf(imageId, listed)]),
  );
  if (thing.kind === 'image') for (const { id, tags } of thing.images) wanted.set(id, tags);
  const images: ImageToMove[] = [];
  for (const [id, tags] of wanted)
    images.push(await imageToMove(engine, { id, tags, role: 'image' }, signal));
  const captures = volumes.map((details) => ({ document: volumeDocument(details), parts: [] }));
  const documents = containers.map((one) =>
    containerDocument({ ...one, imageManifest: one.imageId, writableManifest: undefined }, captures),
  );
  const [first] = thing.kind === 'image' ? images : [];
  const name = first
    ? (first.snapshotImage.tags[0] ?? shortDigest(first.details.id))
    : thing.kind === 'project'
      ? thing.name
      : (documents[0]?.name ?? '');
  return {
    ...{ info, name, images, containers, volumes },
    contents: {
      snapshot: {
        ...{ id: digestOf(name), sizeBytes: 0, refName: name, createdMs: 0, plainBytes: 0, newBytes: 0 },
        ...{ imageIds: [], tags: [], isPinned: false, remarkCount: 0 },
        source: { kind: thing.kind, name, ...engineIdentity(info) },
      },
      images: images.map(({ snapshotImage }) => snapshotImage),
      containers: documents.map((document) => ({ descriptor: noDescriptor(document.name), document })),
      volumes: captures.map(({ document }): SnapshotVolume => ({
        descriptor: noDescriptor(document.name),
        document,
        parts: [],
      })),
      ...(parts.project && {
        project: { descriptor: noDescriptor(name), document: parts.project },
      }),
    },
  };
}

/** An image of the source. Rejects with `engineNotFound`. */
export async function imageToMove(
  engine: Engine,
  { id, tags, role }: Pick<SnapshotImage, 'id' | 'tags' | 'role'>,
  signal: AbortSignal,
): Promise<ImageToMove> {
  const details = await engine.images.inspect(id, { signal, withManifests: true });
  const descriptor: OciDescriptor = { mediaType: '', digest: details.id, size: 0 };
  const manifest = { descriptor, platform: details.platform, config: descriptor, layers: [] };
  return {
    details,
    snapshotImage: { id: details.id, tags, role, target: descriptor, manifests: [manifest] },
  };
}

interface Parts {
  readonly containers: readonly string[];
  readonly volumes: readonly string[];
  readonly project?: NonNullable<SnapshotContents['project']>['document'];
}

async function partsOf(engine: Engine, thing: MovedThing, signal: AbortSignal): Promise<Parts> {
  if (thing.kind === 'image') return { containers: [], volumes: [] };
  if (thing.kind === 'container') return { containers: [thing.id], volumes: [] };
  const { members, volumes, networks } = await partsOfProject(engine, thing.name, signal);
  const document = projectDocument(thing.name, members, {
    ...{ workingDir: '', files: [], missing: [] },
  });
  return {
    containers: members.map(({ id }) => id),
    volumes,
    project: { ...document, networks: [...networks] },
  };
}

function volumesOf({ details: { mounts } }: PreparedContainer): readonly string[] {
  return mounts.flatMap(({ type, name }) => (type === 'volume' && name !== undefined ? [name] : []));
}

function volumeDocument({ name, driver, options, labels }: VolumeDetails): CapturedVolume {
  return {
    formatVersion: 1,
    ...{ name, kind: 'volume', driver, options: { ...options }, labels: { ...labels } },
    isAnonymous: /^[0-9a-f]{64}$/.test(name),
    // Nobody has looked into it yet.
    ...{ root: '', entryCount: 0, plainBytes: 0, remarks: [] },
  };
}

function tagsOf(id: Digest, images: readonly ImageSummary[]): readonly string[] {
  return images.find((image) => image.id === id)?.tags ?? [];
}

/** What stands in a snapshot for a document that was stored; here nothing was. */
function noDescriptor(name: string): OciDescriptor {
  return { mediaType: '', digest: digestOf(name), size: 0 };
}
