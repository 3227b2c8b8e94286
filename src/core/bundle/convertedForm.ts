import type { ArchivedImage, Compression } from '../archive/archive.ts';
import { blobPath } from '../archive/archiveContents.ts';
import { ociLayoutJson } from '../archive/ociDocuments.ts';
import { planShipping, type Shipment } from '../archive/shipping.ts';
import type { Digest } from '../digest.ts';
import type { Platform } from '../engine/records.ts';
import { choosePlatforms } from '../loading/imagePlan.ts';
import { planOlderForm } from './olderForm.ts';

/**
 * What an archive can be made into:
 * - `docker-archive`: an OCI layout with a manifest.json beside it, which every engine and every OCI tool reads;
 * - `docker-archive-old`: as Docker 1.10 to 24 writes it, a folder for each layer, for tools that know nothing else;
 * - `oci-archive`: a tar of an OCI layout; - `oci-layout`: a folder with one.
 */
export type ConvertedForm = 'docker-archive' | 'docker-archive-old' | 'oci-archive' | 'oci-layout';

export interface FormChoice {
  readonly form: ConvertedForm;
  /** Whether layers go unpacked that Docker before 23 can’t read. Their manifests are made anew then. */
  readonly isPortable: boolean;
  /** Which one of an image’s platforms stands in manifest.json, which has room for one. */
  readonly platform: Pick<Platform, 'os' | 'architecture'>;
}

/** An image as the result is to hold it. */
export interface ExpectedImage {
  readonly image: ArchivedImage;
  /** What index.json is to point at; absent where there is none. */
  readonly target?: Digest;
}

/** A small file of the result, or a link or a folder in it. */
export type PlannedFile =
  | { readonly path: string; readonly bytes: Uint8Array | string }
  | { readonly path: string; readonly linkPath: string }
  | { readonly path: string; readonly isFolder: true };

/** All that a conversion writes. */
export interface ConversionPlan {
  /** Blobs to be taken over, by the path where they lie. */
  readonly shipments: ReadonlyMap<string, Shipment>;
  /** Where a blob of the result lies. */
  readonly pathOf: (digest: Digest) => string;
  readonly before: readonly PlannedFile[];
  readonly after: readonly PlannedFile[];
  readonly images: readonly ExpectedImage[];
  /** Images of other platforms, for which the form has no room. */
  readonly leftOut: readonly ArchivedImage[];
}

/** Decides what goes into the result. Config bytes are never written anew, so each image keeps its ID. */
export function planConversion(images: readonly ArchivedImage[], choice: FormChoice): ConversionPlan {
  const { chosen, leftOut } = choosePlatforms(images, {
    imageStore: 'graphdriver',
    platform: choice.platform,
  });
  if (choice.form === 'docker-archive-old') return { ...planOlderForm(chosen), leftOut };
  // With the images' own manifests, so that they keep their ID on a containerd store as well.
  const reader = choice.isPortable
    ? ({ imageStore: 'graphdriver', acceptsZstdLayers: false } as const)
    : ({ imageStore: 'containerd', acceptsZstdLayers: true } as const);
  const plan = planShipping(images, reader);
  const after: PlannedFile[] = [{ path: 'index.json', bytes: plan.indexJson }];
  if (choice.form === 'docker-archive')
    after.push({ path: 'manifest.json', bytes: planShipping(chosen, reader).manifestJson });
  return {
    shipments: plan.shipments,
    pathOf: blobPath,
    before: [
      { path: 'oci-layout', bytes: ociLayoutJson },
      ...[...plan.documents].map(([path, bytes]) => ({ path, bytes })),
    ],
    after,
    images: images.map((image, at) => {
      const target = plan.targets[at];
      return { image, ...(target && { target }) };
    }),
    leftOut: [],
  };
}

/** How the layers of the result lie in it, each kind once. */
export function layerKinds(plan: ConversionPlan): ReadonlySet<Compression> {
  const kinds = new Set<Compression>();
  for (const { image } of plan.images)
    for (const { path, compression } of image.layers)
      kinds.add(plan.shipments.get(path)?.unpack === undefined ? compression : 'none');
  return kinds;
}
