import { hexOf, shortDigest } from '../digest.ts';
import { failure } from '../errors.ts';
import { familiarName, isSameName, tryParseImageName } from '../oci/imageName.ts';
import { parseDockerArchiveManifest } from '../oci/manifest.ts';
import type { DockerArchiveItem } from '../oci/manifest.ts';
import type { ArchivedImage, ArchiveForm, ArchiveRemark } from './archive.ts';
import type { ArchiveContents } from './archiveContents.ts';
import { assembleImage } from './imageAssembly.ts';
import { walkGraph } from './ociGraph.ts';
import type { GraphImage } from './ociGraph.ts';
import { Pacer } from './pacer.ts';

/** The images that an archive's documents describe, each checked against every byte of it. */
export interface ImagesFound {
  readonly form: ArchiveForm;
  readonly images: readonly ArchivedImage[];
  readonly remarks: readonly ArchiveRemark[];
}

const maxImages = 10_000;
/** Layers of all images together, a shared one counted for each. */
const maxLayers = 1_000_000;

/**
 * Finds the images of an archive.
 *
 * manifest.json, where there is one, says which images an archive has: classic engines from 25 on write it rightly
 * but leave untagged images out of index.json, and 25.0.0 wrote layers there in the wrong order. index.json adds
 * the IDs that a containerd store uses, and platforms that manifest.json has no place for.
 */
export async function findImages(contents: ArchiveContents): Promise<ImagesFound> {
  const { name } = contents;
  const pacer = new Pacer();
  const remarks: ArchiveRemark[] = [];
  const manifestFile = contents.find('manifest.json');
  const indexFile = contents.find('index.json');
  if (manifestFile === undefined && indexFile === undefined) {
    if (contents.find('repositories') !== undefined)
      throw failure('archiveUnsupported', { name, what: 'the format of Docker before 1.10' });
    throw failure(contents.isEmpty ? 'archiveEmpty' : 'notAnArchive', { name });
  }
  const graph = indexFile ? await walkGraph(contents, contents.documentOf(indexFile), remarks, pacer) : [];
  const images = manifestFile
    ? await dockerImages(contents, contents.documentOf(manifestFile), graph, remarks, pacer)
    : await ociImages(contents, graph, remarks, pacer);
  if (images.length === 0) throw failure('archiveEmpty', { name });
  for (const { tags, configDigest } of images)
    if (tags.length === 0)
      remarks.push({ kind: 'no-tags', text: `The image ${shortDigest(configDigest)} has no name.` });
  const unused = contents.unusedBlobs();
  if (unused.length > 0)
    remarks.push({ kind: 'unreferenced', text: `${unused.length} blobs belong to no image of the archive.` });
  return { form: manifestFile ? 'docker-archive' : 'oci-archive', images, remarks };
}

async function ociImages(
  contents: ArchiveContents,
  graph: readonly GraphImage[],
  remarks: ArchiveRemark[],
  pacer: Pacer,
): Promise<readonly ArchivedImage[]> {
  const list = new ImageList(contents.name);
  for (const found of graph) {
    await pacer.pause();
    const image = ociImage(contents, found, remarks);
    if (image) list.add(image);
  }
  return list.images;
}

async function dockerImages(
  contents: ArchiveContents,
  manifestBytes: Uint8Array,
  graph: readonly GraphImage[],
  remarks: ArchiveRemark[],
  pacer: Pacer,
): Promise<readonly ArchivedImage[]> {
  const items = parseDockerArchiveManifest(manifestBytes, `manifest.json in ${contents.name}`);
  const claimed = new Set<GraphImage>();
  const list = new ImageList(contents.name);
  for (const item of items) {
    await pacer.pause();
    for (const image of dockerImage(contents, item, graph, claimed, remarks)) list.add(image);
  }
  const others = graph.filter((found) => !claimed.has(found));
  for (const found of others) {
    await pacer.pause();
    const image = ociImage(contents, found, remarks, { isExtra: true });
    // Platforms of one index share its names.
    const sibling = list.images.find(({ targetDigest }) => targetDigest === found.targetDigest);
    if (image) list.add(sibling ? { ...image, tags: sibling.tags } : image);
  }
  return list.images;
}

/** One item of manifest.json: an image for each place it has in the OCI graph, or one without. */
function dockerImage(
  contents: ArchiveContents,
  item: DockerArchiveItem,
  graph: readonly GraphImage[],
  claimed: Set<GraphImage>,
  remarks: ArchiveRemark[],
): ArchivedImage[] {
  const config = contents.require(item.configPath, 'manifest.json');
  const label = item.tags[0] ?? shortDigest(config.digest);
  checkConfigName(contents.name, item.configPath, config.digest);
  const layers = item.layerPaths.map((path) => contents.require(path, label));
  const image = assembleImage(contents, config, layers, label);
  const tags = item.tags.map(shownName);
  const places: GraphImage[] = [];
  for (const found of graph) {
    if (found.config.digest !== config.digest) continue;
    claimed.add(found);
    const isSame =
      found.layers.length === layers.length &&
      found.layers.every(({ digest }, at) => digest === image.layers[at]?.storedDigest);
    if (isSame) places.push(found);
    else
      remarks.push({
        kind: 'index-mismatch',
        text: `index.json describes ${label} with other layers than manifest.json, which was followed.`,
      });
  }
  const [first, ...more] = places;
  if (first === undefined) return [{ ...image, tags }];
  const named = more.map((place) => ({
    place,
    tags: tags.filter((tag) => place.tags.some((other) => isSameName(tag, other))),
  }));
  const taken = new Set(named.flatMap((one) => one.tags));
  return [{ place: first, tags: tags.filter((tag) => !taken.has(tag)) }, ...named].map((one) => ({
    ...image,
    tags: one.tags,
    ...placeOf(one.place),
  }));
}

function ociImage(
  contents: ArchiveContents,
  found: GraphImage,
  remarks: ArchiveRemark[],
  { isExtra } = { isExtra: false },
): ArchivedImage | undefined {
  const files = found.layers.map((layer) => contents.findBlob(layer));
  const layers = files.filter((file) => file !== undefined);
  const missing = found.layers.find((_, at) => files[at] === undefined);
  if (missing !== undefined) {
    if (!isExtra)
      throw failure('archiveMissing', { name: contents.name, missing: missing.digest, by: found.label });
    remarks.push({
      kind: 'absent-platform',
      text: `An image of index.json (${found.label}) is not whole and was left out.`,
    });
    return undefined;
  }
  const encrypted = found.layers.find(({ mediaType }) => mediaType.endsWith('+encrypted'));
  if (encrypted) throw failure('archiveUnsupported', { name: contents.name, what: 'encrypted layers' });
  const image = assembleImage(contents, found.config, layers, found.tags[0] ?? found.label);
  return { ...image, tags: found.tags, ...placeOf(found) };
}

function placeOf({ manifestDigest, targetDigest, companions }: GraphImage): Partial<ArchivedImage> {
  return { manifestDigest, targetDigest, companions };
}

/** Collects images, up to a limit: a few documents can describe very many. */
class ImageList {
  readonly images: ArchivedImage[] = [];
  readonly #name: string;
  #layers = 0;

  constructor(name: string) {
    this.#name = name;
  }

  add(image: ArchivedImage): void {
    this.#layers += image.layers.length;
    if (this.images.length >= maxImages || this.#layers > maxLayers)
      throw failure('archiveTooLarge', {
        name: this.#name,
        reason: `more than ${maxImages} images or ${maxLayers} layers`,
      });
    this.images.push(image);
  }
}

/** Engines name a config by its digest; where they did, it must be the right one. */
function checkConfigName(name: string, path: string, digest: ArchivedImage['configDigest']): void {
  const [, hex] = /(?:^|\/)([0-9a-f]{64})(?:\.json)?$/.exec(path) ?? [];
  if (hex === undefined || hex === hexOf(digest)) return;
  throw failure('archiveWrongDigest', { name, entry: path, found: digest, expected: `sha256:${hex}` });
}

function shownName(tag: string): string {
  const name = tryParseImageName(tag);
  return name === undefined ? tag : familiarName(name);
}
