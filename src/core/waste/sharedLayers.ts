import type { Digest } from '../digest.ts';
import type { HistoryEntry, ImageStoreKind } from '../engine/records.ts';
import { chainIdsOf } from '../oci/chainIds.ts';
import { noBytes, prefixSizes, sumOf, without, type ByteRange } from './chainSizes.ts';

/** What an engine tells of an image. */
export interface StoredImage {
  readonly id: Digest;
  readonly tags: readonly string[];
  readonly createdAtMs?: number;
  /** As the engine states it: its layers; on a containerd store the packed ones and the unpacked ones. */
  readonly sizeBytes: number;
  /** Bottom first. */
  readonly diffIds: readonly Digest[];
  /** Newest first. */
  readonly history: readonly HistoryEntry[];
  /** IDs of containers that run on it: the engine removes no image that has one. */
  readonly containers: readonly string[];
}

/** A layer as an engine keeps it: once for each chain of layers below it. */
export interface SharedLayer {
  readonly chainId: Digest;
  readonly diffId: Digest;
  /** Its place in the images that have it, from 0, the bottom one. */
  readonly place: number;
  readonly bytes: ByteRange;
  /** IDs of the images that have it. */
  readonly images: readonly Digest[];
}

export interface ImageShare {
  readonly image: StoredImage;
  /** How many of its layers, from the bottom, others have too, and what they take. */
  readonly sharedCount: number;
  readonly sharedBytes: ByteRange;
  /** What the engine has back when this image is removed and no other. */
  readonly givesBack: ByteRange;
  /** Who has the same lowest layers and how many of them, those with the most first. */
  readonly sharedWith: readonly { readonly id: Digest; readonly layerCount: number }[];
}

export interface LayerSharing {
  /** In the order in which the images were given. */
  readonly images: readonly ImageShare[];
  /** The layers of each image in turn, bottom first, each once. */
  readonly layers: readonly SharedLayer[];
  /** What all images take together, each layer counted once. */
  readonly unionBytes: ByteRange;
  /** The sum of what the engine states for each. */
  readonly statedBytes: number;
}

/**
 * Which images of an engine have layers in common, and what removing one would give back. A layer is kept for as long
 * as an image has it on top of the same layers below. A layer with the same content elsewhere does not keep it.
 *
 * On a containerd store the packed layers are kept too. Those are shared by content, and their sizes are not told one
 * by one: for an image that shares layers, `givesBack` reaches from none of them to all.
 */
export function sharedLayers(images: readonly StoredImage[], store: ImageStoreKind): LayerSharing {
  const measured = images.map((image) => measure(image, store));
  const sizeOf = sizer(measured);
  const users = new Map<Digest, MeasuredImage[]>();
  for (const one of measured)
    for (const chainId of one.chainIds) users.set(chainId, [...(users.get(chainId) ?? []), one]);

  const layers = [...users].map(([chainId, having]): SharedLayer => {
    const [first] = having;
    const place = first?.chainIds.indexOf(chainId) ?? 0;
    return {
      chainId,
      diffId: first?.image.diffIds[place] ?? chainId,
      place,
      bytes: first === undefined ? noBytes : without(sizeOf(first, place + 1), sizeOf(first, place)),
      images: having.map(({ image }) => image.id),
    };
  });
  return {
    layers,
    images: measured.map((one) => {
      const sharedCount = one.chainIds.filter((chainId) => (users.get(chainId)?.length ?? 0) > 1).length;
      const sharedBytes = sizeOf(one, sharedCount);
      const own = without(sizeOf(one, one.chainIds.length), sharedBytes);
      return {
        image: one.image,
        sharedCount,
        sharedBytes,
        givesBack: sumOf([own, packedBytes(one, sharedCount === 0)]),
        sharedWith: partnersOf(one, users),
      };
    }),
    unionBytes: together(measured, new Set(), sizeOf),
    statedBytes: images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}

/** What the engine has back when all of `ids` are removed together. */
export function givenBackTogether(
  images: readonly StoredImage[],
  ids: ReadonlySet<Digest>,
  store: ImageStoreKind,
): ByteRange {
  const measured = images.map((image) => measure(image, store));
  const kept = new Set(
    measured.filter(({ image }) => !ids.has(image.id)).flatMap(({ chainIds }) => chainIds),
  );
  const going = measured.filter(({ image }) => ids.has(image.id));
  return together(going, kept, sizer(measured));
}

interface MeasuredImage {
  readonly image: StoredImage;
  readonly chainIds: readonly Digest[];
  /** What its lowest 1, 2, … layers take unpacked. */
  readonly prefixes: readonly ByteRange[];
  readonly packedBytes: number;
}

function measure(image: StoredImage, store: ImageStoreKind): MeasuredImage {
  const unpacked = image.history.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const isPacked = store === 'containerd';
  return {
    image,
    chainIds: chainIdsOf(image.diffIds),
    prefixes: prefixSizes(
      image.diffIds.length,
      image.history,
      isPacked ? unpacked : Math.max(unpacked, image.sizeBytes),
    ),
    packedBytes: isPacked ? Math.max(0, image.sizeBytes - unpacked) : 0,
  };
}

/** What so many of an image's lowest layers take. */
type SizeOf = (one: MeasuredImage, layerCount: number) => ByteRange;

/** Puts together what is known of a chain of layers from all images that have it. */
function sizer(measured: readonly MeasuredImage[]): SizeOf {
  const known = new Map<Digest | undefined, ByteRange>();
  for (const { chainIds, prefixes } of measured)
    for (const [at, chainId] of chainIds.entries()) {
      const range = prefixes[at] ?? noBytes;
      const before = known.get(chainId) ?? range;
      const leastBytes = Math.max(before.leastBytes, range.leastBytes);
      known.set(chainId, {
        leastBytes,
        mostBytes: Math.max(leastBytes, Math.min(before.mostBytes, range.mostBytes)),
      });
    }
  return ({ chainIds }, layerCount) => known.get(chainIds[layerCount - 1]) ?? noBytes;
}

function packedBytes({ packedBytes: most }: MeasuredImage, isAlone: boolean): ByteRange {
  return { leastBytes: isAlone ? most : 0, mostBytes: most };
}

/** What these images take beside the layers in `kept`, each layer counted once. */
function together(images: readonly MeasuredImage[], kept: ReadonlySet<Digest>, sizeOf: SizeOf): ByteRange {
  const counted = new Set(kept);
  return sumOf(
    images.map((one) => {
      const { chainIds } = one;
      const known = chainIds.filter((chainId) => counted.has(chainId)).length;
      for (const chainId of chainIds) counted.add(chainId);
      const own = without(sizeOf(one, chainIds.length), sizeOf(one, known));
      return sumOf([own, packedBytes(one, known === 0)]);
    }),
  );
}

function partnersOf(
  { image, chainIds }: MeasuredImage,
  users: ReadonlyMap<Digest, readonly MeasuredImage[]>,
): ImageShare['sharedWith'] {
  const counts = new Map<Digest, number>();
  for (const chainId of chainIds)
    for (const other of users.get(chainId) ?? [])
      if (other.image.id !== image.id) counts.set(other.image.id, (counts.get(other.image.id) ?? 0) + 1);
  return [...counts]
    .map(([id, layerCount]) => ({ id, layerCount }))
    .toSorted((a, b) => b.layerCount - a.layerCount);
}
