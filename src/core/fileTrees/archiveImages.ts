import type { ArchiveSource } from '../archive/archive.ts';
import { readArchivedImages } from '../layers/archivedLayers.ts';
import type { LayeredImage, LayerFiles } from '../layers/layeredImage.ts';
import type { Operation } from '../progress.ts';
import { readArchivedFiles } from './archivedFiles.ts';

/**
 * The images of an archive, checked and listed in one pass over it. Their files are read by another pass when they are
 * asked for, which `source` has to allow. Rejects as `readArchivedImages` does.
 */
export async function archiveImages(
  source: ArchiveSource,
  operation: Operation,
): Promise<Awaited<ReturnType<typeof readArchivedImages>>> {
  const { archive, images } = await readArchivedImages(source, operation);
  return {
    archive,
    images: images.map((image, at): LayeredImage => {
      const layers = archive.images[at]?.layers ?? [];
      return { ...image, files: archivedFiles(source, (place) => layers[place]?.path ?? '') };
    }),
  };
}

function archivedFiles(source: ArchiveSource, layerPath: (place: number) => string): LayerFiles {
  const readMany: LayerFiles['readMany'] = (files, operation) =>
    readArchivedFiles(source, { files, layerPath }, operation);
  return {
    readMany,
    async *read(wanted, operation) {
      for await (const { bytes } of readMany([wanted], operation)) yield* bytes;
    },
  };
}
