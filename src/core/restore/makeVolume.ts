import type { Engine } from '../engine/engine.ts';
import { DrydockError, failure, type FailureCode } from '../errors.ts';
import { clockSlackMs } from '../recovery/engineNotes.ts';
import type { SnapshotVolume } from '../snapshot/snapshot.ts';
import type { EngineUndo } from './engineUndo.ts';
import { ifThere } from './restoreRun.ts';

/**
 * Makes one volume under a name that nobody has, and has it filled. What undoes that is noted first; undoing it is
 * left to who has `undo`. Rejects with `taken` where there is one of that name: an engine would take it for the one
 * that was asked for.
 */
export async function makeVolume<T>(
  {
    engine,
    undo,
    signal,
  }: { readonly engine: Engine; readonly undo: EngineUndo; readonly signal: AbortSignal },
  input: {
    readonly name: string;
    readonly volume: SnapshotVolume;
    readonly taken: Extract<FailureCode, 'restoreTaken' | 'volumeExists'>;
  },
  fill: () => Promise<T>,
): Promise<T> {
  const { name, taken } = input;
  const { driver, options, labels } = input.volume.document;
  if ((await ifThere(engine.volumes.inspect(name, { signal }))) !== undefined) throw failure(taken, { name });
  signal.throwIfAborted();
  const note = { kind: 'removeVolume', name, notBeforeMs: Date.now() } as const;
  const byName = await undo.note(note);
  // Without the signal: a call that broke off might still be carried out after it was undone.
  const create = engine.volumes.create({ name, driver: driver === '' ? 'local' : driver, options, labels });
  const { createdAtMs } = await create.catch(async (error: unknown) => {
    // Then it is one that came in that moment.
    if (hasCode(error, 'engineConflict')) await undo.settle(byName);
    throw error;
  });
  // One that is older came in that moment, and an engine answers with it as if it had made it.
  const isOlder = createdAtMs === undefined || createdAtMs < note.notBeforeMs - clockSlackMs;
  const made = isOlder ? byName : await undo.made(byName, { ...note, madeAtMs: createdAtMs });
  try {
    return await fill();
  } catch (error) {
    // One that holds something came in that moment and is somebody else's, unless its data lies on a device: that
    // stays when the volume goes.
    if (hasCode(error, 'volumeNotEmpty') && options['device'] === undefined) await undo.settle(made);
    throw error;
  }
}

function hasCode(error: unknown, code: FailureCode): boolean {
  return error instanceof DrydockError && error.code === code;
}
