import type { LayeredImage } from '../layers/layeredImage.ts';
import { imageTree } from './imageTree.ts';
import type { FileTree, FileTreeKind } from './fileTree.ts';

/** A tree of files by its name, put together when it is opened. */
export interface TreeToOpen {
  /** Unique where it lies. */
  readonly name: string;
  readonly kind: FileTreeKind;
  /** Where it is of an image. */
  readonly image?: LayeredImage;
  open(signal: AbortSignal): Promise<FileTree>;
}

/** Images as trees; that of a container is what it would see. */
export function imageTrees(images: readonly LayeredImage[]): readonly TreeToOpen[] {
  return images.map((image) => {
    const kind = image.kind === 'container' ? 'container' : 'image';
    return {
      name: image.name,
      kind,
      image,
      open: async (signal) => ({ ...(await imageTree(image, signal)), kind }),
    };
  });
}
