import { tarEnd } from '../archive/tarWriter.ts';
import { DrydockError } from '../errors.ts';
import { isSameName } from '../oci/imageName.ts';
import type { CallOptions, Engine } from './engine.ts';

type Images = Engine['images'];

/**
 * Takes a name that Drydock made up, and that an image may have been pushed by, from the image, and leaves the image
 * whatever happens: engines remove one with its last name, and somebody may have taken the others away meanwhile. Then
 * the image is kept by a second name in another repository. The first has to be removed from this very image: only so
 * does a classic store forget the digest that was pushed by it.
 *
 * A name that nobody has is no failure, and may be taken away once more by who was killed at it.
 */
export async function takeNameAway(
  { images }: Pick<Engine, 'images'>,
  name: string,
  options: CallOptions = {},
): Promise<void> {
  const keeper = name.replace(/(?=:[^:/]+$)/, '-kept');
  const tags = await tagsOf(images, name, options);
  const others = tags?.filter((tag) => !isSameName(tag, name));
  if (others?.length === 0) await images.tag(name, keeper, options);
  if (tags !== undefined) await removeName(images, name, options);
  const isKept = others === undefined || others.length === 0 || others.some((tag) => isSameName(tag, keeper));
  if (isKept) await takeFromImage(images, keeper, options);
}

/** Takes away what may be an image's last name: it goes to an empty image first, and goes with that. */
async function takeFromImage(images: Images, name: string, options: CallOptions): Promise<void> {
  const emptyName = `${name}-empty`;
  const tags = await tagsOf(images, name, options);
  if (tags?.every((tag) => isSameName(tag, name)) === true) {
    await removeName(images, emptyName, options);
    // With a name of its own at first: on the containerd store of Docker 26 an import removes the image whose last name
    // it takes, where a tag leaves it without one.
    await images.importRootfs(emptyTar(), { name: emptyName }, options);
    await images.tag(emptyName, name, options);
  }
  if (tags !== undefined) await removeName(images, name, options);
  await removeName(images, emptyName, options);
}

async function tagsOf(
  images: Images,
  name: string,
  options: CallOptions,
): Promise<readonly string[] | undefined> {
  return (await ifThere(images.inspect(name, options)))?.tags;
}

async function removeName(images: Images, name: string, options: CallOptions): Promise<void> {
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
