import { failure } from '../core/errors.ts';
import { imageTree, type LayeredTree } from '../core/fileTrees/imageTree.ts';
import { layerRangeTree } from '../core/fileTrees/layerRangeTree.ts';
import { followLinks } from '../core/fileTrees/followLinks.ts';
import { chooseImage, type LayeredImage } from '../core/layers/layeredImage.ts';
import type { Origin } from '../core/layers/mergeLayers.ts';
import type { TreeNode } from '../core/layers/treeNode.ts';
import type { Arguments } from './arguments.ts';
import type { CommandContext } from './command.ts';
import { usageFailure } from './failures.ts';
import { findLayeredImages, type FoundImages } from './layeredImages.ts';

/** A place in an image. */
export interface PlaceInImage {
  readonly found: FoundImages;
  readonly image: LayeredImage;
  readonly tree: LayeredTree;
  /** As it was given, without the name of an image before it. */
  readonly given: string;
  readonly path: string;
  readonly node: TreeNode<Origin>;
}

/**
 * What `[IMAGE:]PATH` means, links followed, in the images that WORD may be; of `--layer`, what that one layer holds. Rejects with
 * `pathMissing`, `rootMissing`, `rootUnclear`.
 */
export async function placeInImage(context: CommandContext, args: Arguments): Promise<PlaceInImage> {
  const [word = '', text = ''] = args.words;
  const { signal } = context.operation;
  const layer = layerNumber(args);
  const found = await findLayeredImages(context, args, word);
  const { image, given } = imageIn(found, text);
  if (layer !== undefined && layer >= image.layers.length)
    throw failure('pathMissing', { path: `layer ${layer}`, name: image.name });
  const tree =
    layer === undefined
      ? await imageTree(image, signal)
      : {
          ...(await layerRangeTree(image, { from: layer, to: layer }, signal)),
          // Layers are counted from 0 here, as `analyze` and `diff` do.
          name: `${image.name}@layer:${layer}`,
        };
  const place = followLinks(tree, given);
  if (place === undefined)
    throw failure('pathMissing', { path: `/${given.replace(/^\/+/, '')}`, name: tree.name });
  return { found, image, tree, given, ...place };
}

/** A name may have colons in it; the longest that fits counts. */
function imageIn({ images, where }: FoundImages, text: string): { image: LayeredImage; given: string } {
  const [named] = text.startsWith('/')
    ? []
    : images
        .filter(({ name }) => text === name || text.startsWith(`${name}:`))
        .sort((a, b) => b.name.length - a.name.length);
  if (named !== undefined) return { image: named, given: text.slice(named.name.length + 1) };
  return { image: chooseImage(images, { where }), given: text };
}

/** The layer that `--layer` names, from 0, as `analyze` counts them. */
export function layerNumber(args: Arguments): number | undefined {
  const text = args.text('layer');
  if (text === undefined) return undefined;
  if (!/^\d{1,5}$/.test(text))
    throw usageFailure(`--layer takes a number as analyze shows it, not "${text}".`);
  return Number(text);
}
