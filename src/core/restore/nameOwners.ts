import type { ImageSummary } from '../engine/records.ts';
import { fullName, tryParseImageName } from '../oci/imageName.ts';

/** Says which image has a name, in whatever form it is written. */
export type NameOwners = (name: string) => ImageSummary | undefined;

/** Looks the names up once: an archive may bring ten thousand of them to an engine that has a thousand images. */
export function nameOwners(images: readonly ImageSummary[]): NameOwners {
  const owners = new Map<string, ImageSummary>();
  for (const image of images) for (const tag of image.tags) owners.set(canonical(tag), image);
  return (name) => owners.get(canonical(name));
}

function canonical(name: string): string {
  const parsed = tryParseImageName(name);
  return parsed === undefined ? name : fullName(parsed);
}
