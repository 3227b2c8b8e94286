/** What builders leave in an image's history for each instruction of a Dockerfile. */
import { BuildState, inFolder } from './buildState.ts';
import { canonical, canonicalPorts, lastWord, withoutFlags } from './canonicalStep.ts';
import { goList, jsonList } from './goSyntax.ts';
import { soleScript } from './hereDocuments.ts';
import type { Instruction } from './instruction.ts';
import { assignments, stagesBelow, type Dockerfile } from './parseDockerfile.ts';
import type { WrittenInstruction } from './readInstructions.ts';
import { afterShell } from './runCommand.ts';
import { anything } from './substitute.ts';

/** Texts may hold `anything` where only the build knew what stands there. */
export interface ExpectedStep {
  readonly instruction: WrittenInstruction;
  readonly stage: number;
  readonly keyword: string;
  /** Canonical texts of the step, of which each builder leaves one. */
  readonly texts: readonly string[];
  /** Of ADD and COPY, for builders that note a hash of what was copied. */
  readonly copy?: { readonly targets: readonly string[]; readonly isOneSource: boolean };
  /** Of ARG. */
  readonly args?: readonly (readonly [name: string, value: string | undefined])[];
  /** Whether there are builders that leave nothing for it. */
  readonly mayBeSilent: boolean;
}

/**
 * The steps that a build up to `stage` makes after those of its base image, in order. Instructions that no builder
 * knows are left out.
 *
 * @param given values of build arguments, as the steps of the image tell them.
 * @param base steps of the base image, oldest first, where they are known; none for scratch.
 */
export function expectedSteps(
  dockerfile: Dockerfile,
  stage: number,
  given: ReadonlyMap<string, string>,
  base: readonly Pick<Instruction, 'keyword' | 'text'>[] | undefined,
): readonly ExpectedStep[] {
  const stages = stagesBelow(dockerfile, stage);
  const state = new BuildState(dockerfile, given, base);
  const steps: ExpectedStep[] = [];
  for (const { place, instructions } of stages) {
    state.enterStage();
    for (const instruction of instructions) {
      const expected = expectedOf(instruction, state);
      if (expected !== undefined)
        steps.push({ instruction, stage: place, keyword: instruction.keyword, ...expected });
      state.apply(instruction);
    }
  }
  return steps;
}

/** Whether an instruction may make a layer of files. */
export function mayHaveFiles(keyword: string): boolean {
  return ['ADD', 'COPY', 'RUN', 'WORKDIR'].includes(keyword);
}

type Expected = Omit<ExpectedStep, 'instruction' | 'stage' | 'keyword'>;

function expectedOf(instruction: WrittenInstruction, state: BuildState): Expected | undefined {
  const { keyword, flags, operands } = instruction;
  // buildah leaves the instruction as it is written, variables and all.
  const asWritten = canonical(keyword, [...flags, operands].join(' '));
  const told = (...texts: readonly string[]): Expected => ({
    texts: [...new Set([...texts, asWritten])],
    mayBeSilent: false,
  });
  switch (keyword) {
    case 'RUN':
      return told(...runTexts(instruction, state));
    case 'ADD':
    case 'COPY':
      return expectedCopy(instruction, state, asWritten);
    case 'CMD':
    case 'ENTRYPOINT': {
      const list = goList(operands) ?? [...(state.shell ?? [anything]), operands];
      return told(`${keyword} ${jsonList(list).replaceAll('\\u0000', anything)}`);
    }
    case 'ENV':
    case 'LABEL':
      return told(
        `${keyword} ${state
          .pairs(operands)
          .map((pair) => pair.join('='))
          .join(' ')}`,
      );
    case 'ARG':
      return { ...told(), args: assignments(state.words(operands)) };
    case 'EXPOSE':
      return told(`EXPOSE ${canonicalPorts(state.words(operands))}`);
    case 'VOLUME':
      return told(
        canonical(
          'VOLUME',
          (goList(operands) ?? state.words(operands)).map((text) => state.resolved(text)).join(' '),
        ),
      );
    case 'WORKDIR': {
      const path = state.resolved(operands);
      return told(
        `WORKDIR ${inFolder(state.folder, path) ?? `${anything}/${path.replace(/^(?:\.\/)+|\/+$/g, '')}`}`,
      );
    }
    case 'USER':
    case 'STOPSIGNAL':
    case 'MAINTAINER':
      return told(`${keyword} ${state.resolved(operands)}`);
    case 'SHELL':
    case 'HEALTHCHECK':
      return told();
    case 'ONBUILD':
      return { ...told(), mayBeSilent: true };
    default:
      return undefined;
  }
}

function runTexts({ operands, hereDocuments }: WrittenInstruction, state: BuildState): readonly string[] {
  const script = soleScript(operands, hereDocuments);
  if (script !== undefined)
    return [
      script.content.startsWith('#!') ? `RUN /dev/pipes/${script.name}` : canonical('RUN', script.content),
    ];
  if (hereDocuments.length > 0)
    return [`RUN ${operands}${hereDocuments.map(({ name, raw }) => `\n${raw}${name}`).join('')}`];
  const list = goList(operands)?.join(' ');
  // A list that calls a shell leaves the same as a script.
  if (list !== undefined) return [`RUN ${list}`, `RUN ${afterShell(list) ?? list}`];
  // A shell that `afterShell` does not know stays in the step.
  return [
    `RUN ${operands}`,
    ...(state.shell === undefined ? [] : [`RUN ${[...state.shell, operands].join(' ')}`]),
  ];
}

function expectedCopy(instruction: WrittenInstruction, state: BuildState, asWritten: string): Expected {
  const { keyword, operands, hereDocuments } = instruction;
  const written = goList(operands);
  const words = written?.map((word) => state.resolved(word)) ?? state.words(operands);
  const sources = words.slice(0, -1);
  const target = words.at(-1) ?? '';
  const unresolved = written?.at(-1) ?? lastWord(operands);
  return {
    texts: [`${keyword} ${withoutFlags(words.join(' '))}`, asWritten],
    copy: {
      targets: [...new Set([target, unresolved])],
      isOneSource:
        sources.length === 1 && hereDocuments.length === 0 && !/[*?[\u0000]/.test(sources[0] ?? ''),
    },
    mayBeSilent: false,
  };
}
