/**
 * Which instruction of a Dockerfile made which step of an image's history. Nothing is guessed: where the history fits in
 * two ways equally well, both ways are given up for the lines concerned.
 */
import { alignSteps } from './alignSteps.ts';
import {
  baseStepsOf,
  givenArguments,
  stepsOfTriggers,
  triggersIn,
  type BuildStep,
  isFiller,
  isSquash,
} from './buildFacts.ts';
import { likeness, prepareLine, weightOf, type Likeness, type StepConfidence } from './compareStep.ts';
import { expectedSteps, mayHaveFiles, type ExpectedStep } from './expectedSteps.ts';
import type { Instruction } from './instruction.ts';
import type { Dockerfile } from './parseDockerfile.ts';
import type { WrittenInstruction } from './readInstructions.ts';
import { mostSteps, readSteps } from './readSteps.ts';

export type LineMatch =
  /** `step` is the place in the history, the oldest at 0. */
  | { readonly kind: 'matched'; readonly step: number; readonly confidence: StepConfidence }
  /** It stands where another instruction stood when the image was built, which made `step`. */
  | { readonly kind: 'changed'; readonly step: number }
  /** The image has no step of it: it is new, or was changed together with others. */
  | { readonly kind: 'missing' }
  /** Equal instructions stand together, so that it can't be told which step is whose. */
  | { readonly kind: 'unclear' }
  /** Its builder leaves no step of such instructions. */
  | { readonly kind: 'silent' };

export interface MatchedLine {
  readonly instruction: WrittenInstruction;
  /** Place of the stage in the file. */
  readonly stage: number;
  readonly match: LineMatch;
}

/**
 * `exact`: every instruction has its step in full, and no step is left over. `likely`: as `exact`, but some builder
 * noted only a part, such as where files were copied to. `edited`: most do, others were changed since. `none`: this
 * is hardly the image.
 */
export type MatchConfidence = 'exact' | 'likely' | 'edited' | 'none';

export interface HistoryMatch {
  /** Instructions of the stages that the image consists of, in their order, without the FROMs. */
  readonly lines: readonly MatchedLine[];
  readonly confidence: MatchConfidence;
  /** How many of the first steps are the base image's; undefined where that is not known. */
  readonly baseSteps?: number;
  /** Steps above the base that no instruction makes any more. */
  readonly leftOver: readonly number[];
  /** Whether the base that was given is not below this image: it was updated since, or this is another image. */
  readonly isOnOtherBase: boolean;
  /** To compare matches of several images with one Dockerfile. */
  readonly worth: number;
}

export interface MatchInput {
  readonly dockerfile: Dockerfile;
  /** Place of the stage that the build ended with. */
  readonly stage: number;
  /** Oldest first. */
  readonly steps: readonly BuildStep[];
  /** The history of the image that the first stage is FROM, oldest first, where it is at hand. */
  readonly base?: readonly BuildStep[];
  /** What that image runs in builds on it (`OnBuild` of its config); without it, as its history tells. */
  readonly triggers?: readonly string[];
}

export function matchHistory({ dockerfile, stage, steps, base, triggers }: MatchInput): HistoryMatch {
  const { read, prepared: all } = readSteps(steps);
  const baseSteps = baseStepsOf(dockerfile, stage, steps, base);
  const own = read.slice(baseSteps ?? 0);
  const given = givenArguments(own);
  const isOnOtherBase = base !== undefined && baseSteps !== base.length;
  const known = baseSteps === undefined ? undefined : read.slice(0, baseSteps);
  const expected = expectedSteps(dockerfile, stage, given, known);
  if (expected.length > mostSteps || steps.length > mostSteps) return untold(expected, isOnOtherBase);
  const prepared = all.slice(baseSteps ?? 0);
  const found = expected.map(prepareLine).map((row) => prepared.map((step) => likeness(row, step)));
  const ownSteps = steps.slice(baseSteps ?? 0);
  const hasFillers = ownSteps.some(isFiller);
  const free = new Set([
    ...stepsOfTriggers(own, triggers ?? triggersIn(known ?? [])),
    ...ownSteps.flatMap((step, at) => (isFiller(step) || isSquash(step) ? [at] : [])),
  ]);
  const lastLabels = prepared.findLastIndex(({ keyword }, at) => keyword !== 'LABEL' && !free.has(at)) + 1;

  const alignment = alignSteps({
    rows: expected.length,
    columns: prepared.length,
    worth: (row, column) => found[row]?.[column]?.weight,
    rowCost: (row) => (expected[row]?.mayBeSilent === true ? 0 : 1),
    leadCost: (column) => (baseSteps === undefined || free.has(column) ? 0 : 1),
    // Labels that are given to the build become its last steps.
    columnCost: (column) => (column >= lastLabels || free.has(column) ? 0 : 1),
  });
  const offset = baseSteps ?? 0;
  const matches = withNeighbours(expected, alignment.partners, found, own, free, known !== undefined);
  // With fillers the layers of a build do not pair with its steps.
  const told = hasFillers ? matches.map(withoutLayer(expected)) : matches;
  const taken = new Set(matches.flatMap((match) => ('step' in match ? [match.step] : [])));
  const first = matches.find((match) => match.kind === 'matched')?.step ?? prepared.length;
  const hasUnclear = matches.some(({ kind }) => kind === 'unclear');
  const leftOver = prepared.flatMap((_, at) => {
    const isOwn = baseSteps !== undefined || at > first;
    return !isOwn || taken.has(at) || free.has(at) || at >= lastLabels || hasUnclear ? [] : [at + offset];
  });
  const isBesideTheImage =
    known === undefined &&
    !isSettled(
      matches,
      prepared.map(({ text }) => text),
      first,
    );
  return {
    lines: expected.map(({ instruction, stage: place }, at) => ({
      instruction,
      stage: place,
      match: shifted(isBesideTheImage ? { kind: 'unclear' } : (told[at] ?? { kind: 'missing' }), offset),
    })),
    confidence: isBesideTheImage
      ? 'none'
      : confidenceOf(expected, matches, found, {
          leftOver: leftOver.length,
          isBaseKnown: known !== undefined,
          isOnOtherBase,
          hasFillers,
        }),
    isOnOtherBase,
    ...(baseSteps === undefined ? {} : { baseSteps }),
    leftOver: isBesideTheImage ? [] : leftOver,
    worth: alignment.worth - (isOnOtherBase ? 1 : 0),
  };
}

/** Of what is too long to be compared as a whole, a part would prove nothing. */
function untold(expected: readonly ExpectedStep[], isOnOtherBase: boolean): HistoryMatch {
  return {
    lines: expected.map(({ instruction, stage }) => ({ instruction, stage, match: { kind: 'unclear' } })),
    confidence: 'none',
    leftOver: [],
    isOnOtherBase,
    worth: -Infinity,
  };
}

/** Nothing is said of a line that may have made a layer. */
function withoutLayer(expected: readonly ExpectedStep[]): (match: LineMatch, at: number) => LineMatch {
  return (match, at) => (mayHaveFiles(expected[at]?.keyword ?? '') ? { kind: 'unclear' } : match);
}

/** Lines without a partner between two that have one, with as many steps left between those, were changed. */
function withNeighbours(
  expected: readonly ExpectedStep[],
  partners: readonly (number | 'none' | 'unclear')[],
  found: readonly (readonly (Likeness | undefined)[])[],
  own: readonly Instruction[],
  free: ReadonlySet<number>,
  isBaseKnown: boolean,
): readonly LineMatch[] {
  const matches = partners.map((partner, row): LineMatch => {
    if (partner === 'unclear') return { kind: 'unclear' };
    if (partner === 'none')
      return expected[row]?.mayBeSilent === true ? { kind: 'silent' } : { kind: 'missing' };
    return { kind: 'matched', step: partner, confidence: found[row]?.[partner]?.confidence ?? 'likely' };
  });
  for (let row = 0; row < matches.length; row++) {
    if (matches[row]?.kind !== 'missing') continue;
    let end = row;
    while (matches[end]?.kind === 'missing') end += 1;
    const below = row === 0 && isBaseKnown ? -1 : placeOf(matches[row - 1]);
    const above = end === matches.length ? own.length : placeOf(matches[end]);
    if (below !== undefined && above !== undefined) {
      const between = Array.from({ length: above - below - 1 }, (_, at) => below + 1 + at);
      const steps = between.filter((step) => !free.has(step));
      const isReplaced =
        steps.length === end - row &&
        steps.every((step, at) => own[step]?.keyword === expected[row + at]?.keyword);
      if (isReplaced) steps.forEach((step, at) => (matches[row + at] = { kind: 'changed', step }));
    }
    row = end;
  }
  return matches;
}

function placeOf(match: LineMatch | undefined): number | undefined {
  return match?.kind === 'matched' ? match.step : undefined;
}

/**
 * Where the base ends is not known here, so steps below the first pair count as the base's. When the file was edited,
 * and the step just below is the same as the first pair's, that may as well be the one that was taken out.
 */
function isSettled(matches: readonly LineMatch[], steps: readonly string[], first: number): boolean {
  if (first === 0 || first >= steps.length || steps[first - 1] !== steps[first]) return true;
  return matches.every(({ kind }) => kind === 'matched' || kind === 'silent');
}

/** What has to agree before an image counts as built from a file. */
const leastEvidence = 5;

function confidenceOf(
  expected: readonly ExpectedStep[],
  matches: readonly LineMatch[],
  found: readonly (readonly (Likeness | undefined)[])[],
  history: {
    readonly leftOver: number;
    readonly isBaseKnown: boolean;
    readonly isOnOtherBase: boolean;
    readonly hasFillers: boolean;
  },
): MatchConfidence {
  let evidence = history.isBaseKnown ? 3 : 0;
  let agreed = 0;
  let total = 0;
  let isWhole = history.leftOver === 0 && !history.hasFillers;
  let isExact = !history.isOnOtherBase;
  for (const [row, match] of matches.entries()) {
    if (match.kind === 'silent') continue;
    const weight = weightOf(expected[row]?.keyword ?? '');
    total += weight;
    if (match.kind === 'matched') {
      agreed += weight;
      evidence += found[row]?.[match.step]?.weight ?? 0;
      if (match.confidence !== 'exact') isExact = false;
    } else isWhole = false;
  }
  if (total === 0 || evidence < leastEvidence || agreed * 2 < total) return 'none';
  if (!isWhole) return 'edited';
  return isExact ? 'exact' : 'likely';
}

function shifted(match: LineMatch, offset: number): LineMatch {
  return 'step' in match ? { ...match, step: match.step + offset } : match;
}
