import type { Engine } from '../engine/engine.ts';
import { DrydockError } from '../errors.ts';
import { engineIdentity } from '../snapshot/engineIdentity.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import { recoverJournal, type RecoveredOperation, type UndoNote } from '../vault/journal.ts';
import { requireWritable, type Vault } from '../vault/layout.ts';
import type { ProcessIdentity } from '../vault/processIdentity.ts';
import { refillNote } from '../volumes/replaceVolume.ts';
import { undoReplace } from '../volumes/undoReplace.ts';
import { engineKey } from './engineKey.ts';
import { engineNoteKinds, undoEngineNotes } from './engineNotes.ts';

/**
 * Undoes what operations on a vault left that no longer run: things they paused or stopped, and made for themselves.
 * Without an engine, notes that need one are left for later; with one, it is asked only when there is such a note,
 * and one that does not answer leaves them too. Resolves with nothing while somebody else is at it. Rejects with
 * `vaultReadOnly`.
 */
export async function recoverVault(
  {
    vault,
    owner,
    engine,
  }: { readonly vault: Vault; readonly owner: ProcessIdentity; readonly engine?: Engine },
  { signal }: CancelOptions = {},
): Promise<readonly RecoveredOperation[]> {
  requireWritable(vault);
  let known: Promise<ReadonlyMap<string, UndoNote>> | undefined;
  const onEngine =
    (kind: string): UndoNote =>
    async (data, operation, cancel) => {
      if (engine === undefined) return 'elsewhere';
      known ??= undoesOn({ engine, vault, owner }, cancel);
      return (await (await known).get(kind)?.(data, operation, cancel)) ?? 'elsewhere';
    };
  const undo = new Map([...engineNoteKinds, refillNote].map((kind) => [kind, onEngine(kind)]));
  const deps = { paths: vault.paths, owner, steps: vault.steps };
  try {
    return await recoverJournal(deps, undo, signal && { signal });
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'vaultInUse') return [];
    throw error;
  }
}

async function undoesOn(
  deps: { readonly engine: Engine; readonly vault: Vault; readonly owner: ProcessIdentity },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, UndoNote>> {
  const info = await deps.engine.info({ signal });
  const ids = [engineKey(info), engineIdentity(info).engineId] as const;
  return new Map([...undoEngineNotes(deps.engine, ...ids), [refillNote, undoReplace(deps, ...ids)]]);
}
