import type { Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import type { EngineInfo } from '../engine/records.ts';
import { DrydockError } from '../errors.ts';
import type { CancelOptions } from '../vault/blobStore.ts';

export interface ImageToFind {
  /** The ID that it has there. */
  readonly id: Digest;
  /** Manifests of it that are to be there with all their blobs, as far as they are known. */
  readonly manifests: readonly Digest[];
  /** Whether the engine lists it. */
  readonly isListed: boolean;
}

/**
 * Whether an engine has an image, so that nothing of it must be sent. Engines leave images without a name out of their
 * list when others stand on them. A containerd store lists one as well of which it lacks a platform or a blob, so it is
 * asked for the manifests, where it tells. Rejects with the engine's failures.
 */
export async function isOnEngine(
  { engine, info }: { readonly engine: Pick<Engine, 'images'>; readonly info: EngineInfo },
  { id, manifests, isListed }: ImageToFind,
  cancel: CancelOptions = {},
): Promise<boolean> {
  const withManifests = info.imageStore === 'containerd' && manifests.length > 0;
  if (isListed && !withManifests) return true;
  try {
    const { presentManifests } = await engine.images.inspect(id, { ...cancel, withManifests });
    return presentManifests === undefined || manifests.every((one) => presentManifests.includes(one));
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'engineNotFound') return false;
    throw error;
  }
}
