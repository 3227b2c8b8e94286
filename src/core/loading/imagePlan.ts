import type { ArchivedImage } from '../archive/archive.ts';
import { idsAfterLoad, type LoadingEngine } from '../archive/shipping.ts';
import type { Digest } from '../digest.ts';
import type { EngineInfo, ImageSummary, Platform } from '../engine/records.ts';
import { nameOwners, type NameOwners } from '../recovery/nameOwners.ts';

/** What will become of one tag of the archive. */
export interface TagPlan {
  readonly tag: string;
  /** `new`: nobody has it; `same`: the very image has it already; `move`: another image will lose it. */
  readonly effect: 'new' | 'same' | 'move';
  /** The image that has the tag now. */
  readonly currentId?: Digest;
}

/** One image of the archive that will be loaded. */
export interface ImagePlan {
  readonly image: ArchivedImage;
  /** The ID it will have on this engine. */
  readonly id: Digest;
  readonly isThere: boolean;
  readonly tags: readonly TagPlan[];
}

/** What becomes of images on an engine that has those that are `present`. */
export function planImages(
  images: readonly ArchivedImage[],
  info: EngineInfo,
  present: readonly ImageSummary[],
): readonly ImagePlan[] {
  const ownerOf = nameOwners(present);
  const presentIds = new Set(present.map(({ id }) => id));
  const ids = idsAfterLoad(images, loadingEngine(info));
  return images.map((image) => planImage(image, ids.get(image) ?? image.configDigest, ownerOf, presentIds));
}

/** What an engine can load. Docker reads zstd layers from 23.0 on; Podman always does. */
export function loadingEngine({ imageStore, product, version }: EngineInfo): LoadingEngine {
  return {
    imageStore,
    acceptsZstdLayers: product === 'podman' || Number.parseInt(version, 10) >= 23,
  };
}

/** A classic store keeps one platform of a multi-platform image: the engine's own, or else the first. */
export function choosePlatforms(
  images: readonly ArchivedImage[],
  info: Pick<EngineInfo, 'imageStore' | 'platform'>,
): { readonly chosen: readonly ArchivedImage[]; readonly leftOut: readonly ArchivedImage[] } {
  if (info.imageStore === 'containerd') return { chosen: images, leftOut: [] };
  const groups = Map.groupBy(images, ({ targetDigest, configDigest }) => targetDigest ?? configDigest);
  const chosen = [...groups.values()].flatMap((group) => {
    const own = group.find(({ platform }) => isSamePlatform(platform, info.platform)) ?? group[0];
    // The same image may stand in an archive more than once, each time with other names.
    return group.filter(({ configDigest }) => configDigest === own?.configDigest);
  });
  return { chosen, leftOut: images.filter((image) => !chosen.includes(image)) };
}

function isSamePlatform(a: Platform, b: Platform): boolean {
  return a.os === b.os && a.architecture === b.architecture;
}

function planImage(
  image: ArchivedImage,
  id: Digest,
  ownerOf: NameOwners,
  presentIds: ReadonlySet<Digest>,
): ImagePlan {
  const tags = image.tags.map((tag): TagPlan => {
    const owner = ownerOf(tag);
    if (owner === undefined) return { tag, effect: 'new' };
    return { tag, effect: owner.id === id ? 'same' : 'move', currentId: owner.id };
  });
  return { image, id, isThere: presentIds.has(id), tags };
}
