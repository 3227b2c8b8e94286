/** Layers of tests as images whose lists lie in memory. */
import { readArchivedImages } from '../../src/core/layers/archivedLayers.ts';
import type { LayeredImage } from '../../src/core/layers/layeredImage.ts';
import { unattended } from '../../src/core/progress.ts';
import { memorySource } from './archives/byteStreams.ts';
import { classicEngine } from './archives/producers.ts';
import { sampleImage } from './archives/sampleImages.ts';
import { layerTar, type Given } from './overlayReference.ts';

/** An image of these layers, the bottom one first, as reading an archive of it lists them. */
export async function listedImage(
  layers: readonly (readonly Given[])[],
  name = 'app:1',
): Promise<LayeredImage> {
  const archive = classicEngine([sampleImage(layers.map(layerTar), [name])]);
  const { images } = await readArchivedImages(memorySource(archive), unattended());
  const [image] = images;
  if (image === undefined) throw new Error('the archive has no image');
  return image;
}

/** The same without the layers above the first `count`. */
export function lowerPart(image: LayeredImage, count: number): LayeredImage {
  return { ...image, layers: image.layers.slice(0, count) };
}

export function file(path: string, text: string, more: Partial<Given> = {}): Given {
  return { path, data: Buffer.from(text), ...more };
}

export function gone(path: string): Given {
  return file(path.replace(/[^/]+$/, '.wh.$&'), '');
}

export function folder(path: string, mode = 0o755): Given {
  return { path: `${path}/`, type: 'directory', mode };
}
