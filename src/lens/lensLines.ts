/** What is to be said above each line of a Dockerfile. Plain data, without words. */
import type { Digest } from '../core/digest.ts';
import { mayHaveFiles } from '../core/dockerfile/expectedSteps.ts';
import type { HistoryMatch, MatchedLine } from '../core/dockerfile/matchHistory.ts';
import type { ImageSummary } from '../core/engine/records.ts';
import type { ImageHistory, ImageParts } from './imageHistories.ts';
import type { LayerFigures } from './layerFigures.ts';

/** A stage, the image that was built up to it, and what is known of that. */
export interface LensPart {
  readonly stage: number;
  readonly image: Pick<ImageSummary, 'id' | 'tags' | 'createdAtMs' | 'sizeBytes'>;
  readonly match: HistoryMatch;
  readonly history: ImageHistory;
  /** Absent until the engine has answered. */
  readonly parts?: ImageParts;
  /** By the layer's place; absent while nobody has looked inside. */
  readonly figures?: readonly LayerFigures[];
  /** The layer that each step made, oldest first, as the image's config has it. */
  readonly places?: readonly (number | undefined)[];
}

export interface LineLayer {
  /** From 0, the bottom one; absent where it can't be told. */
  readonly place?: number;
  readonly sizeBytes: number;
  readonly figures?: LayerFigures;
  /** Whether it holds what the steps before it made, too: builds without layers in between. */
  readonly isJoint: boolean;
}

export interface LensLine {
  readonly imageId: Digest;
  readonly line: MatchedLine;
  /** What the engine's history says of its step. */
  readonly step?: ImageHistory['steps'][number];
  /** Absent where the step made no layer, and where there is no step. */
  readonly layer?: LineLayer;
}

/** One entry for each instruction that one of `parts` speaks of; the first that does has it. */
export function lensLines(parts: readonly LensPart[]): readonly LensLine[] {
  const lines = new Map<number, LensLine>();
  for (const part of parts)
    for (const line of part.match.lines)
      if (!lines.has(line.instruction.firstLine)) lines.set(line.instruction.firstLine, lensLine(part, line));
  return [...lines.values()].sort((a, b) => a.line.instruction.firstLine - b.line.instruction.firstLine);
}

function lensLine(part: LensPart, line: MatchedLine): LensLine {
  const { match } = line;
  if (!('step' in match)) return { imageId: part.image.id, line };
  const step = part.history.steps[match.step];
  const layer = step && layerOf(part, match.step, line.instruction, step.sizeBytes);
  return { imageId: part.image.id, line, ...(step && { step }), ...(layer && { layer }) };
}

function layerOf(
  { parts, figures, places }: LensPart,
  step: number,
  { keyword }: MatchedLine['instruction'],
  told: number,
): LineLayer | undefined {
  const made = parts?.layers[step];
  const isOfFiles = made === undefined ? mayHaveFiles(keyword) : made.fill !== 'empty';
  if (told === 0 && (places === undefined ? !isOfFiles : places[step] === undefined)) return undefined;
  const place = places?.[step] ?? (made?.diffId && onlyPlace(parts?.details.diffIds ?? [], made.diffId));
  const found = place === undefined ? undefined : figures?.[place];
  return {
    ...(place === undefined ? {} : { place }),
    sizeBytes: Math.max(told, found?.sizeBytes ?? 0),
    ...(found && { figures: found }),
    isJoint: made?.instruction.isMetadataOnly === true,
  };
}

function onlyPlace(diffIds: readonly Digest[], diffId: Digest): number | undefined {
  const place = diffIds.indexOf(diffId);
  return place === diffIds.lastIndexOf(diffId) && place !== -1 ? place : undefined;
}

export interface ConfigSteps {
  readonly history?: readonly { readonly empty_layer?: boolean | undefined }[] | null | undefined;
}

/**
 * The layer of each step, oldest first (image-spec v1.1 config.md, `empty_layer`); undefined where the config has
 * other steps than the engine tells of, or not one layer for each that is filled.
 */
export function stepPlaces(
  config: ConfigSteps,
  layerCount: number,
  stepCount: number,
): readonly (number | undefined)[] | undefined {
  const history = config.history ?? [];
  const filled = history.filter((step) => step.empty_layer !== true).length;
  if (history.length !== stepCount || filled !== layerCount) return undefined;
  let place = 0;
  return history.map((step) => (step.empty_layer === true ? undefined : place++));
}
