import type { Engine } from '../engine/engine.ts';
import { failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { engineKey } from '../recovery/engineKey.ts';
import type { Snapshot, SnapshotVolume } from '../snapshot/snapshot.ts';
import type { Remark } from '../snapshot/snapshotRecords.ts';
import type { Vault } from '../vault/layout.ts';
import type { ProcessIdentity } from '../vault/processIdentity.ts';
import { withVaultSession } from '../vault/vaultSession.ts';
import { fillWithChecked } from '../volumes/fillVolume.ts';
import { replaceVolume } from '../volumes/replaceVolume.ts';
import { isForgetful } from '../volumes/volumeRemarks.ts';
import { checkVolumeParts } from '../volumes/volumeParts.ts';
import { EngineUndo } from './engineUndo.ts';
import { makeVolume } from './makeVolume.ts';
import { ifThere } from './restoreRun.ts';

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
  const engineId = engineKey(await engine.info(operation));
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
      const { signal } = session;
      const found = await ifThere(engine.volumes.inspect(name, { signal }));
      if (found !== undefined) throw failure('volumeExists', { name });
      await checkVolumeParts(session.vault.blobs, volume, during);
      const undo = new EngineUndo({ engine, vault, owner }, engineId, session);
      try {
        const made = { name, volume, taken: 'volumeExists' } as const;
        const remarks = await makeVolume({ engine, undo, signal }, made, () =>
          fillWithChecked(deps, { volume, target: name }, during),
        );
        signal.throwIfAborted();
        await undo.keepAll();
        return { name, remarks };
      } catch (error) {
        // What can't be removed now stays noted, and recovery goes on from there.
        await undo.undoAll();
        throw error;
      }
    },
  );
}
