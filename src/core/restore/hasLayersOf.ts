import type { ArchivedImage } from '../archive/archive.ts';
import type { ImageDetails } from '../engine/records.ts';

/** Whether an engine's image has exactly the layers of an archived one, in that order. */
export function hasLayersOf(details: ImageDetails, image: ArchivedImage): boolean {
  return (
    details.diffIds.length === image.layers.length &&
    image.layers.every(({ diffId }, index) => diffId === details.diffIds[index])
  );
}
