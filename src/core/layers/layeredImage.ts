import type { Digest } from '../digest.ts';
import type { Platform } from '../engine/records.ts';
import { failure } from '../errors.ts';
import type { ImageConfig } from '../oci/manifest.ts';
import type { Operation } from '../progress.ts';
import type { EntrySequence } from './layerTree.ts';
import type { Origin } from './mergeLayers.ts';
import type { TreeFile } from './treeNode.ts';

/** An image whose layers can be looked into, wherever it lies. */
export interface LayeredImage {
  /** What it is called where it lies, unique there: a name, a container's name, a short ID. */
  readonly name: string;
  readonly kind: 'image' | 'container';
  readonly tags: readonly string[];
  readonly platform: Platform;
  readonly configDigest: Digest;
  readonly config: ImageConfig;
  /** Bottom first. */
  readonly layers: readonly ListedLayer[];
  /** Left out where there is nothing but the lists. */
  readonly files?: LayerFiles;
}

/** A file of an image, by the layer and the name that brought it. */
export interface WantedFile {
  readonly file: TreeFile<Origin>;
  /** The name under which it was asked for, which failures tell. */
  readonly path: string;
  /** That a container of the image has it at `path`, where that is known. */
  readonly isShown?: boolean;
}

/** One of many files, whose bytes must be read to their end, or given up, before the next one is asked for. */
export interface ReadFile<T> {
  readonly one: T;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Gives the bytes of files of an image, whichever of its layers they lie in, hidden or not. */
export interface LayerFiles {
  /**
   * As `FileTree.read`: fails at the end unless the bytes have the file's sha256, with `fileDamaged` in a vault and
   * `fileChanged` elsewhere; and with `pathUnreadable` where they can't be had.
   */
  read(wanted: WantedFile, operation: Operation): AsyncIterable<Uint8Array>;
  /** Many files, in whatever order is quickest. */
  readMany<T extends WantedFile>(files: readonly T[], operation: Operation): AsyncIterable<ReadFile<T>>;
}

/** A layer with the list of what is in it. */
export interface ListedLayer {
  readonly diffId: Digest;
  /** Size of its plain tar. */
  readonly tarBytes: number;
  entries(signal: AbortSignal): EntrySequence;
}

/**
 * The one image that is meant: the one that {@link imagesCalled} finds for `wanted`, without it the only one, or the
 * only container's. Throws `rootMissing`, `rootUnclear`.
 */
export function chooseImage(
  images: readonly LayeredImage[],
  { wanted, where }: { readonly wanted?: string; readonly where: string },
): LayeredImage {
  const known = images.map(({ name }) => name).join(', ') || '-';
  if (wanted !== undefined) {
    const found = imagesCalled(images, wanted);
    if (found[0] === undefined) throw failure('rootMissing', { name: where, root: wanted, known });
    if (found.length > 1) throw failure('rootUnclear', { name: where, known });
    return found[0];
  }
  const containers = images.filter(({ kind }) => kind === 'container');
  const [only] = images.length === 1 ? images : containers;
  if (only === undefined || (images.length > 1 && containers.length !== 1))
    throw failure('rootUnclear', { name: where, known });
  return only;
}

/** The images that `wanted` may mean: a name, a tag, the beginning of a config's digest. */
export function imagesCalled(images: readonly LayeredImage[], wanted: string): readonly LayeredImage[] {
  const named = images.filter(({ name }) => name === wanted);
  return named.length > 0 ? named : images.filter((image) => isCalled(image, wanted));
}

function isCalled({ tags, configDigest }: LayeredImage, wanted: string): boolean {
  const isId = /^(sha256:)?[0-9a-f]{4,64}$/.test(wanted);
  return (
    tags.includes(wanted) ||
    tags.includes(`${wanted}:latest`) ||
    (isId && configDigest.startsWith(`sha256:${wanted.replace('sha256:', '')}`))
  );
}

/** Tells apart images of one name by their platform, or else by their number. */
export function withOwnNames(images: readonly LayeredImage[]): readonly LayeredImage[] {
  const taken = new Set<string>();
  return images.map((image) => {
    const { os, architecture, variant = '' } = image.platform;
    const isShared = images.filter(({ name }) => name === image.name).length > 1;
    const plain = isShared ? `${image.name}@${os}/${architecture}${variant && `/${variant}`}` : image.name;
    let name = plain;
    for (let count = 2; taken.has(name); count++) name = `${plain}#${count}`;
    taken.add(name);
    return { ...image, name };
  });
}
