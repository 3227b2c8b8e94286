import { hexOf, shortDigest } from '../digest.ts';
import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { documentKind, parseImageIndex, parseManifest } from '../oci/manifest.ts';
import type { Descriptor, Manifest } from '../oci/manifest.ts';
import {
  annotations,
  isImageConfigType,
  isIndexType,
  isLayerType,
  isSchema1Type,
} from '../oci/mediaTypes.ts';
import { familiarName, tryParseImageName } from '../oci/imageName.ts';
import type { ArchivedBlob, ArchiveRemark } from './archive.ts';
import type { ArchiveContents, StoredFile } from './archiveContents.ts';
import type { Pacer } from './pacer.ts';

/** An image manifest that index.json leads to, its own bytes and its config present. */
export interface GraphImage {
  readonly manifestDigest: Digest;
  readonly targetDigest: Digest;
  readonly tags: readonly string[];
  readonly config: StoredFile;
  readonly layers: readonly Descriptor[];
  readonly companions: readonly ArchivedBlob[];
  readonly label: string;
}

const maxDepth = 8;
const maxVisits = 100_000;
/** Companions of all images of one target together: each image lists those that it shares with others. */
const maxCompanions = 1_000_000;

/** What lies below one descriptor of index.json while it is walked. */
interface Walk {
  readonly contents: ArchiveContents;
  readonly images: (Omit<GraphImage, 'companions' | 'tags' | 'targetDigest'> & { own: ArchivedBlob })[];
  /** Documents that go with every image below the target. */
  readonly shared: ArchivedBlob[];
  readonly remarks: ArchiveRemark[];
  readonly seen: Set<string>;
  /** Counted over all targets. */
  readonly visits: { count: number };
  readonly pacer: Pacer;
  /** Digests of the indexes above. */
  readonly above: readonly Digest[];
}

/**
 * Follows index.json to every image manifest: through nested indexes (each once), past attestations and artifacts,
 * which become remarks, and past manifests that are not there, which is normal for platforms nobody pulled.
 */
export async function walkGraph(
  contents: ArchiveContents,
  indexBytes: Uint8Array,
  remarks: ArchiveRemark[],
  pacer: Pacer,
): Promise<readonly GraphImage[]> {
  const top = parseImageIndex(indexBytes, `index.json in ${contents.name}`).manifests ?? [];
  const targets = Map.groupBy(top, ({ digest }) => digest);
  const images: GraphImage[] = [];
  const visits = { count: 0 };
  for (const [targetDigest, descriptors] of targets) {
    const [target] = descriptors;
    if (target === undefined) continue;
    const tags = new Set(descriptors.flatMap((descriptor) => tagsOf(descriptor, remarks)));
    const walk: Walk = {
      contents,
      images: [],
      shared: [],
      remarks,
      seen: new Set(),
      above: [],
      visits,
      pacer,
    };
    await visit(walk, target);
    if (walk.images.length * walk.shared.length > maxCompanions || images.length > maxVisits)
      throw failure('archiveTooLarge', { name: contents.name, reason: 'its indexes list too much' });
    for (const { own, ...image } of walk.images)
      images.push({ ...image, targetDigest, tags: [...tags], companions: [...walk.shared, own] });
  }
  return images;
}

async function visit(walk: Walk, descriptor: Descriptor): Promise<void> {
  const { contents, remarks, above, pacer } = walk;
  if (pacer.isDue) await pacer.pause();
  const where = `${hexOf(descriptor.digest).slice(0, 12)} in ${contents.name}`;
  if (above.includes(descriptor.digest)) throw failure('archiveCyclic', { name: contents.name, where });
  if (above.length > maxDepth || ++walk.visits.count > maxVisits)
    throw failure('archiveTooLarge', { name: contents.name, reason: 'its indexes nest too deep' });
  if (walk.seen.has(descriptor.digest)) return;
  walk.seen.add(descriptor.digest);

  const isTop = above.length === 0;
  const by = isTop ? 'index.json' : `the index ${shortDigest(above.at(-1) ?? '')}`;
  const file = isTop ? contents.requireBlob(descriptor, by) : contents.findBlob(descriptor);
  if (file === undefined) {
    if (!isAttestation(descriptor)) remarks.push(absent(descriptor));
    return;
  }
  if (isSchema1Type(descriptor.mediaType))
    throw failure('archiveUnsupported', { name: contents.name, what: 'a manifest of schema 1' });
  const bytes = contents.documentOf(file);
  const kind = isIndexType(descriptor.mediaType) ? 'index' : documentKind(bytes, where);
  const blob = archived(file, descriptor);
  if (kind === 'index') {
    walk.shared.push(blob);
    const { manifests } = parseImageIndex(bytes, where);
    const below = { ...walk, above: [...above, descriptor.digest] };
    for (const child of manifests ?? []) await visit(below, child);
    return;
  }
  if (kind === 'other') {
    walk.shared.push(blob);
    remarks.push({ kind: 'artifact', text: `${where} is not an image manifest.` });
    return;
  }
  visitManifest(walk, descriptor, blob, parseManifest(bytes, where));
}

function visitManifest(walk: Walk, descriptor: Descriptor, own: ArchivedBlob, manifest: Manifest): void {
  const { contents, remarks, shared, images, above } = walk;
  const layers = manifest.layers ?? [];
  const short = shortDigest(descriptor.digest);
  if (isAttestation(descriptor) || !isRunnable(manifest)) {
    shared.push(own);
    for (const part of [manifest.config, ...layers]) {
      const file = contents.findBlob(part);
      if (file) shared.push(archived(file, part));
    }
    remarks.push(
      isAttestation(descriptor)
        ? { kind: 'attestation', text: `${short} is an attestation; it goes with its image.` }
        : { kind: 'artifact', text: `${short} is an artifact of another kind than an image.` },
    );
    return;
  }
  const isTop = above.length === 0;
  const by = `the manifest ${short}`;
  const config = isTop ? contents.requireBlob(manifest.config, by) : contents.findBlob(manifest.config);
  if (config === undefined) {
    remarks.push(absent(descriptor));
    return;
  }
  images.push({ manifestDigest: descriptor.digest, config, layers, label: by, own });
}

function isAttestation({ annotations: notes, platform }: Descriptor): boolean {
  if (notes?.[annotations.attestationKind] !== undefined) return true;
  return platform?.os === 'unknown' && platform.architecture === 'unknown';
}

function isRunnable({ artifactType, config, layers }: Manifest): boolean {
  if (artifactType !== undefined && artifactType !== '') return false;
  return (
    isImageConfigType(config.mediaType) && (layers ?? []).every(({ mediaType }) => isLayerType(mediaType))
  );
}

function absent({ platform, digest }: Descriptor): ArchiveRemark {
  const name = platform
    ? [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/')
    : '';
  return {
    kind: 'absent-platform',
    text: `The platform ${name || 'of ' + shortDigest(digest)} is listed but not in the archive.`,
  };
}

function archived(file: StoredFile, { mediaType }: Descriptor): ArchivedBlob {
  return { digest: file.digest, sizeBytes: file.sizeBytes, mediaType, path: file.path };
}

/** A name that can be shown and loaded. Many tools put a bare tag into ref.name, which names no repository. */
function tagsOf({ annotations: notes, digest }: Descriptor, remarks: ArchiveRemark[]): readonly string[] {
  const full = notes?.[annotations.containerdName];
  const ref = notes?.[annotations.refName];
  const text = full ?? (ref !== undefined && /[:/]/.test(ref) ? ref : undefined);
  const name = text === undefined || text.includes('@') ? undefined : tryParseImageName(text);
  if (name !== undefined) return [familiarName(name)];
  const given = text ?? ref;
  if (given !== undefined)
    remarks.push({
      kind: 'no-tags',
      text: `"${given.slice(0, 200)}" is given to ${shortDigest(digest)} but is not a full image name.`,
    });
  return [];
}
