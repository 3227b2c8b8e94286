import { tarEnd } from '../archive/tarWriter.ts';
import { DrydockError } from '../errors.ts';
import { isSameName } from '../oci/imageName.ts';
import type { CallOptions, Engine } from './engine.ts';

/**
 * Takes a name that Drydock made up from an image, and leaves the image whatever happens: engines remove one with its
 * last name, and somebody may have taken the others away meanwhile. Then the name goes to an empty image first, and
 * goes with that. A name that nobody has is no failure, and may be taken away once more by who was killed at it.
 */
export async function takeNameAway(
  { images }: Pick<Engine, 'images'>,
  name: string,
  options: CallOptions = {},
): Promise<void> {
  const emptyName = `${name}-empty`;
  const remove = (gone: string): Promise<void> => removeName({ images }, gone, options);
  const tags = await ifThere(images.inspect(name, options).then((details) => details.tags));
  const others = tags?.filter((tag) => !isSameName(tag, name));
  if (others?.length === 0) {
    await remove(emptyName);
    // With a name of its own at first: on the containerd store of Docker 26 an import removes the image whose last name
    // it takes, where a tag leaves it without one.
    await images.importRootfs(emptyTar(), { name: emptyName }, options);
    await images.tag(emptyName, name, options);
  }
  if (tags !== undefined) await remove(name);
  const isLeft = others?.every((tag) => isSameName(tag, emptyName)) ?? true;
  if (isLeft) await remove(emptyName);
}

async function removeName(
  { images }: Pick<Engine, 'images'>,
  name: string,
  options: CallOptions,
): Promise<void> {
  await ifThere(images.remove(name, options));
}

async function ifThere<T>(ask: Promise<T>): Promise<T | undefined> {
  try {
    return await ask;
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'engineNotFound') return undefined;
    throw error;
  }
}

async function* emptyTar(): AsyncGenerator<Uint8Array, void, undefined> {
  yield await Promise.resolve(tarEnd);
}
