import type { Engine } from '../core/engine/engine.ts';
import { familiarName, isSameName, parseImageName } from '../core/oci/imageName.ts';
import type { Arguments } from './arguments.ts';
import { asUsage, tagsWouldMove } from './failures.ts';

/** The name for a new image as Docker spells it; a wrong one is a wrong command line. */
export function newImageName(text: string): string {
  return asUsage(() => familiarName(parseImageName(text)));
}

/** Refuses a name that an image has already, unless `--move-tags` allows to take it away. */
export async function requireFreeName(
  engine: Engine,
  name: string,
  args: Arguments,
  signal: AbortSignal,
): Promise<void> {
  if (args.isSet('move-tags')) return;
  const images = await engine.images.list({ signal });
  const owner = images.find(({ tags }) => tags.some((tag) => isSameName(tag, name)));
  if (owner === undefined) return;
  throw tagsWouldMove('The new image', [{ tag: name, currentId: owner.id }], '--move-tags to allow it');
}
