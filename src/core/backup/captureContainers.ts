import * as z from 'zod';
import { parseDigest, type Digest } from '../digest.ts';
import type { ContainerDetails, ImageSummary, JsonObject, JsonValue } from '../engine/records.ts';
import { failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { OpenEndpoint } from '../registry/endpoint.ts';
import type { CapturedImage, SnapshotDraft } from '../snapshot/snapshotDraft.ts';
import type { CapturedContainer, CapturedNetwork, Remark } from '../snapshot/snapshotRecords.ts';
import type { VolumeCapture } from '../volumes/captureVolume.ts';
import type { VolumeDeps } from '../volumes/helperContainer.ts';
import type { OpenVolume } from '../volumes/openVolume.ts';
import { writersOf } from '../volumes/volumeUsers.ts';
import { captureImages, type CapturedImageContent } from './captureImages.ts';
import { withCommits, type CommitChanges } from './commitImages.ts';
import { containerDocument, ownManifest, withRemarks } from './containerDocument.ts';
import { networksOf } from './containerNetworks.ts';
import { remarksOnContainer } from './containerRemarks.ts';
import { createBody } from './createBody.ts';
import { captureMounts, withOpenMounts, type MountToRead } from './openMounts.ts';
import type { TransportReport, TransportWish } from './transport.ts';
import { withConsistency, type Consistency } from './withConsistency.ts';

export interface ContainersToCapture {
  /** IDs. */
  readonly containers: readonly string[];
  readonly consistency: Consistency;
  /** Whether to read folders of the engine's host too. */
  readonly includeBinds: boolean;
  /** Volumes beside those that the containers have mounted. */
  readonly volumes: readonly string[];
  readonly transport?: TransportWish | undefined;
}

/** What was captured: it is in the vault, and becomes a snapshot when it is landed. */
export interface ContainersCapture {
  readonly containers: readonly CapturedContainer[];
  readonly images: readonly CapturedImage[];
  readonly volumes: readonly VolumeCapture[];
  /** When everything stood still. */
  readonly createdMs: number;
  /** All remarks of the documents. */
  readonly remarks: readonly Remark[];
  /** How the images came. */
  readonly transport: TransportReport;
}

/** `openEndpoint`: where the engine can push images to. */
export type ContainerDeps = VolumeDeps & { readonly openEndpoint?: OpenEndpoint | undefined };

/** What a container is, before anything of it is captured. */
export interface PreparedContainer {
  readonly details: ContainerDetails;
  readonly imageId: Digest;
  readonly inspect: JsonObject;
  readonly createBody: JsonObject;
  readonly networks: readonly CapturedNetwork[];
  readonly remarks: readonly Remark[];
}

/** What was read while everything stood still. */
interface Taken {
  readonly createdMs: number;
  /** Images of changes by the container's ID. */
  readonly commits: ReadonlyMap<string, Digest>;
  readonly volumes: readonly VolumeCapture[];
}

/** The adapter parsed it with limits; here it is only given its type. */
const inspectJson = z.record(
  z.string(),
  z.custom<JsonValue>((value) => value !== undefined),
);

/**
 * Captures containers with all that belongs to them, at one moment:
 * 1. what they are, and everything that is needed to read mounts, 2. the containers, and others that may write to
 * their volumes, stand still as is wished, 3. an image of each one's own changes, the data of volumes, 4. all go on,
 * 5. their images come into the vault, those of changes go from the engine.
 *
 * Rejects with `engineNotFound` where a container or a volume of it is gone, and as `captureImages`, `withConsistency`
 * and `captureVolume` do.
 */
export async function captureContainers(
  deps: ContainerDeps,
  input: ContainersToCapture,
  operation: Operation,
): Promise<ContainersCapture> {
  const { signal } = operation;
  const prepared = await prepareContainers(deps, input.containers, operation);
  const mounts = mountsToRead(prepared, input);
  const remarks: Remark[] = [];
  const onUnreadable = (remark: Remark): void => {
    remarks.push(remark);
  };
  return await withCommits(deps, signal, async (commit) => {
    const taken = await withOpenMounts(deps, mounts, { signal, onUnreadable }, async (open) => {
      const containers = await consumersOf(deps, prepared, open, signal);
      const still = { containers, mode: input.consistency };
      const window = await withConsistency(deps, still, operation, async (): Promise<Taken> => {
        const createdMs = Date.now();
        const commits = await commitAll(prepared, commit);
        return { createdMs, commits, volumes: await captureMounts(deps, open, { onUnreadable }, operation) };
      });
      remarks.push(...window.remarks);
      return window.value;
    });
    return await document(deps, prepared, taken, { remarks, transport: input.transport }, operation);
  });
}

/** Puts what was captured into a draft. */
export async function addToDraft(
  draft: SnapshotDraft,
  { containers, images, volumes }: ContainersCapture,
  signal: AbortSignal,
): Promise<void> {
  for (const image of images) await draft.addImage(image, { signal });
  for (const { document, parts } of volumes) await draft.addVolume(document, parts, { signal });
  for (const document of containers) await draft.addContainer(document, { signal });
}

/** Looks at containers, by their IDs. Rejects with `engineNotFound` where one is gone. */
export async function prepareContainers(
  { engine }: Pick<VolumeDeps, 'engine'>,
  ids: readonly string[],
  { signal }: Pick<Operation, 'signal'>,
): Promise<readonly PreparedContainer[]> {
  const { hostName } = await engine.info({ signal });
  const names = new Map<string, string>();
  for (const {
    id,
    names: [name],
  } of await engine.containers.list({ signal }))
    if (name !== undefined) names.set(id, name);
  const found: { readonly details: ContainerDetails; readonly imageId: Digest }[] = [];
  for (const id of ids) {
    const details = await engine.containers.inspect(id, { signal });
    found.push({ details, imageId: parseDigest(details.imageId, details.name) });
  }
  const prepared: PreparedContainer[] = [];
  for (const { details, imageId } of found) {
    const inspect = inspectJson.parse(details.raw);
    const body = createBody({ inspect, nameOf: (id) => names.get(id), hostName });
    const { networks, gone } = await networksOf(engine, inspect, signal);
    const goneRemarks = gone.map((subject): Remark => ({
      kind: 'notRead',
      subject,
      detail: 'no such network',
    }));
    prepared.push({
      ...{ details, imageId, inspect, networks, createBody: body },
      remarks: [...remarksOnContainer(details, body), ...goneRemarks],
    });
  }
  return prepared;
}

function mountsToRead(
  prepared: readonly PreparedContainer[],
  { includeBinds, volumes }: ContainersToCapture,
): readonly MountToRead[] {
  const mounts = prepared.flatMap(({ details }) => details.mounts);
  const names = mounts.flatMap(({ type, name }) => (type === 'volume' && name !== undefined ? [name] : []));
  const paths = mounts.flatMap(({ type, source }) => (type === 'bind' && includeBinds ? [source] : []));
  return [
    ...[...new Set([...names, ...volumes])].map((name) => ({ kind: 'volume' as const, name })),
    ...[...new Set(paths)].map((name) => ({ kind: 'bind' as const, name })),
  ];
}

/** The containers themselves, and whoever else may write to their volumes. */
async function consumersOf(
  { engine }: VolumeDeps,
  prepared: readonly PreparedContainer[],
  open: readonly OpenVolume[],
  signal: AbortSignal,
): Promise<readonly { readonly id: string }[]> {
  const listed = await engine.containers.list({ signal });
  const volumes = open.filter(({ kind }) => kind === 'volume');
  const writers = volumes.flatMap(({ name }) => writersOf(name, listed).map(({ id }) => id));
  return [...new Set([...prepared.map(({ details }) => details.id), ...writers])].map((id) => ({ id }));
}

async function commitAll(
  prepared: readonly PreparedContainer[],
  commit: CommitChanges,
): Promise<ReadonlyMap<string, Digest>> {
  const commits = new Map<string, Digest>();
  for (const { details } of prepared) {
    const image = await commit(details);
    if (image !== undefined) commits.set(details.id, image);
  }
  return commits;
}

async function document(
  { engine, session, openEndpoint }: ContainerDeps,
  prepared: readonly PreparedContainer[],
  { createdMs, commits, volumes }: Taken,
  {
    remarks,
    transport: wish,
  }: { readonly remarks: readonly Remark[]; readonly transport: TransportWish | undefined },
  operation: Operation,
): Promise<ContainersCapture> {
  const { signal } = operation;
  const { blobs } = session.vault;
  const bases = prepared.map(({ imageId }) => imageId);
  // In one request: what the images of changes stand on is sent once.
  const { contents: found, transport } = await captureImages(
    { engine, session, openEndpoint },
    { ids: [...bases, ...commits.values()], transport: wish },
    operation,
  );
  const listed = await engine.images.list({ signal });
  const images = new Map<Digest, CapturedImage>();
  const documents: CapturedContainer[] = [];
  for (const one of prepared) {
    const base = contentOf(one.imageId, found);
    images.set(base.id, { ...base, role: 'image', tags: tagsOf(base.id, listed) });
    const commitId = commits.get(one.details.id);
    const own = commitId && contentOf(commitId, found);
    if (own) images.set(own.id, { ...own, role: 'writable', tags: [] });
    const manifests = {
      imageManifest: await ownManifest(blobs, base, { signal }),
      writableManifest: own && (await ownManifest(blobs, own, { signal })),
    };
    documents.push(containerDocument({ ...one, ...manifests }, volumes));
  }
  const captured = { containers: documents, volumes, createdMs, images: [...images.values()], transport };
  return withRemarks({ ...captured, remarks: [] }, remarks);
}

function contentOf(id: Digest, found: ReadonlyMap<Digest, CapturedImageContent>): CapturedImageContent {
  const content = found.get(id);
  if (content === undefined) throw failure('engineNotFound', { kind: 'image', name: id });
  return content;
}

function tagsOf(id: Digest, images: readonly ImageSummary[]): readonly string[] {
  return images.find((image) => image.id === id)?.tags ?? [];
}
