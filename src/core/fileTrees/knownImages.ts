import type { Digest } from '../digest.ts';
import type { LayeredImage, ListedLayer } from '../layers/layeredImage.ts';

/** Where layers may be listed already, so that the engine need not send them: open vaults. */
export interface KnownImages {
  /** An image by the ID that its engine gave it; of several platforms the one with these layers. */
  image(
    id: Digest,
    diffIds: readonly Digest[] | undefined,
    signal: AbortSignal,
  ): Promise<LayeredImage | undefined>;
  layer(diffId: Digest, signal: AbortSignal): Promise<ListedLayer | undefined>;
}
