import type { Digest } from '../digest.ts';
import type { WasteAnalysis } from './analyzeWaste.ts';

/** The waste of an image, told apart by who can do something about it. */
export interface BaseShare {
  /** How many layers, from the bottom, are the base image's. */
  readonly layerCount: number;
  readonly baseBytes: number;
  readonly ownBytes: number;
  /** Brought and made useless by layers of the base image: only its makers can save them. */
  readonly wastedInBase: number;
  /** Brought by the base image, replaced or deleted by layers above it. */
  readonly hiddenOfBase: number;
  /** Brought by the image's own layers. */
  readonly wastedInOwn: number;
}

/** How many of an image's layers are those of `base`; undefined when it was not built on that. */
export function baseLayerCount(diffIds: readonly Digest[], base: readonly Digest[]): number | undefined {
  const isBelow = base.length <= diffIds.length && base.every((diffId, at) => diffId === diffIds[at]);
  return isBelow ? base.length : undefined;
}

export function baseShare({ layers, wasted }: WasteAnalysis, layerCount: number): BaseShare {
  const bytesOf = (some: readonly { readonly sizeBytes: number }[]): number =>
    some.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const ofBase = wasted.filter(({ from }) => from < layerCount);
  return {
    layerCount,
    baseBytes: bytesOf(layers.slice(0, layerCount)),
    ownBytes: bytesOf(layers.slice(layerCount)),
    wastedInBase: bytesOf(ofBase.filter(({ by }) => by < layerCount)),
    hiddenOfBase: bytesOf(ofBase.filter(({ by }) => by >= layerCount)),
    wastedInOwn: bytesOf(wasted.filter(({ from }) => from >= layerCount)),
  };
}
