import type { Engine } from '../engine/engine.ts';
import { DrydockError, failure, type FailureCode } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { noteEngine } from '../recovery/engineNotes.ts';
import { engineIdentity } from '../snapshot/engineIdentity.ts';
import type { Snapshot, SnapshotVolume } from '../snapshot/snapshot.ts';
import type { Remark } from '../snapshot/snapshotRecords.ts';
import type { Vault } from '../vault/layout.ts';
import type { ProcessIdentity } from '../vault/processIdentity.ts';
import { withVaultSession } from '../vault/vaultSession.ts';
import { fillWithChecked } from '../volumes/fillVolume.ts';
import type { VolumeDeps } from '../volumes/helperContainer.ts';
import { replaceVolume } from '../volumes/replaceVolume.ts';
import { isForgetful } from '../volumes/volumeRemarks.ts';
import { checkVolumeParts } from '../volumes/volumeParts.ts';

export interface RestoreVolumeInput {
  readonly volume: SnapshotVolume;
  readonly target: {
    readonly name: string;
    /** `new`: it must not be there. `replace`: it is, and what it holds goes; its driver, options and labels stay. */
    readonly mode: 'new' | 'replace';
  };
}

export interface RestoredVolume {
  readonly name: string;
  /** What the volume held before, as a snapshot in the same vault. */
  readonly before?: Snapshot;
  /** What could not be restored as it was. */
  readonly remarks: readonly Remark[];
}

/**
 * Restores one volume. It is read back and every entry compared before this resolves. A new one is removed when
 * anything fails, one that is replaced gets its old data back. Rejects with `volumeExists`, and as `fillVolume` and
 * `replaceVolume` do.
 */
export async function restoreVolume(
  {
    engine,
    vault,
    owner,
  }: { readonly engine: Engine; readonly vault: Vault; readonly owner: ProcessIdentity },
  { volume, target: { name, mode } }: RestoreVolumeInput,
  operation: Operation,
): Promise<RestoredVolume> {
  const { engineId } = engineIdentity(await engine.info(operation));
  return await withVaultSession(
    { vault, owner },
    { kind: 'restore', subject: name },
    operation,
    async (session) => {
      const deps = { engine, engineId, session };
      const during = { ...operation, signal: session.signal };
      if (mode === 'replace') {
        const { before, note } = await replaceVolume(deps, { volume, target: name }, during);
        await session.journal.settle(note);
        return { name, before, remarks: [] };
      }
      if (isForgetful(volume.document.options)) throw failure('volumeForgets', { name });
      await requireFree(engine, name, session.signal);
      await checkVolumeParts(session.vault.blobs, volume, during);
      return { name, remarks: await intoNew(deps, { volume, target: name }, during) };
    },
  );
}

async function intoNew(
  deps: VolumeDeps,
  { volume, target }: { readonly volume: SnapshotVolume; readonly target: string },
  operation: Operation,
): Promise<readonly Remark[]> {
  const { engine, engineId, session } = deps;
  const { driver, options, labels } = volume.document;
  operation.signal.throwIfAborted();
  const note = { kind: 'removeVolume', name: target, notBeforeMs: Date.now() } as const;
  const number = await noteEngine(session, engineId, note);
  // Once more: an engine answers with the volume of that name where there is one, and it would be taken for ours.
  await requireFree(engine, target, operation.signal).catch(async (error: unknown) => {
    await session.journal.settle(number);
    throw error;
  });
  let isMade = false;
  let remarks: readonly Remark[];
  try {
    // Without the signal: cut off in its middle the engine would go on, and nobody know of it.
    await engine.volumes.create({ name: target, driver: driver === '' ? 'local' : driver, options, labels });
    isMade = true;
    remarks = await fillWithChecked(deps, { volume, target }, operation);
    operation.signal.throwIfAborted();
  } catch (error) {
    // Where the engine refused it there is none. One that holds something is somebody else's, unless its data lies
    // on a device: that stays when the volume goes.
    const isNotOurs = isMade
      ? options['device'] === undefined && hasCode(error, ['volumeNotEmpty'])
      : hasCode(error, ['engineConflict', 'engineRefused']);
    // Where removing fails the note stays open, and recovery goes on from there.
    await (isNotOurs ? Promise.resolve() : removeIfThere(engine, target))
      .then(() => session.journal.settle(number))
      .catch(() => undefined);
    throw error;
  }
  await session.journal.settle(number);
  return remarks;
}

async function requireFree(engine: Engine, name: string, signal: AbortSignal): Promise<void> {
  if (await isThere(engine, name, signal)) throw failure('volumeExists', { name });
}

async function isThere(engine: Engine, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    await engine.volumes.inspect(name, { signal });
    return true;
  } catch (error) {
    if (hasCode(error, ['engineNotFound'])) return false;
    throw error;
  }
}

async function removeIfThere(engine: Engine, name: string): Promise<void> {
  try {
    await engine.volumes.remove(name);
  } catch (error) {
    if (!hasCode(error, ['engineNotFound'])) throw error;
  }
}

function hasCode(error: unknown, codes: readonly FailureCode[]): boolean {
  return error instanceof DrydockError && codes.includes(error.code);
}
