import type { ImageSummary } from '../engine/records.ts';
import { fullName, tryParseImageName } from '../oci/imageName.ts';

/** An image and its names. */
export type NamedImage = Pick<ImageSummary, 'id' | 'tags'>;

/** Says which image has a name, in whatever form it is written. */
export type NameOwners = (name: string) => NamedImage | undefined;

/** Looks the names up once: an archive may bring ten thousand of them to an engine that has a thousand images. */
export function nameOwners(images: readonly NamedImage[]): NameOwners {
  const owners = new Map<string, NamedImage>();
  for (const image of images) for (const tag of image.tags) owners.set(canonical(tag), image);
  return (name) => owners.get(canonical(name));
}

function canonical(name: string): string {
  const parsed = tryParseImageName(name);
  return parsed === undefined ? name : fullName(parsed);
}
