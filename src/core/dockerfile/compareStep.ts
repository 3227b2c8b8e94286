/** How well one step of a history is what an instruction of a Dockerfile makes. */
import { canonical, withoutFlags, withPlainBlanks } from './canonicalStep.ts';
import type { ExpectedStep } from './expectedSteps.ts';
import type { Instruction } from './instruction.ts';
import { anything } from './substitute.ts';

/** `exact`: the whole instruction is in the step. `likely`: as much of it as the builder noted, or as could be known. */
export type StepConfidence = 'exact' | 'likely';

export interface Likeness {
  readonly confidence: StepConfidence;
  /** How much it proves; two instructions are hardly the same by chance when it is 6. */
  readonly weight: number;
}

/** A step of a history, prepared for many comparisons. */
export interface PreparedStep {
  readonly keyword: string;
  readonly text: string;
  readonly plain: string;
  /** What the classic builder and buildah note of a copy: `file`, `dir` or `multi`, and where it went. */
  readonly copied?: { readonly kind: string; readonly target: string };
  readonly builder: Builder;
}

export type Builder = 'buildkit' | 'buildah' | 'classic';

export function prepareStep(instruction: Instruction, builder: Builder): PreparedStep {
  // A command without a shell, as the classic builder leaves of `RUN ["a", "b"]`.
  const keyword = instruction.keyword === '' ? 'RUN' : instruction.keyword;
  const operands = instruction.text.slice(instruction.keyword.length).trim();
  const text = canonical(keyword, operands);
  const [, kind, target] = /^(?:([a-z]+):)?[0-9a-f]{16,}(?: ([^]*))?$/.exec(withoutFlags(operands)) ?? [];
  const isCopy = (keyword === 'COPY' || keyword === 'ADD') && kind !== undefined;
  return {
    keyword,
    text,
    plain: withPlainBlanks(text),
    ...(isCopy ? { copied: { kind, target: target?.trim() ?? '' } } : {}),
    builder,
  };
}

/** Weight of what takes a whole instruction; the others are short, and the same in many images. */
const weights: Readonly<Record<string, number>> = {
  RUN: 6,
  COPY: 5,
  ADD: 5,
  ENV: 4,
  LABEL: 4,
  HEALTHCHECK: 4,
};
const usualWeight = 3;

export function weightOf(keyword: string): number {
  return weights[keyword] ?? usualWeight;
}

/** What an instruction is to leave, prepared for many comparisons. */
export interface PreparedLine extends Pick<ExpectedStep, 'keyword' | 'copy'> {
  /** Of ARG: as it is written, and with whatever values. */
  readonly args?: { readonly stated: string; readonly patterns: readonly string[] };
  readonly texts: ReadonlySet<string>;
  readonly plain: ReadonlySet<string>;
  /** Those with gaps in them. */
  readonly patterns: readonly string[];
}

export function prepareLine({ keyword, copy, args, texts }: ExpectedStep): PreparedLine {
  const plain = texts.map(withPlainBlanks);
  return {
    keyword,
    ...(copy && { copy }),
    ...(args && { args: preparedArgs(args) }),
    texts: new Set(texts.filter((text) => !text.includes(anything))),
    plain: new Set(plain),
    patterns: plain.filter((text) => text.includes(anything)),
  };
}

export function likeness(expected: PreparedLine, step: PreparedStep): Likeness | undefined {
  if (expected.keyword !== step.keyword) return undefined;
  const weight = weightOf(expected.keyword);
  if (expected.args !== undefined) return argLikeness(expected.args, step);
  if (step.copied !== undefined && expected.copy !== undefined) {
    const { kind, target } = step.copied;
    // One source that names no others is a file or a folder.
    if (kind === 'multi' && expected.copy.isOneSource) return undefined;
    if (target === '') return { confidence: 'likely', weight: 1 };
    return expected.copy.targets.some((text) => isLike(text, target))
      ? { confidence: 'likely', weight: 2 }
      : undefined;
  }
  if (expected.texts.has(step.text)) return { confidence: 'exact', weight };
  const isAlike =
    expected.plain.has(step.plain) || expected.patterns.some((pattern) => isLike(pattern, step.plain));
  return isAlike ? { confidence: 'likely', weight: weight - 2 } : undefined;
}

function preparedArgs(args: NonNullable<ExpectedStep['args']>): NonNullable<PreparedLine['args']> {
  const textOf = (words: readonly string[]): string => `ARG ${words.join(' ')}`;
  const names = args.map(([name]) => name);
  return {
    stated: textOf(args.map(([name, value]) => (value === undefined ? name : `${name}=${value}`))),
    patterns: [textOf(names.map((name) => `${name}=${anything}`)), textOf(names)],
  };
}

/** Names decide; values may have been given to the build. */
function argLikeness(
  { stated, patterns }: NonNullable<PreparedLine['args']>,
  { text, builder }: PreparedStep,
): Likeness | undefined {
  // buildah notes the names of all arguments that have a value so far.
  if (builder === 'buildah') return { confidence: 'likely', weight: 1 };
  if (text === stated) return { confidence: 'exact', weight: usualWeight };
  // The classic builder notes the default, whatever was given.
  if (builder === 'classic') return undefined;
  return patterns.some((pattern) => isLike(pattern, text)) ? { confidence: 'likely', weight: 1 } : undefined;
}

/** Whether `text` is `pattern`, in which `anything` stands for whatever. Takes each piece where it comes first. */
function isLike(pattern: string, text: string): boolean {
  const pieces = pattern.split(anything);
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  if (pieces.length === 1) return pattern === text;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return at <= text.length - last.length;
}
