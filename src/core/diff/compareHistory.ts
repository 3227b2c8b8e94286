import type { Pacer } from '../archive/pacer.ts';
import type { Digest } from '../digest.ts';
import { instructionOf, type Instruction } from '../dockerfile/instruction.ts';
import type { FileTreeImage } from '../fileTrees/fileTree.ts';
import { commonSteps } from './commonSteps.ts';
import type { HistoryChange, Strictness } from './diffReport.ts';
import { maskedText } from './maskedText.ts';

interface Step {
  readonly key: string;
  readonly instruction: Instruction;
  readonly isEmpty: boolean;
  readonly diffId: Digest | undefined;
}

/**
 * The steps of two images' histories as one list, in the order of the build: first what only the left one has, then
 * what only the right one has, between steps of both. Steps are the same when their instructions are; strictly also
 * their build arguments, times, comments and authors. An image without a history has no steps.
 */
export async function compareHistory(
  left: FileTreeImage,
  right: FileTreeImage,
  { strictness, pacer }: { readonly strictness: Strictness; readonly pacer: Pacer },
): Promise<readonly HistoryChange[]> {
  const [before, after] = [await stepsOf(left, strictness, pacer), await stepsOf(right, strictness, pacer)];
  const common = await commonSteps(
    before.map(({ key }) => key),
    after.map(({ key }) => key),
    pacer,
  );
  const changes: HistoryChange[] = [];
  let [at, otherAt] = [0, 0];
  for (const [next, otherNext] of [...common, [before.length, after.length] as const]) {
    for (const [kind, steps] of [
      ['removed', before.slice(at, next)],
      ['added', after.slice(otherAt, otherNext)],
    ] as const)
      for (const step of steps) {
        await pacer.pause();
        changes.push(changeOf(step, kind));
      }
    await pacer.pause();
    const [one, other] = [before[next], after[otherNext]];
    if (one && other)
      changes.push({
        ...changeOf(other, 'same'),
        ...(one.diffId && other.diffId && { hasSameLayer: one.diffId === other.diffId }),
      });
    [at, otherAt] = [next + 1, otherNext + 1];
  }
  return changes;
}

function changeOf({ instruction, isEmpty }: Step, kind: HistoryChange['kind']): HistoryChange {
  return { kind, keyword: instruction.keyword, text: maskedText(instruction.text), isEmpty };
}

async function stepsOf(
  { config, diffIds }: FileTreeImage,
  strictness: Strictness,
  pacer: Pacer,
): Promise<readonly Step[]> {
  const history = config.history ?? [];
  const layerCount = history.filter((step) => step.empty_layer !== true).length;
  // Where the numbers differ, nobody knows which step made which layer.
  const isPaired = layerCount === diffIds.length;
  const steps: Step[] = [];
  let place = 0;
  for (const { created, created_by: createdBy = '', comment = '', author = '', ...step } of history) {
    if (pacer.isDue) await pacer.pause();
    const instruction = instructionOf(createdBy, comment);
    const isEmpty = step.empty_layer === true;
    const { keyword, text, buildArgs } = instruction;
    const known = [keyword, text, isEmpty];
    const key = strictness === 'strict' ? [...known, buildArgs, created ?? '', comment, author] : known;
    const diffId = isPaired && !isEmpty ? diffIds[place] : undefined;
    if (!isEmpty) place += 1;
    steps.push({ key: JSON.stringify(key), instruction, isEmpty, diffId });
  }
  return steps;
}
