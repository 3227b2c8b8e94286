import { tarEnd } from '../archive/tarWriter.ts';
import { DrydockError } from '../errors.ts';
import { isSameName } from '../oci/imageName.ts';
import type { CallOptions, Engine } from './engine.ts';

/**
 * Takes a name that Drydock made up from an image, and leaves the image whatever happens: engines remove one with its
 * last name, and somebody may have taken the others away meanwhile. Then the name goes to an empty image first, and
 * goes with that. A name that nobody has is no failure.
 */
export async function takeNameAway(
  { images }: Pick<Engine, 'images'>,
  name: string,
  options: CallOptions = {},
): Promise<void> {
  try {
    const { tags } = await images.inspect(name, options);
    if (tags.every((tag) => isSameName(tag, name))) await images.importRootfs(emptyTar(), { name }, options);
    await images.remove(name, options);
  } catch (error) {
    if (!(error instanceof DrydockError && error.code === 'engineNotFound')) throw error;
  }
}

async function* emptyTar(): AsyncGenerator<Uint8Array, void, undefined> {
  yield await Promise.resolve(tarEnd);
}
