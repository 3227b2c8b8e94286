import * as z from 'zod';
import { isDigest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import { DrydockError, failure } from '../errors.ts';
import { openSnapshot, readSnapshots } from '../snapshot/snapshots.ts';
import type { UndoNote } from '../vault/journal.ts';
import type { Vault } from '../vault/layout.ts';
import type { ProcessIdentity } from '../vault/processIdentity.ts';
import { withVaultSession } from '../vault/vaultSession.ts';
import { refillVolume } from './replaceVolume.ts';

const noted = z.object({
  engineId: z.string().max(10_000),
  name: z.string().min(1).max(10_000),
  snapshot: z.string().refine(isDigest),
});

/**
 * Gives a volume its old data back after a crash in the middle of `replaceVolume`. Whatever it holds by now is backed
 * up first, for somebody may have filled it meanwhile. Settled as well where the volume or that snapshot is gone; one
 * that is in use is left for later.
 */
export function undoReplace(
  {
    engine,
    vault,
    owner,
  }: { readonly engine: Engine; readonly vault: Vault; readonly owner: ProcessIdentity },
  engineId: string,
  olderId?: string,
): UndoNote {
  return async (data, operation, signal) => {
    const parsed = noted.safeParse(data);
    if (!parsed.success)
      throw failure('badJson', { where: `refillVolume (${operation.id})`, reason: parsed.error.message });
    const { name, snapshot: id, engineId: of } = parsed.data;
    if (of !== engineId && of !== olderId) return 'elsewhere';
    const snapshot = (await readSnapshots(vault, { signal })).find((one) => one.id === id);
    if (snapshot === undefined) return 'settled';
    const [volume] = (await openSnapshot(vault, snapshot, { signal })).volumes;
    if (volume === undefined) return 'settled';
    try {
      await withVaultSession({ vault, owner }, { kind: 'recover', subject: name }, { signal }, (session) =>
        refillVolume(
          { engine, engineId, session },
          { volume, target: name },
          { signal, progress: { report: () => undefined } },
        ),
      );
    } catch (error) {
      // A helper may go as well, and then the volume still waits for its data.
      if (!isNotFound(error) || (await isThere(engine, name, signal))) throw error;
    }
    return 'settled';
  };
}

async function isThere(engine: Engine, volume: string, signal: AbortSignal): Promise<boolean> {
  try {
    await engine.volumes.inspect(volume, { signal });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof DrydockError && error.code === 'engineNotFound';
}
