import type { Digest } from '../digest.ts';
import { diffIdsOf } from '../oci/diffIds.ts';
import type { ImageConfig } from '../oci/manifest.ts';

/** A step of an image's history as the engine tells it. */
export interface HistoryStep {
  /** From 0, the oldest; undefined for a layer that the history does not mention. */
  readonly height: number | undefined;
  /** How many steps the engine tells of. */
  readonly count: number;
  /** The layer that it made, where the engine's answer leaves no other. */
  readonly diffId?: Digest;
}

/** A layer's place from 0, the bottom one; or why there is none. */
export type LayerPlace = number | 'empty' | 'unknown';

/**
 * The layer that a step made. The config says what the engine's history leaves out: which steps made none (image-spec
 * v1.1 config.md, `empty_layer`). Where it has other steps than the engine tells of, only a diffID decides.
 */
export function layerPlace(config: ImageConfig, { height, count, diffId }: HistoryStep): LayerPlace {
  const diffIds = diffIdsOf(config);
  const fills = (config.history ?? []).map((step) => step.empty_layer !== true);
  const filled = fills.filter((isFilled) => isFilled).length;
  if (height !== undefined && fills.length === count && filled === diffIds.length) {
    if (fills[height] !== true) return 'empty';
    return fills.slice(0, height).filter((isFilled) => isFilled).length;
  }
  const places = [...diffIds.keys()].filter((place) => diffId !== undefined && diffIds[place] === diffId);
  return places.length === 1 ? (places[0] ?? 'unknown') : 'unknown';
}
