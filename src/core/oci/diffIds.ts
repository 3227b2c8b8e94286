import type { Digest } from '../digest.ts';
import type { ImageConfig } from './manifest.ts';

/** The diffIDs of an image's layers, bottom first. */
export function diffIdsOf(config: ImageConfig): readonly Digest[] {
  return config.rootfs?.diff_ids ?? [];
}
