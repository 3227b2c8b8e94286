import type { ArchivedImage, ArchivedLayer, ArchiveSource, Compression } from '../archive/archive.ts';
import { blobPath, type ArchiveContents } from '../archive/archiveContents.ts';
import { defaultArchiveLimits } from '../archive/archiveLimits.ts';
import { requireChecksum } from '../archive/checksumFile.ts';
import { checkedLayer, platformOf } from '../archive/imageAssembly.ts';
import { walkGraph, type GraphImage } from '../archive/ociGraph.ts';
import { Pacer } from '../archive/pacer.ts';
import { scanContents } from '../archive/scanContents.ts';
import { shortDigest, type Digest } from '../digest.ts';
import { DrydockError, failure } from '../errors.ts';
import { diffIdsOf } from '../oci/diffIds.ts';
import { isSameName } from '../oci/imageName.ts';
import { parseImageConfig } from '../oci/manifest.ts';
import type { Operation } from '../progress.ts';
import { bundleDocumentPath, parseBundleDocument, type BundleDocument } from './bundleDocument.ts';
import { openBundleFiles, type BundleFiles } from './openParts.ts';

/** A bundle that was read to its end, everything in it checked. */
export interface Bundle {
  readonly name: string;
  /** Gives the same bytes again. */
  readonly source: ArchiveSource;
  readonly compression: Compression;
  readonly document: BundleDocument;
  readonly contents: ArchiveContents;
}

/** One that lies on a disk. */
export interface BundleOnDisk extends Bundle {
  /** See {@link BundleFiles}. */
  readonly openRange: BundleFiles['openRange'];
}

/** An image of a bundle. Its layers are whole descriptions, also those that did not travel. */
export interface BundledImage {
  readonly image: ArchivedImage;
  /** Digests, as stored, of layers that are not in the bundle. */
  readonly absent: ReadonlySet<Digest>;
}

/**
 * Opens a bundle by its file, its name or one of its parts, and reads all of it: each part against its checksum, the
 * tar's structure, every blob against its name. A part that is missing, cut or another is named, whatever else that
 * breaks. Rejects with `bundlePart…`, `checksumDiffers`, `notABundle`, `badInventory`, the archive failures, or an
 * AbortError. One pass, flat memory; reports the phase `checking`.
 */
export async function readBundleAt(path: string, operation: Operation): Promise<BundleOnDisk> {
  const files = await openBundleFiles(path);
  const { source, digest } = files;
  const { bundle, fileDigest } = await readChecked(files, operation);
  if (digest !== undefined && fileDigest !== digest)
    throw failure('bundlePartsUnclear', {
      checksum: `${source.name}.sha256`,
      reason: 'the parts are not what they should be together',
    });
  if (digest === undefined && fileDigest !== undefined)
    await requireChecksum({ name: source.name, fileDigest }, files.path);
  return { ...bundle, openRange: files.openRange };
}

/** As {@link readBundleAt}, of bytes that somebody answers for. */
export async function readBundle(source: ArchiveSource, operation: Operation): Promise<Bundle> {
  return (await scanBundle(source, operation)).bundle;
}

interface Scanned {
  readonly bundle: Bundle;
  readonly fileDigest?: Digest;
}

async function readChecked({ source, checkParts }: BundleFiles, operation: Operation): Promise<Scanned> {
  try {
    return await scanBundle(source, operation);
  } catch (error) {
    // A part that was swapped shows first as a header that makes no sense: the parts know better.
    if (error instanceof DrydockError && error.code !== 'bundlePartWrong') await checkParts(operation.signal);
    throw error;
  }
}

async function scanBundle(source: ArchiveSource, operation: Operation): Promise<Scanned> {
  const { name } = source;
  const { contents, compression, fileDigest } = await scanContents(source, operation, defaultArchiveLimits);
  const file = contents.find(bundleDocumentPath);
  if (file === undefined) throw failure('notABundle', { name, reason: 'it lacks the document of one' });
  const document = parseBundleDocument(contents.documentOf(file), name);
  const bundle = { name, source, compression, document, contents };
  return { bundle, ...(fileDigest && { fileDigest }) };
}

/**
 * The images of a bundle, each against its config: as many layers as diffIDs, and every layer that is there unpacks to
 * its own; all of those that the bundle says it holds. Rejects with the archive failures.
 */
export async function bundledImages({ name, contents, document }: Bundle): Promise<readonly BundledImage[]> {
  const indexFile = contents.require('index.json', name);
  const pacer = new Pacer();
  const graph = await walkGraph(contents, contents.documentOf(indexFile), [], pacer);
  const images: BundledImage[] = [];
  for (const found of graph) {
    await pacer.pause();
    images.push(bundledImage(contents, found));
  }
  requireItems(name, document.items, images);
  return images;
}

/** Nothing but the checksum file sees to index.json itself: what it does not list would be missed by nobody. */
function requireItems(bundle: string, items: BundleDocument['items'], images: readonly BundledImage[]): void {
  for (const { id, name } of items) {
    const found = images.filter(({ image: { configDigest, manifestDigest, targetDigest } }) =>
      [configDigest, manifestDigest, targetDigest].includes(id),
    );
    const isNamed = name === shortDigest(id) || found.some(({ image }) => hasTag(image, name));
    if (found.length === 0 || !isNamed)
      throw failure('archiveMissing', { name: bundle, missing: name, by: bundleDocumentPath });
  }
}

function hasTag({ tags }: ArchivedImage, name: string): boolean {
  return tags.some((tag) => isSameName(tag, name));
}

function bundledImage(contents: ArchiveContents, found: GraphImage): BundledImage {
  const { name } = contents;
  const { config, manifestDigest, targetDigest, tags, companions } = found;
  const label = tags[0] ?? found.label;
  const configBytes = contents.documentOf(config);
  const parsed = parseImageConfig(configBytes, `${config.path} in ${name}`);
  const diffIds = diffIdsOf(parsed);
  if (diffIds.length !== found.layers.length)
    throw failure('archiveLayerCount', {
      name,
      image: label,
      layers: found.layers.length,
      diffIds: diffIds.length,
    });
  const absent = new Set<Digest>();
  const there = found.layers.map((layer) => contents.findBlob(layer));
  const layers = found.layers.map(({ digest, size, mediaType }, at): ArchivedLayer => {
    const [file, diffId] = [there[at], diffIds[at]];
    if (diffId === undefined) throw failure('unexpected', { reason: 'layers were counted wrongly' });
    if (file !== undefined) return checkedLayer(name, label, file, at, diffId);
    absent.add(digest);
    // The plain size of one that is packed is known only to who has it.
    const stored = { storedDigest: digest, storedBytes: size, sizeBytes: size };
    return { diffId, ...stored, compression: packingOf(mediaType), path: blobPath(digest) };
  });
  const image: ArchivedImage = {
    configDigest: config.digest,
    configBytes,
    tags,
    platform: platformOf(parsed),
    layers,
    manifestDigest,
    targetDigest,
    companions,
  };
  return { image, absent };
}

function packingOf(mediaType: string): Compression {
  if (mediaType.endsWith('zstd')) return 'zstd';
  return mediaType.endsWith('gzip') ? 'gzip' : 'none';
}
