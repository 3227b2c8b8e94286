import type { Archive, ArchivedImage, ArchiveSource } from '../archive/archive.ts';
import { idsAfterLoad, type LoadingEngine } from '../archive/shipping.ts';
import { readArchiveAt } from '../archive/readArchiveAt.ts';
import type { Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import type { EngineInfo, Platform } from '../engine/records.ts';
import type { Operation } from '../progress.ts';
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

/** What loading an archive into an engine will do; made without touching the engine. */
export interface LoadPlan {
  readonly source: ArchiveSource;
  /** The whole archive, read and checked. */
  readonly archive: Archive;
  readonly info: EngineInfo;
  readonly images: readonly ImagePlan[];
  /** Images of the archive that are left out, because this engine keeps one platform of an image only. */
  readonly leftOut: readonly ArchivedImage[];
}

/**
 * Reads an archive (a file or an OCI layout folder) to its end, checks all of it, and says what loading it will
 * do. Rejects with the archive failures of `core/errors.ts`; the engine is only asked, never changed.
 */
export async function planLoad(
  deps: { readonly engine: Engine },
  input: { readonly path: string },
  operation: Operation,
): Promise<LoadPlan> {
  const { signal } = operation;
  const [info, present] = await Promise.all([
    deps.engine.info({ signal }),
    deps.engine.images.list({ signal }),
  ]);
  const { source, archive } = await readArchiveAt(input.path, operation);
  const { chosen, leftOut } = choosePlatforms(archive.images, info);
  const ownerOf = nameOwners(present);
  const presentIds = new Set(present.map(({ id }) => id));
  const ids = idsAfterLoad(chosen, loadingEngine(info));
  return {
    source,
    archive,
    info,
    leftOut,
    images: chosen.map((image) =>
      planImage(image, ids.get(image) ?? image.configDigest, ownerOf, presentIds),
    ),
  };
}

/** What an engine can load. Docker reads zstd layers from 23.0 on; Podman always does. */
export function loadingEngine({ imageStore, product, version }: EngineInfo): LoadingEngine {
  return {
    imageStore,
    acceptsZstdLayers: product === 'podman' || Number.parseInt(version, 10) >= 23,
  };
}

/** A classic store keeps one platform of a multi-platform image: the engine's own, or else the first. */
function choosePlatforms(
  images: readonly ArchivedImage[],
  info: EngineInfo,
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
