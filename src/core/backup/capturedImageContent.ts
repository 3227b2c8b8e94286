import { blobPath } from '../archive/archiveContents.ts';
import type { EngineArchive } from '../archive/engineArchive.ts';
import { imageManifest } from '../archive/ociDocuments.ts';
import { shortDigest, type Digest } from '../digest.ts';
import type { ImageDetails } from '../engine/records.ts';
import { failure } from '../errors.ts';
import { diffIdsOf } from '../oci/diffIds.ts';
import {
  documentKind,
  parseDockerArchiveManifest,
  parseImageConfig,
  parseImageIndex,
  parseManifest,
  type Descriptor,
  type Manifest,
} from '../oci/manifest.ts';
import {
  annotations,
  isImageConfigType,
  isLayerType,
  ociIndexType,
  ociManifestType,
} from '../oci/mediaTypes.ts';
import type { CapturedImage } from '../snapshot/snapshotDraft.ts';
import type { Remark } from '../snapshot/snapshotRecords.ts';
import type { StoredLayer } from '../snapshot/storedLayer.ts';
import { putDocument, type BlobStore, type CancelOptions } from '../vault/blobStore.ts';
import { descriptorOf, type OciDescriptor } from '../vault/snapshotDocuments.ts';
import type { ReceivedLayers } from './receivedLayers.ts';

/** An image whose every blob is in the vault, whatever it is called in a snapshot. */
export interface CapturedImageContent extends Pick<CapturedImage, 'id' | 'target' | 'platform' | 'layers'> {
  /** Platforms that the engine lists and has not. */
  readonly remarks: readonly Remark[];
}

const maxDepth = 8;

/** What an engine sent, and where it goes. */
export interface Received {
  readonly sent: EngineArchive;
  readonly layers: ReceivedLayers;
  readonly blobs: BlobStore;
}

/**
 * Puts an image together from what the engine sent and stores its documents. An ID that is a config's comes from a
 * classic store: manifest.json tells its layers, and the manifest is ours. Any other is a manifest's or an index's:
 * all that is below it and was sent is kept as it is.
 *
 * Rejects with `archiveMissing` when the image or a part of it did not come, `archiveLayerCount` and
 * `archiveWrongDiffId` when its layers are not those of its config, or not those that the engine told of before.
 */
export function assembleImage(
  received: Received,
  details: ImageDetails,
  cancel: CancelOptions,
): Promise<CapturedImageContent> {
  const { sent } = received;
  const { id } = details;
  const items = parseDockerArchiveManifest(
    sent.document('manifest.json', sent.name),
    `manifest.json of ${sent.name}`,
  );
  const item = items.find(({ configPath }) => sent.require(configPath, 'manifest.json').digest === id);
  if (item) return classicImage(received, details, item, cancel);
  const target = sent.isLayout ? topDescriptors(sent).find(({ digest }) => digest === id) : undefined;
  if (target) return containerdContent(received, details, target, cancel);
  throw failure('archiveMissing', { name: sent.name, missing: shortDigest(id), by: labelOf(details) });
}

async function classicImage(
  { sent, layers, blobs }: Received,
  details: ImageDetails,
  { configPath, layerPaths }: { readonly configPath: string; readonly layerPaths: readonly string[] },
  cancel: CancelOptions,
): Promise<CapturedImageContent> {
  const label = labelOf(details);
  const config = sent.document(configPath, label);
  const found: StoredLayer[] = [];
  for (const path of layerPaths) found.push(await layerAt({ sent, layers, blobs }, path, label));
  return await classicContent(blobs, details, { config, layers: found, from: sent.name }, cancel);
}

/**
 * Stores the documents of an image whose ID is its config's digest: the config as it is, and a manifest of our own over
 * the layers. Rejects with `archiveLayerCount` and `archiveWrongDiffId` when these are not those of its config, or not
 * those that the engine told of, and with `blobMismatch` for another config.
 */
export async function classicContent(
  blobs: BlobStore,
  details: ImageDetails,
  {
    config,
    layers: found,
    from = 'what the engine pushed',
  }: {
    readonly config: Uint8Array;
    readonly layers: readonly StoredLayer[];
    /** What failures call where it came from. */
    readonly from?: string;
  },
  cancel: CancelOptions,
): Promise<CapturedImageContent> {
  requireDiffIds(from, details, config, found);
  const stored = await putDocument(blobs, config, { expectedDigest: details.id, ...cancel });
  const manifest = imageManifest(
    stored,
    found.map(({ descriptor: { mediaType, digest, size } }) => ({ mediaType, digest, sizeBytes: size })),
  );
  const target = descriptorOf(manifest.mediaType, await putDocument(blobs, manifest.bytes, cancel));
  const { id, platform } = details;
  return { id, target, platform, layers: eachOnce(found), remarks: [] };
}

/**
 * Everything below the target that came, by its digest: documents are stored, layers are already. Rejects as
 * {@link assembleImage} does.
 */
export async function containerdContent(
  received: Received,
  details: ImageDetails,
  target: Descriptor,
  cancel: CancelOptions,
): Promise<CapturedImageContent> {
  const { sent, blobs } = received;
  const walk: Walk = { received, layers: [], remarks: [], seen: new Set(), ownManifests: 0, details };
  await visit(walk, target, 0, cancel);
  if (walk.ownManifests === 0)
    throw failure('archiveMissing', {
      name: sent.name,
      missing: 'the image’s layers',
      by: labelOf(details),
    });
  const { mediaType, digest, size } = target;
  const stat = await blobs.stat(digest);
  if (stat?.sizeBytes !== size)
    throw failure('archiveMissing', { name: sent.name, missing: digest, by: labelOf(details) });
  const { id, platform } = details;
  const kept: OciDescriptor = { mediaType: typeOf(sent, mediaType, digest), digest, size };
  return { id, target: kept, platform, layers: eachOnce(walk.layers), remarks: walk.remarks };
}

interface Walk {
  readonly received: Received;
  readonly details: ImageDetails;
  readonly layers: StoredLayer[];
  readonly remarks: Remark[];
  readonly seen: Set<Digest>;
  /** Manifests whose layers are those that the engine told of. */
  ownManifests: number;
}

async function visit(
  walk: Walk,
  descriptor: Descriptor,
  depth: number,
  cancel: CancelOptions,
): Promise<void> {
  const { sent, blobs } = walk.received;
  const { digest } = descriptor;
  if (depth > maxDepth)
    throw failure('archiveTooLarge', { name: sent.name, reason: 'its indexes nest too deep' });
  if (walk.seen.has(digest)) return;
  walk.seen.add(digest);
  const bytes = sent.heldBlob(digest);
  if (bytes === undefined) {
    if (!sent.hasBlob(digest)) noteAbsent(walk, descriptor);
    return;
  }
  const where = blobPath(digest);
  const kind = documentKind(bytes, where);
  if (kind === 'manifest' && !(await takeManifest(walk, descriptor, parseManifest(bytes, where), cancel)))
    return;
  await putDocument(blobs, bytes, { expectedDigest: digest, ...cancel });
  if (kind === 'index')
    for (const child of parseImageIndex(bytes, where).manifests ?? [])
      await visit(walk, child, depth + 1, cancel);
}

/** Stores what a manifest needs. Tells whether it is whole: one without its content is of a platform nobody pulled. */
async function takeManifest(
  walk: Walk,
  descriptor: Descriptor,
  manifest: Manifest,
  cancel: CancelOptions,
): Promise<boolean> {
  const { sent, blobs } = walk.received;
  const parts = [manifest.config, ...(manifest.layers ?? [])];
  if (parts.some(({ digest }) => !sent.hasBlob(digest))) {
    noteAbsent(walk, descriptor);
    return false;
  }
  for (const { digest } of parts) {
    const bytes = sent.heldBlob(digest);
    if (bytes) await putDocument(blobs, bytes, { expectedDigest: digest, ...cancel });
  }
  if (!isImage(descriptor, manifest)) return true;
  const config = sent.heldBlob(manifest.config.digest);
  if (config === undefined)
    throw failure('badJson', { where: manifest.config.digest, reason: 'it is too large for a document' });
  const layers: StoredLayer[] = [];
  for (const { digest } of manifest.layers ?? []) {
    const label = shortDigest(descriptor.digest);
    layers.push(await layerAt(walk.received, blobPath(digest), label, digest));
  }
  const diffIds = diffIdsOf(parseImageConfig(config, blobPath(manifest.config.digest)));
  requireSameDiffIds(sent.name, labelOf(walk.details), layers, diffIds);
  if (diffIds.join() === walk.details.diffIds.join()) walk.ownManifests += 1;
  walk.layers.push(...layers);
  return true;
}

function isImage({ platform, annotations: notes }: Descriptor, manifest: Manifest): boolean {
  if (notes?.[annotations.attestationKind] !== undefined || platform?.os === 'unknown') return false;
  return (
    isImageConfigType(manifest.config.mediaType) &&
    (manifest.layers ?? []).every(({ mediaType }) => isLayerType(mediaType))
  );
}

/** Throws `archiveMissing` for one that the engine says it has: that would be lost with a remark that is not true. */
function noteAbsent({ received, details, remarks }: Walk, descriptor: Descriptor): void {
  const { digest, annotations: notes } = descriptor;
  if (notes?.[annotations.attestationKind] !== undefined) return;
  if (details.presentManifests?.includes(digest) === true)
    throw failure('archiveMissing', { name: received.sent.name, missing: digest, by: labelOf(details) });
  remarks.push(absentPlatform(descriptor));
}

/** The remark on a platform of an image that is listed in its index and whose content nobody has. */
export function absentPlatform({ platform, digest }: Descriptor): Remark {
  const { os = '', architecture = '', variant = '' } = platform ?? {};
  const subject = [os, architecture, variant].filter((part) => part !== '').join('/') || shortDigest(digest);
  return { kind: 'notRead', subject, detail: 'The engine has not this platform of the image.' };
}

/** The stored layer behind a path. A small tar may have been taken for a document; it is stored now. */
async function layerAt(
  { sent, layers }: Received,
  path: string,
  by: string,
  digest?: Digest,
): Promise<StoredLayer> {
  const file = sent.require(path, by);
  if (file.bytes !== undefined && (await layers.of(file.path)) === undefined) {
    const bytes = file.bytes;
    const data = (async function* () {
      yield await Promise.resolve(bytes);
    })();
    await layers.take({ path: file.path, data, ...(digest !== undefined && { digest }) });
  }
  const received = await layers.of(file.path);
  if (received?.failure) throw received.failure;
  if (received?.layer) return received.layer;
  throw failure('archiveMissing', { name: sent.name, missing: path, by });
}

function requireDiffIds(
  from: string,
  details: ImageDetails,
  config: Uint8Array,
  layers: readonly StoredLayer[],
): void {
  const image = labelOf(details);
  const diffIds = diffIdsOf(parseImageConfig(config, `the config of ${image}`));
  requireSameDiffIds(from, image, layers, diffIds);
  requireSameDiffIds(from, image, layers, details.diffIds);
}

function requireSameDiffIds(
  name: string,
  image: string,
  layers: readonly StoredLayer[],
  diffIds: readonly Digest[],
): void {
  if (layers.length !== diffIds.length)
    throw failure('archiveLayerCount', {
      name,
      image,
      layers: layers.length,
      diffIds: diffIds.length,
    });
  for (const [place, { diffId: found }] of layers.entries()) {
    const expected = diffIds[place] ?? '';
    if (found !== expected)
      throw failure('archiveWrongDiffId', { name, image, layer: place + 1, found, expected });
  }
}

function topDescriptors(sent: EngineArchive): readonly Descriptor[] {
  const bytes = sent.document('index.json', sent.name);
  return parseImageIndex(bytes, `index.json of ${sent.name}`).manifests ?? [];
}

/** Tools may leave the media type out; the snapshot says it. */
function typeOf(sent: EngineArchive, mediaType: string, digest: Digest): string {
  const bytes = mediaType === '' ? sent.heldBlob(digest) : undefined;
  if (bytes === undefined) return mediaType;
  return documentKind(bytes, blobPath(digest)) === 'index' ? ociIndexType : ociManifestType;
}

function eachOnce(layers: readonly StoredLayer[]): readonly StoredLayer[] {
  return [...new Map(layers.map((layer) => [layer.descriptor.digest, layer])).values()];
}

function labelOf({ tags, id }: ImageDetails): string {
  return tags[0] ?? shortDigest(id);
}
