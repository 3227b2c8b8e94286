import type { Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import { withoutHelpers } from '../engine/helperLabel.ts';
import type { ImageStoreKind, ImageSummary } from '../engine/records.ts';
import { DrydockError } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { StoredImage } from '../waste/sharedLayers.ts';
import { imageUsers } from './usersIndex.ts';

/** How many images an engine is asked for at once. */
const atOnce = 8;

export interface StoredImages {
  readonly store: ImageStoreKind;
  readonly images: readonly StoredImage[];
}

/**
 * Asks the engine for the layers of all of its images. One that goes away meanwhile is left out.
 * Rejects with the engine's failures, or with an AbortError.
 */
export async function readStoredImages(
  engine: Pick<Engine, 'info'> & {
    readonly images: Pick<Engine['images'], 'list' | 'inspect' | 'history'>;
    readonly containers: Pick<Engine['containers'], 'list'>;
  },
  { signal, progress }: Operation,
): Promise<StoredImages> {
  const [{ imageStore }, listed, users] = await Promise.all([
    engine.info({ signal }),
    engine.images.list({ signal }),
    engine.containers.list({ signal }).then(imageUsers),
  ]);
  const summaries = distinct(withoutHelpers(listed));
  const read = async ({
    id,
    tags,
    createdAtMs,
    sizeBytes,
  }: ImageSummary): Promise<StoredImage | undefined> => {
    try {
      const [{ diffIds }, history] = await Promise.all([
        engine.images.inspect(id, { signal }),
        engine.images.history(id, { signal }),
      ]);
      return { id, tags, createdAtMs, sizeBytes, diffIds, history, containers: users.get(id) ?? [] };
    } catch (error) {
      if (error instanceof DrydockError && error.code === 'engineNotFound') return undefined;
      throw error;
    }
  };
  const images: StoredImage[] = [];
  for (let at = 0; at < summaries.length; at += atOnce) {
    signal.throwIfAborted();
    progress.report({ phase: 'reading', item: `${at + 1}/${summaries.length}` });
    const some = await Promise.all(summaries.slice(at, at + atOnce).map(read));
    images.push(...some.filter((image) => image !== undefined));
  }
  return { store: imageStore, images };
}

/** Podman lists an image once for each of its names. */
function distinct(summaries: readonly ImageSummary[]): readonly ImageSummary[] {
  return [...new Map<Digest, ImageSummary>(summaries.map((image) => [image.id, image])).values()];
}
