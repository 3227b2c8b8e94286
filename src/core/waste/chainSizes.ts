import { instructionOf } from '../dockerfile/instruction.ts';
import type { HistoryEntry } from '../engine/records.ts';

/** A number of bytes, or what it lies between where the engine does not tell enough. */
export interface ByteRange {
  readonly leastBytes: number;
  readonly mostBytes: number;
}

export const noBytes: ByteRange = { leastBytes: 0, mostBytes: 0 };

export function sumOf(ranges: Iterable<ByteRange>): ByteRange {
  let [leastBytes, mostBytes] = [0, 0];
  for (const range of ranges) {
    leastBytes += range.leastBytes;
    mostBytes += range.mostBytes;
  }
  return { leastBytes, mostBytes };
}

/** What is left of `whole` without `part`, which is in it. */
export function without(whole: ByteRange, part: ByteRange): ByteRange {
  return {
    leastBytes: Math.max(0, whole.leastBytes - part.mostBytes),
    mostBytes: Math.max(0, whole.mostBytes - part.leastBytes),
  };
}

/**
 * What the lowest 1, 2, … layers take together. The engine gives sizes of steps and leaves out which of them made no
 * layer, so a step of 0 bytes may be either (`imageLayers.ts` tells more):
 * 1. A size above 0 is a layer; an instruction that only changes the config is none; of the rest as many are layers as
 *    are lacking.
 * 2. With the earliest of these as layers the sums are the least they can be, with the last ones the most.
 * 3. Where the numbers can't agree, only the whole is known.
 *
 * @param history newest first, as the engine gives it.
 * @param totalBytes all layers, as the engine states it; for what the history does not explain.
 */
export function prefixSizes(
  layerCount: number,
  history: readonly HistoryEntry[],
  totalBytes: number,
): readonly ByteRange[] {
  const steps = history.toReversed().filter((step) => !isEmpty(step));
  const lacking = layerCount - steps.filter(({ sizeBytes }) => sizeBytes > 0).length;
  const open = steps.filter(({ sizeBytes }) => sizeBytes === 0).length;
  if (lacking < 0 || lacking > open) {
    const unknown = { leastBytes: 0, mostBytes: totalBytes };
    const whole = { leastBytes: totalBytes, mostBytes: totalBytes };
    return Array.from({ length: layerCount }, (_, at) => (at === layerCount - 1 ? whole : unknown));
  }
  const least = sumsOf(steps, (nth) => nth < lacking);
  const most = sumsOf(steps, (nth) => nth >= open - lacking);
  return least.map((leastBytes, at) => ({ leastBytes, mostBytes: most[at] ?? leastBytes }));
}

function isEmpty({ sizeBytes, createdBy, comment }: HistoryEntry): boolean {
  return sizeBytes === 0 && instructionOf(createdBy, comment).isMetadataOnly;
}

/** Running sums over the steps that are layers; of those with 0 bytes, the ones that `isLayer` takes by their number. */
function sumsOf(steps: readonly HistoryEntry[], isLayer: (nth: number) => boolean): readonly number[] {
  const sums: number[] = [];
  let nth = 0;
  for (const { sizeBytes } of steps) {
    if (sizeBytes === 0 && !isLayer(nth++)) continue;
    sums.push((sums.at(-1) ?? 0) + sizeBytes);
  }
  return sums;
}
