import type { Engine } from '../core/engine/engine.ts';
import type { LayerSharing } from '../core/waste/sharedLayers.ts';

export interface SharingDeps {
  readonly engine: () => Engine;
  /** Settles once the engine is chosen; a page that comes back after a reload waits for it. */
  readonly ready: Promise<unknown>;
}

/** Which images of the engine in use share layers. Rejects with the engine's failures, or once `signal` is aborted. */
export async function sharingInEngine(
  { engine, ready }: SharingDeps,
  signal: AbortSignal,
): Promise<LayerSharing> {
  await ready;
  const [{ readStoredImages }, { sharedLayers }] = await Promise.all([
    import('../core/inspect/imageSharing.ts'),
    import('../core/waste/sharedLayers.ts'),
  ]);
  const { images, store } = await readStoredImages(engine(), {
    signal,
    progress: { report: () => undefined },
  });
  return sharedLayers(images, store);
}
