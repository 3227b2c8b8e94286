import type { Digest } from '../digest.ts';
import type { LayeredImage } from '../layers/layeredImage.ts';
import type { Operation } from '../progress.ts';
import { analyzeLayers, type WasteAnalysis } from '../waste/analyzeWaste.ts';
import { baseShare, type BaseShare } from '../waste/baseShare.ts';
import { findFindings, type Findings } from '../waste/findings/findFindings.ts';
import { sharedLayers, type ImageShare } from '../waste/sharedLayers.ts';
import type { StoredImages } from './imageSharing.ts';

/** Another image of the engine whose layers are all below. */
export interface FoundBase {
  readonly name: string;
  readonly share: BaseShare;
}

/** What an image has in common with the others of its engine. */
export interface SharedWith {
  readonly share: ImageShare;
  /** What people call the others. */
  readonly names: ReadonlyMap<Digest, string>;
}

/** All that is worked out about an image whose layers are listed. */
export interface ImageAnalysis {
  readonly image: LayeredImage;
  readonly waste: WasteAnalysis;
  readonly findings: Findings;
  readonly base?: FoundBase;
  /** Absent where the engine was not asked, or no longer has the image. */
  readonly sharing?: SharedWith;
}

/**
 * Analyzes an image. With `stored`, all images of its engine, the largest named one of them whose layers are all below
 * counts as its base, unless it is another tag of the same repository: those are earlier builds. With `withContents`, secrets are looked for in
 * small text files too, for which an engine sends the image once more. Rejects as `analyzeLayers` does, or with an AbortError.
 */
export async function analyzeImage(
  {
    image,
    imageId,
    stored,
    withContents = false,
  }: {
    readonly image: LayeredImage;
    readonly imageId: string;
    readonly stored?: StoredImages;
    readonly withContents?: boolean;
  },
  operation: Operation,
): Promise<ImageAnalysis> {
  const { signal } = operation;
  const layers = image.layers.map((layer) => layer.entries(signal));
  const { waste, root } = await analyzeLayers({ name: image.name, layers }, { signal });
  const base = stored && baseOf(image, stored);
  const findings = await findFindings(
    {
      image,
      waste,
      root,
      ...(base && { baseLayers: base.layerCount }),
      ...(withContents && image.files && { reader: image.files }),
    },
    operation,
  );
  const sharing = stored && sharingOf(imageId, stored);
  return {
    image,
    waste,
    findings,
    ...(base && { base: { name: base.name, share: baseShare(waste, base.layerCount) } }),
    ...(sharing && { sharing }),
  };
}

function baseOf(
  { layers, tags: own }: LayeredImage,
  { images }: StoredImages,
): { readonly name: string; readonly layerCount: number } | undefined {
  const repositories = new Set(own.map(repositoryOf));
  const [largest] = images
    .filter(
      ({ diffIds, tags }) =>
        tags.length > 0 &&
        !tags.some((tag) => repositories.has(repositoryOf(tag))) &&
        diffIds.length > 0 &&
        diffIds.length < layers.length &&
        diffIds.every((diffId, place) => diffId === layers[place]?.diffId),
    )
    .toSorted((a, b) => b.diffIds.length - a.diffIds.length);
  return largest && { name: largest.tags[0] ?? '', layerCount: largest.diffIds.length };
}

function repositoryOf(tag: string): string {
  return tag.replace(/:[^:/]*$/, '');
}

function sharingOf(imageId: string, { images, store }: StoredImages): SharedWith | undefined {
  const share = sharedLayers(images, store).images.find(({ image }) => image.id === imageId);
  if (share === undefined) return undefined;
  return { share, names: new Map(images.map(({ id, tags }) => [id, tags[0] ?? id.slice(7, 19)])) };
}
