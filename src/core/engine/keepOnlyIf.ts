import type { Digest } from '../digest.ts';
import type { ImageStore } from './engine.ts';

/**
 * Runs the checks on an image that was just made, and removes the image if they fail or are cancelled. What the
 * checks threw is thrown on; if removing fails too, both are in an AggregateError's `errors`.
 */
export async function keepOnlyIf<T>(images: ImageStore, id: Digest, checks: () => Promise<T>): Promise<T> {
  try {
    return await checks();
  } catch (error) {
    await images.remove(id, { force: true }).catch((removeError: unknown) => {
      throw new AggregateError([error, removeError], error instanceof Error ? error.message : String(error));
    });
    throw error;
  }
}
