import type { ArchivedImage } from '../archive/archive.ts';
import { nothingThere, planShipping, tarBytesOf, type ThereAlready } from '../archive/shipping.ts';
import type { Digest } from '../digest.ts';
import type { EngineInfo } from '../engine/records.ts';
import { loadingEngine } from './imagePlan.ts';

/** An image on its way to an engine, and the ID it will have there. */
export interface ComingImage {
  readonly id: Digest;
  readonly image: ArchivedImage;
}

/** Images that go to an engine in one tar, each under the `tags` that it has here. */
export interface Parcel<T extends ComingImage> {
  readonly images: readonly T[];
  /** What stays out. */
  readonly there: ThereAlready;
  /** Names that are given once the tar was taken. */
  readonly names: readonly { readonly id: Digest; readonly tag: string }[];
}

/** All of it, in one tar. */
export function wholeParcel<T extends ComingImage>(images: readonly T[]): Parcel<T> {
  return { images, there: nothingThere, names: [] };
}

/**
 * How images go to an engine without what is there. Podman misses no layer that it has only where index.json names one
 * thing, once: there each image goes alone and under one name, without what those before it have brought.
 */
export function parcelsOf<T extends ComingImage>(
  images: readonly T[],
  { product }: EngineInfo,
  there: ThereAlready,
): readonly Parcel<T>[] {
  if (product !== 'podman') return [{ images, there, names: [] }];
  const parcels: Parcel<T>[] = [];
  const brought = new Set<Digest>();
  for (const [id, places] of Map.groupBy(images, (one) => one.id)) {
    const [tag, ...more] = new Set(places.flatMap(({ image }) => image.tags));
    const before = new Set(brought);
    parcels.push({
      images: places
        .slice(0, 1)
        .map((one) => ({ ...one, image: { ...one.image, tags: tag === undefined ? [] : [tag] } })),
      there: { ...there, hasBlob: (digest) => before.has(digest) || there.hasBlob(digest) },
      names: more.map((name) => ({ id, tag: name })),
    });
    for (const { diffId } of places[0]?.image.layers ?? []) brought.add(diffId);
  }
  return parcels;
}

/** How large the tar of a parcel will be. */
export function parcelBytes<T extends ComingImage>({ images, there }: Parcel<T>, info: EngineInfo): number {
  return tarBytesOf(
    planShipping(
      images.map(({ image }) => image),
      loadingEngine(info),
      there,
    ),
  );
}
