import { randomBytes } from 'node:crypto';
import { DrydockError, failure } from '../errors.ts';
import { clockSlackMs } from '../recovery/engineNotes.ts';
import type { PlannedVolume } from './restorePlan.ts';
import { ifThere, type RestoreRun } from './restoreRun.ts';

/**
 * Makes the volumes of a plan and fills them, or replaces the data of those that are to be replaced. Resolves with the
 * name that each has now, by the one in the snapshot. Rejects with `restoreTaken` where one has come to be since the
 * plan: an engine would take it for the one that was asked for.
 */
export async function makeVolumes(
  run: RestoreRun,
  volumes: readonly PlannedVolume[],
): Promise<ReadonlyMap<string, string>> {
  const { engine, operation, undo } = run;
  const { signal } = operation;
  const names = new Map<string, string>();
  for (const { volume, target, action } of volumes) {
    const { name, driver, options, labels } = volume.document;
    if (action === 'skip') continue;
    signal.throwIfAborted();
    // An engine names an anonymous volume in the same way; chosen here, the name can be noted first.
    const newName = target === '' ? randomBytes(32).toString('hex') : target;
    names.set(name, newName);
    if (action === 'create') {
      if ((await ifThere(engine.volumes.inspect(newName, { signal }))) !== undefined)
        throw failure('restoreTaken', { name: newName });
      const note = { kind: 'removeVolume', name: newName, notBeforeMs: Date.now() } as const;
      const byName = await undo.note(note);
      // Without the signal: a call that broke off might still be carried out after it was undone.
      const { createdAtMs } = await engine.volumes.create({
        name: newName,
        driver: driver === '' ? 'local' : driver,
        options,
        labels,
      });
      // One that is older came in that moment, and an engine answers with it as if it had made it.
      const isOlder = createdAtMs === undefined || createdAtMs < note.notBeforeMs - clockSlackMs;
      const made = isOlder ? byName : await undo.made(byName, { ...note, madeAtMs: createdAtMs });
      try {
        await run.fill(volume, newName);
      } catch (error) {
        // One that holds something came in that moment and is somebody else's, unless its data lies on a device: that
        // stays when the volume goes.
        const isHeld = error instanceof DrydockError && error.code === 'volumeNotEmpty';
        if (isHeld && options['device'] === undefined) await undo.leaveVolume(made);
        throw error;
      }
    } else if (action === 'replace') {
      const replaced = await run.replace(volume, newName);
      undo.adoptReplaced(newName, replaced);
      run.kept.push({ what: 'volume', name: newName, keptAs: replaced.before.refName });
    }
  }
  return names;
}
