import { randomBytes } from 'node:crypto';
import { makeVolume } from './makeVolume.ts';
import type { PlannedVolume } from './restorePlan.ts';
import type { RestoreRun } from './restoreRun.ts';

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
    const { name } = volume.document;
    if (action === 'skip') continue;
    signal.throwIfAborted();
    // An engine names an anonymous volume in the same way; chosen here, the name can be noted first.
    const newName = target === '' ? randomBytes(32).toString('hex') : target;
    names.set(name, newName);
    if (action === 'create') {
      const made = { name: newName, volume, taken: 'restoreTaken' } as const;
      await makeVolume({ engine, undo, signal }, made, () => run.fill(volume, newName));
    } else if (action === 'replace') {
      const replaced = await run.replace(volume, newName);
      undo.adoptReplaced(replaced);
      run.kept.push({ what: 'volume', name: newName, keptAs: replaced.before.refName });
    }
  }
  return names;
}
