/** A Dockerfile's stages: what each is built on, and which instructions it has. */
import { failure } from '../errors.ts';
import {
  readInstructions,
  type EscapeSign,
  type WrittenDockerfile,
  type WrittenInstruction,
} from './readInstructions.ts';
import { anything, resolvedWords, type Lookup } from './substitute.ts';

/** What a FROM names. */
export type StageBase =
  | { readonly kind: 'scratch' }
  /** An earlier stage of the same file, by its place. */
  | { readonly kind: 'stage'; readonly stage: number }
  /** An image; `name` is absent where only the build knew it, for example an ARG without a default. */
  | { readonly kind: 'image'; readonly name?: string; readonly written: string };

export interface Stage {
  /** From 0. */
  readonly place: number;
  /** In small letters, as builders compare it. */
  readonly name?: string;
  readonly from: WrittenInstruction;
  readonly base: StageBase;
  /** Without the FROM. */
  readonly instructions: readonly WrittenInstruction[];
}

export interface Dockerfile {
  readonly escape: EscapeSign;
  /** ARGs before the first FROM with their defaults. */
  readonly globalArgs: ReadonlyMap<string, string | undefined>;
  readonly stages: readonly Stage[];
}

/** No person writes more; each is looked for among all images. */
const mostStages = 300;

/** Reads a Dockerfile; what stands before the first FROM and is no ARG is left out. Throws `dockerfileTooLarge`. */
export function parseDockerfile(text: string): Dockerfile {
  const { escape, instructions } = readInstructions(text);
  const firstFrom = instructions.findIndex(({ keyword }) => keyword === 'FROM');
  const before = firstFrom === -1 ? instructions : instructions.slice(0, firstFrom);
  const globalArgs = new Map<string, string | undefined>();
  const lookup: Lookup = (name) => {
    const value = globalArgs.get(name);
    if (value !== undefined) return { kind: 'set', value };
    // One without a default is given to the build, and the platforms are set by the builder.
    return { kind: globalArgs.has(name) || isBuilderArgument(name) ? 'unknown' : 'unset' };
  };
  for (const { keyword, operands } of before) {
    if (keyword !== 'ARG') continue;
    for (const [name, value] of assignments(resolvedWords(operands, lookup, escape)))
      globalArgs.set(name, value);
  }
  const stages: Stage[] = [];
  const rest = firstFrom === -1 ? [] : instructions.slice(firstFrom);
  const groups = byStage(rest);
  if (groups.length > mostStages) throw failure('dockerfileTooLarge', { limit: `${mostStages} stages` });
  for (const [place, group] of groups.entries()) {
    const [from, ...own] = group;
    const { base, name } = readFrom(from, stages, lookup, escape);
    stages.push({ place, ...(name === undefined ? {} : { name }), from, base, instructions: own });
  }
  return { escape, globalArgs, stages };
}

/** The stages that `place` consists of, its foundation first: those that it is FROM, and itself. */
export function stagesBelow(dockerfile: Dockerfile, place: number): readonly Stage[] {
  const chain: Stage[] = [];
  // A stage can only be built on an earlier one, so this ends.
  for (let stage = dockerfile.stages[place]; stage !== undefined;) {
    chain.unshift(stage);
    stage = stage.base.kind === 'stage' ? dockerfile.stages[stage.base.stage] : undefined;
  }
  return chain;
}

/** `A=1`, `B` as pairs of name and value. */
export function assignments(words: readonly string[]): readonly (readonly [string, string | undefined])[] {
  return words.map((word) => {
    const equals = word.indexOf('=');
    return equals === -1 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
  });
}

/** TARGETARCH, BUILDPLATFORM and the like, which builders set of themselves. */
export function isBuilderArgument(name: string): boolean {
  return /^(?:TARGET|BUILD)(?:PLATFORM|OS|OSVERSION|ARCH|VARIANT)$/.test(name);
}

type StageGroup = [WrittenInstruction, ...WrittenInstruction[]];

function byStage(instructions: WrittenDockerfile['instructions']): readonly StageGroup[] {
  const groups: StageGroup[] = [];
  for (const instruction of instructions) {
    if (instruction.keyword === 'FROM') groups.push([instruction]);
    else groups.at(-1)?.push(instruction);
  }
  return groups;
}

function readFrom(
  { operands }: WrittenInstruction,
  earlier: readonly Stage[],
  lookup: Lookup,
  escape: EscapeSign,
): { readonly base: StageBase; readonly name?: string } {
  const [written = '', as = '', stageName] = operands.split(/\s+/);
  const isNamed = as.toLowerCase() === 'as' && stageName !== undefined && stageName !== '';
  const named = isNamed ? { name: stageName.toLowerCase() } : {};
  const text = resolvedWords(written, lookup, escape).join(' ');
  if (text.toLowerCase() === 'scratch') return { base: { kind: 'scratch' }, ...named };
  const stage = earlier.findLast(({ name }) => name === text.toLowerCase());
  if (stage !== undefined) return { base: { kind: 'stage', stage: stage.place }, ...named };
  const name = text.includes(anything) || text === '' ? {} : { name: text };
  return { base: { kind: 'image', ...name, written }, ...named };
}
