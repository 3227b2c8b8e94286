import { shortDigest } from '../digest.ts';
import type { Digest } from '../digest.ts';
import { DrydockError, failure } from '../errors.ts';
import { diffIdsOf } from '../oci/diffIds.ts';
import {
  documentKind,
  parseDockerArchiveManifest,
  parseImageConfig,
  parseImageIndex,
  parseManifest,
} from '../oci/manifest.ts';
import type { Descriptor, DockerArchiveItem, Manifest } from '../oci/manifest.ts';
import { ociLayerType } from '../oci/mediaTypes.ts';
import type { ArchiveForm } from './archive.ts';
import { blobPath } from './archiveContents.ts';
import type { EngineArchive } from './engineArchive.ts';
import { imageManifest } from './ociDocuments.ts';
import type { IndexEntry, ManifestJsonItem } from './ociDocuments.ts';

/** An image that an archive is to hold, as the engine describes it. */
export interface WantedImage {
  /** The ID the engine gives it: a config's digest, or a manifest's or an index's on a containerd store. */
  readonly id: Digest;
  /** The names that the archive gives it. */
  readonly tags: readonly string[];
  /** Bottom first. */
  readonly diffIds: readonly Digest[];
}

/** One wanted image found in what the engine sent. */
export interface SavedImage {
  readonly item: ManifestJsonItem;
  /** Its place in index.json; absent when the archive gets none. */
  readonly entry?: IndexEntry;
  /** Documents that are not among those the engine sent, by path. */
  readonly made: ReadonlyMap<string, Uint8Array>;
  /** Blobs it needs, documents and layers alike. */
  readonly needed: ReadonlySet<Digest>;
}

const maxDepth = 8;

/**
 * Finds a wanted image in what the engine sent and says how the archive describes it. Throws `archiveMissing` when
 * the image or a part of it did not come, and `archiveWrongDiffId` when it has other layers than the engine said.
 */
export function findSavedImage(sent: EngineArchive, wanted: WantedImage, form: ArchiveForm): SavedImage {
  const items = parseDockerArchiveManifest(
    sent.document('manifest.json', sent.name),
    `manifest.json of ${sent.name}`,
  );
  const item = items.find(({ configPath }) => sent.require(configPath, 'manifest.json').digest === wanted.id);
  if (item) return classicImage(sent, wanted, item, form);
  const top = sent.isLayout ? topDescriptors(sent) : [];
  const target = top.find(({ digest }) => digest === wanted.id);
  if (target) return containerdImage(sent, wanted, target, items);
  throw failure('archiveMissing', { name: sent.name, missing: shortDigest(wanted.id), by: labelOf(wanted) });
}

/** The ID is a config's: manifest.json is right, and a manifest of the engine's is used if it agrees. */
function classicImage(
  sent: EngineArchive,
  wanted: WantedImage,
  item: DockerArchiveItem,
  form: ArchiveForm,
): SavedImage {
  const label = labelOf(wanted);
  const config = sent.document(item.configPath, label);
  requireDiffIds(sent, wanted, config, item.layerPaths.length);
  const layers = item.layerPaths.map((path) => sent.require(path, label));
  const tags = wanted.tags;
  const needed = new Set<Digest>([wanted.id]);
  if (!sent.isLayout && form === 'docker-archive') {
    const { configPath, layerPaths } = item;
    return { item: { configPath, layerPaths, tags }, made: new Map(), needed };
  }
  const blobs = layers.map(({ digest, sizeBytes, path }) => {
    if (digest === undefined) throw failure('archiveMissing', { name: sent.name, missing: path, by: label });
    needed.add(digest);
    return { digest, sizeBytes, mediaType: ociLayerType };
  });
  const own = imageManifest({ digest: wanted.id, sizeBytes: config.length }, blobs);
  const sentManifest = agreeingManifest(sent, wanted.id, blobs);
  const target = sentManifest ?? own;
  needed.add(target.digest);
  const made = new Map<string, Uint8Array>();
  if (!sentManifest) made.set(blobPath(own.digest), own.bytes);
  if (!sent.isLayout) made.set(blobPath(wanted.id), config);
  return {
    item: {
      configPath: blobPath(wanted.id),
      tags,
      layerPaths: blobs.map(({ digest }) => blobPath(digest)),
    },
    entry: { target, tags },
    made,
    needed,
  };
}

/** The engine's own manifest of a config, if it names the same layers in the same order. */
function agreeingManifest(
  sent: EngineArchive,
  config: Digest,
  layers: readonly { readonly digest: Digest }[],
): IndexEntry['target'] | undefined {
  for (const { digest, mediaType, size } of sent.isLayout ? topDescriptors(sent) : []) {
    const manifest = manifestIn(sent, digest);
    if (manifest?.config.digest !== config) continue;
    const found = manifest.layers ?? [];
    if (found.length === layers.length && found.every((layer, at) => layer.digest === layers[at]?.digest))
      return { digest, mediaType, sizeBytes: size };
  }
  return undefined;
}

/** The ID is a manifest's or an index's: all that is below it and was sent goes along as it is. */
function containerdImage(
  sent: EngineArchive,
  wanted: WantedImage,
  target: Descriptor,
  items: readonly DockerArchiveItem[],
): SavedImage {
  const needed = new Set<Digest>();
  const manifests: Manifest[] = [];
  collect(sent, target.digest, needed, manifests, 0);
  const manifest = manifests.find(({ config }) => hasDiffIds(sent, config.digest, wanted.diffIds));
  if (manifest === undefined)
    throw failure('archiveMissing', { name: sent.name, missing: 'the image’s layers', by: labelOf(wanted) });
  for (const { digest } of manifest.layers ?? [])
    if (!sent.hasBlob(digest))
      throw failure('archiveMissing', { name: sent.name, missing: digest, by: labelOf(wanted) });
  const configPath = blobPath(manifest.config.digest);
  const known = items.find((item) => item.configPath === configPath);
  return {
    item: {
      configPath,
      tags: wanted.tags,
      layerPaths: known?.layerPaths ?? (manifest.layers ?? []).map(({ digest }) => blobPath(digest)),
    },
    entry: {
      target: { digest: target.digest, mediaType: target.mediaType, sizeBytes: target.size },
      tags: wanted.tags,
    },
    made: new Map(),
    needed,
  };
}

function collect(
  sent: EngineArchive,
  digest: Digest,
  needed: Set<Digest>,
  manifests: Manifest[],
  depth: number,
): void {
  if (needed.has(digest) || !sent.hasBlob(digest)) return;
  if (depth > maxDepth)
    throw failure('archiveTooLarge', { name: sent.name, reason: 'its indexes nest too deep' });
  needed.add(digest);
  const bytes = sent.heldBlob(digest);
  if (bytes === undefined) return;
  const where = blobPath(digest);
  const kind = documentKind(bytes, where);
  if (kind === 'index')
    for (const child of parseImageIndex(bytes, where).manifests ?? [])
      collect(sent, child.digest, needed, manifests, depth + 1);
  if (kind !== 'manifest') return;
  const manifest = parseManifest(bytes, where);
  manifests.push(manifest);
  for (const part of [manifest.config, ...(manifest.layers ?? [])]) needed.add(part.digest);
}

function manifestIn(sent: EngineArchive, digest: Digest): Manifest | undefined {
  const bytes = sent.heldBlob(digest);
  const where = blobPath(digest);
  return bytes && documentKind(bytes, where) === 'manifest' ? parseManifest(bytes, where) : undefined;
}

function topDescriptors(sent: EngineArchive): readonly Descriptor[] {
  return (
    parseImageIndex(sent.document('index.json', sent.name), `index.json of ${sent.name}`).manifests ?? []
  );
}

function hasDiffIds(sent: EngineArchive, config: Digest, diffIds: readonly Digest[]): boolean {
  const bytes = sent.heldBlob(config);
  if (bytes === undefined) return false;
  try {
    return diffIdsOf(parseImageConfig(bytes, blobPath(config))).join() === diffIds.join();
  } catch (error) {
    // The config of an attestation or artifact need not be an image's.
    if (error instanceof DrydockError) return false;
    throw error;
  }
}

function requireDiffIds(sent: EngineArchive, wanted: WantedImage, config: Uint8Array, layers: number): void {
  const image = labelOf(wanted);
  const found = diffIdsOf(parseImageConfig(config, `the config of ${image}`));
  if (found.length !== layers)
    throw failure('archiveLayerCount', { name: sent.name, image, layers, diffIds: found.length });
  const wrong = Array.from({ length: Math.max(found.length, wanted.diffIds.length) }, (_, at) => at).find(
    (at) => found[at] !== wanted.diffIds[at],
  );
  if (wrong === undefined) return;
  throw failure('archiveWrongDiffId', {
    name: sent.name,
    image,
    layer: wrong + 1,
    found: found[wrong] ?? 'nothing',
    expected: wanted.diffIds[wrong] ?? 'nothing',
  });
}

function labelOf({ tags, id }: WantedImage): string {
  return tags[0] ?? shortDigest(id);
}
