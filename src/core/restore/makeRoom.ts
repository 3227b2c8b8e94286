import * as z from 'zod';
import { reasonOf } from '../errors.ts';
import { fileTimestamp } from '../quantity.ts';
import type { PlannedContainer } from './restorePlan.ts';
import { ifThere, type RestoreRun } from './restoreRun.ts';

/** A container that was moved aside, to be removed when its successor stands. */
export interface MovedContainer {
  readonly id: string;
  readonly name: string;
  readonly keptAs: string;
}

const inspected = z.object({
  Config: z.object({ StopTimeout: z.number().nonnegative().nullish() }).nullish(),
});

/**
 * Stops the containers that are to be replaced, those that others need last, and gives them another name; addresses,
 * ports and names are free then. Noted before each step.
 */
export async function makeRoom(
  { engine, operation: { signal }, undo }: RestoreRun,
  containers: readonly PlannedContainer[],
  nowMs: number,
): Promise<readonly MovedContainer[]> {
  const moved: MovedContainer[] = [];
  for (const { replaces } of [...containers].reverse()) {
    if (replaces === undefined) continue;
    const { id, name } = replaces;
    signal.throwIfAborted();
    const found = await engine.containers.inspect(id, { signal });
    if (['running', 'paused', 'restarting'].includes(found.state)) {
      const { Config } = inspected.catch({ Config: null }).parse(found.raw);
      const graceSeconds = Config?.StopTimeout ?? undefined;
      await undo.note({ kind: 'start', container: id, name: found.name, isPaused: found.state === 'paused' });
      // Not cancellable: an engine that was asked does it, and only then can it be undone.
      await engine.containers.stop(id, graceSeconds === undefined ? {} : { graceSeconds });
    }
    const keptAs = await freeName(engine, `${found.name}-before-${fileTimestamp(nowMs).toLowerCase()}`);
    await undo.note({ kind: 'renameBack', container: id, to: found.name });
    await engine.containers.rename(id, keptAs);
    moved.push({ id, name, keptAs });
  }
  return moved;
}

/**
 * What was moved aside goes, now that its successor stands. What can't be removed any more is left, and said. Anonymous
 * volumes stay: they may hold what nothing else does.
 */
export async function removeMoved(
  { engine, warnings }: Pick<RestoreRun, 'engine' | 'warnings'>,
  moved: readonly MovedContainer[],
): Promise<void> {
  for (const { id, keptAs } of moved)
    await engine.containers.remove(id).catch((error: unknown) => {
      warnings.push({ kind: 'oldLeft', name: keptAs, text: reasonOf(error) });
    });
}

async function freeName(engine: RestoreRun['engine'], wanted: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? wanted : `${wanted}-${number}`;
    if ((await ifThere(engine.containers.inspect(name))) === undefined) return name;
  }
}
