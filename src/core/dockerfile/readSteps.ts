import { builderOf, type BuildStep } from './buildFacts.ts';
import { prepareStep, type PreparedStep } from './compareStep.ts';
import { instructionOf, type Instruction } from './instruction.ts';

/** Longer histories and files are not compared: no image has 200 layers, and pairs grow with the square. */
export const mostSteps = 500;

export interface ReadSteps {
  readonly read: readonly Instruction[];
  readonly prepared: readonly PreparedStep[];
}

/** A history is the same for as long as its image is there, and is matched again with each letter that somebody types. */
const readBefore = new WeakMap<readonly BuildStep[], ReadSteps>();

/** The steps of a history in Dockerfile form, read once for each array. */
export function readSteps(steps: readonly BuildStep[]): ReadSteps {
  const known = readBefore.get(steps);
  if (known !== undefined) return known;
  const builder = builderOf(steps);
  const read = steps.slice(0, mostSteps).map((step) => instructionOf(step.createdBy, step.comment));
  const found = { read, prepared: read.map((step) => prepareStep(step, builder)) };
  readBefore.set(steps, found);
  return found;
}
