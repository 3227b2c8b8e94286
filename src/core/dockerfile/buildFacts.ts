/** What the steps of a history tell of the build as a whole. */
import { canonical, lastWord } from './canonicalStep.ts';
import type { Builder } from './compareStep.ts';
import type { Instruction } from './instruction.ts';
import { stagesBelow, type Dockerfile } from './parseDockerfile.ts';

/** One step of an image's history as the engine or the config has it. */
export interface BuildStep {
  readonly createdBy: string;
  readonly comment: string;
}

/** How many steps the base has, where that can be told. */
export function baseStepsOf(
  dockerfile: Dockerfile,
  stage: number,
  steps: readonly BuildStep[],
  base: readonly BuildStep[] | undefined,
): number | undefined {
  const from = stagesBelow(dockerfile, stage)[0]?.base;
  if (from?.kind === 'scratch') return 0;
  if (base !== undefined) {
    const isBelow =
      base.length <= steps.length &&
      base.every(
        ({ createdBy, comment }, at) => createdBy === steps[at]?.createdBy && comment === steps[at].comment,
      );
    if (isBelow && base.length > 0) return base.length;
  }
  // buildah notes the name at the first step, and the ID of the image in between at the others. A build of one layer
  // has the note at its last step.
  const named = steps.findLastIndex(({ comment }) => /^FROM (?![0-9a-f]{12}$)\S/.test(comment));
  const before = steps[named - 1];
  return before !== undefined && named > 0 && before.comment !== '' ? named : undefined;
}

export function builderOf(steps: readonly BuildStep[]): Builder {
  const last = steps.at(-1);
  if (steps.some(({ comment }) => comment.startsWith('FROM '))) return 'buildah';
  return last?.createdBy.includes('#(nop)') === true || last?.comment === '' ? 'classic' : 'buildkit';
}

/** Values that RUN steps saw, and that ARG steps state where no RUN says otherwise. */
export function givenArguments(steps: readonly Instruction[]): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  const take = (pair: string): void => {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.length > equals + 1) given.set(pair.slice(0, equals), pair.slice(equals + 1));
  };
  for (const { keyword, text } of steps)
    if (keyword === 'ARG')
      text
        .slice(3)
        .trim()
        .split(/(?<!\s)\s+(?=[A-Za-z_]\w*=)/)
        .forEach(take);
  for (const { buildArgs } of steps) buildArgs.forEach(take);
  return given;
}

/** A layer that BuildKit found no step for, so that the steps and layers of the build do not pair, as with a cache. */
export function isFiller({ createdBy, comment }: BuildStep): boolean {
  return createdBy === '' && comment.startsWith('buildkit.exporter.');
}

/** What `--squash` adds: one layer in place of all that the steps made. */
export function isSquash({ createdBy, comment }: BuildStep): boolean {
  return createdBy === '' && /^merge sha256:[0-9a-f]+ to /.test(comment);
}

export function triggersIn(base: readonly Instruction[]): readonly string[] {
  return base
    .filter(({ keyword }) => keyword === 'ONBUILD')
    .map(({ text }) => text.replace(/^ONBUILD\s+/, ''));
}

/** Steps that triggers of the base made: no line of this file. */
export function stepsOfTriggers(
  own: readonly Instruction[],
  triggers: readonly string[],
): ReadonlySet<number> {
  const wanted = new Set(
    triggers.map((text) => {
      const [, keyword = '', operands = ''] = /^(\S+)\s*([^]*)$/.exec(text.trim()) ?? [];
      return `${keyword.toUpperCase()} ${targetOf(keyword.toUpperCase(), operands)}`;
    }),
  );
  const isOther = own.findIndex(
    ({ keyword, text }) => !wanted.has(`${keyword} ${targetOf(keyword, text.slice(keyword.length).trim())}`),
  );
  return new Set(own.slice(0, isOther === -1 ? own.length : isOther).keys());
}

function targetOf(keyword: string, operands: string): string {
  return keyword === 'COPY' || keyword === 'ADD' ? lastWord(operands) : canonical(keyword, operands);
}
