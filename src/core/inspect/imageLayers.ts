import type { Digest } from '../digest.ts';
import { instructionOf, type Instruction } from '../dockerfile/instruction.ts';
import type { CallOptions, Engine } from '../engine/engine.ts';
import type { HistoryEntry } from '../engine/records.ts';

/** Whether a step made a layer of files. `unknown` where what the engine tells leaves both possible. */
export type LayerFill = 'filled' | 'empty' | 'unknown';

/** A step of an image's making, or a layer of which the history says nothing. */
export interface ImageLayer {
  /** Absent for a layer that the history does not mention. */
  readonly entry?: HistoryEntry;
  readonly instruction: Instruction;
  readonly fill: LayerFill;
  /** The layer that the step made, given only where no other reading of the history is possible. */
  readonly diffId?: Digest;
}

/** Asks an engine for both and puts them together. Rejects as its calls do. */
export async function readImageLayers(
  { images }: Pick<Engine, 'images'>,
  ref: string,
  options?: CallOptions,
): Promise<readonly ImageLayer[]> {
  const [history, { diffIds }] = await Promise.all([
    images.history(ref, options),
    images.inspect(ref, options),
  ]);
  return imageLayers(history, diffIds);
}

/**
 * Puts an image's history and its layers together, newest first.
 *
 * @param history newest first, as the engine gives it; may be empty or shorter than the layers.
 * @param diffIds bottom layer first.
 *
 * The engine API leaves out which steps are empty (`empty_layer` of the image config, image-spec v1.1 config.md), and
 * a layer of files can have size 0. So:
 * 1. A size above 0 is a filled step; an instruction that only changes the config is an empty one; the rest is open.
 * 2. As many steps are filled as there are layers. Where that number leaves one choice for all open steps, it is made.
 * 3. A filled step gets the diffID of its place among the filled. Below it, between `fewest` and `most` steps are
 *    filled, depending on the open ones below and above; only where these are equal is the place certain.
 * 4. Where the numbers can't agree, no pair is certain. Layers beyond all steps are given without an entry, last,
 *    since it is a base image whose history was dropped that brings them about.
 */
export function imageLayers(
  history: readonly HistoryEntry[],
  diffIds: readonly Digest[],
): readonly ImageLayer[] {
  const steps = history.map((entry) => {
    const instruction = instructionOf(entry.createdBy, entry.comment);
    return { entry, instruction, fill: fillOf(entry, instruction) };
  });
  const filled = countOf(steps, 'filled');
  const open = countOf(steps, 'unknown');
  const openFilled = diffIds.length - filled;

  if (openFilled < 0) return steps;
  if (openFilled > open) return [...steps, ...layersWithoutHistory(diffIds, filled + open)];

  const settled = openFilled === 0 ? 'empty' : openFilled === open ? 'filled' : 'unknown';
  let filledBelow = filled;
  let openBelow = open;
  return steps.map((step) => {
    if (step.fill === 'filled') filledBelow -= 1;
    if (step.fill === 'unknown') openBelow -= 1;
    const fill = step.fill === 'unknown' ? settled : step.fill;
    if (fill !== 'filled') return { ...step, fill };
    const openAbove = open - openBelow - (step.fill === 'unknown' ? 1 : 0);
    const openFilledElsewhere = openFilled - (step.fill === 'unknown' ? 1 : 0);
    const fewest = filledBelow + Math.max(0, openFilledElsewhere - openAbove);
    const most = filledBelow + Math.min(openBelow, openFilledElsewhere);
    const diffId = fewest === most ? diffIds[fewest] : undefined;
    return { ...step, fill, ...(diffId === undefined ? {} : { diffId }) };
  });
}

function fillOf(entry: HistoryEntry, instruction: Instruction): LayerFill {
  if (entry.sizeBytes > 0) return 'filled';
  return instruction.isMetadataOnly ? 'empty' : 'unknown';
}

function countOf(steps: readonly { readonly fill: LayerFill }[], fill: LayerFill): number {
  return steps.reduce((count, step) => count + (step.fill === fill ? 1 : 0), 0);
}

/** The layers that no step can have made; which ones they are is certain only when no step made any. */
function layersWithoutHistory(diffIds: readonly Digest[], explained: number): ImageLayer[] {
  const instruction = instructionOf('', '');
  return diffIds
    .slice(explained)
    .map((_, index): ImageLayer => {
      const diffId = explained === 0 ? diffIds[index] : undefined;
      return { instruction, fill: 'filled', ...(diffId === undefined ? {} : { diffId }) };
    })
    .reverse();
}
