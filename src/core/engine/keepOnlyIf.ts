import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { isSameName } from '../oci/imageName.ts';
import type { ImageStore } from './engine.ts';
import type { ImageSummary } from './records.ts';

export interface MadeImage {
  readonly id: Digest;
  /** The name it gets when it has passed. */
  readonly name: string | undefined;
}

/**
 * Runs the checks on an image that was just made and then gives it its name. If they fail or are cancelled, the
 * image is removed and the name is with the image that had it. What the checks threw is thrown on; if undoing fails
 * too, both are in an AggregateError's `errors`.
 */
export async function keepOnlyIf<T>(
  images: ImageStore,
  { id, name }: MadeImage,
  signal: AbortSignal,
  checks: () => Promise<T>,
): Promise<T> {
  let previous: ImageSummary | undefined;
  try {
    const result = await checks();
    if (name !== undefined) {
      previous = await ownerOf(images, name, signal);
      signal.throwIfAborted();
      // Without the signal: after a call that broke off nobody could tell whose the name is.
      await images.tag(id, name);
      if ((await ownerOf(images, name))?.id !== id) {
        throw failure('loadMismatch', { name, reason: `the tag ${name} does not point to it` });
      }
    }
    return result;
  } catch (error) {
    await undo(images, { id, name }, previous).catch((undoError: unknown) => {
      throw new AggregateError([error, undoError], error instanceof Error ? error.message : String(error));
    });
    throw error;
  }
}

async function undo(
  images: ImageStore,
  { id, name }: MadeImage,
  previous: ImageSummary | undefined,
): Promise<void> {
  if (name !== undefined && previous !== undefined && previous.id !== id) {
    const now = await ownerOf(images, name);
    if (now === undefined || now.id === id) await images.tag(previous.id, name);
  }
  await images.remove(id, { force: true });
}

async function ownerOf(
  images: ImageStore,
  name: string,
  signal?: AbortSignal,
): Promise<ImageSummary | undefined> {
  const all = await images.list(signal && { signal });
  return all.find(({ tags }) => tags.some((tag) => isSameName(tag, name)));
}
