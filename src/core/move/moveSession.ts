import { mkdir } from 'node:fs/promises';
import type { Engine } from '../engine/engine.ts';
import { DrydockError } from '../errors.ts';
import { explainFileError } from '../files/fileErrors.ts';
import { engineNoteKinds, undoEngineNotes } from '../recovery/engineNotes.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import {
  beginOperation,
  recoverJournal,
  type RecoveredOperation,
  type RunningOperation,
  type UndoNote,
} from '../vault/journal.ts';
import { withLock } from '../vault/locks.ts';
import type { ProcessIdentity } from '../vault/processIdentity.ts';
import { vaultPaths, type VaultPaths } from '../vault/vaultPaths.ts';
import { engineKey } from '../recovery/engineKey.ts';

/** Where moves note what they would have to undo: they belong to no vault. */
export interface MoveNotes {
  /** A folder of this user's on this machine; made when it is first needed. */
  readonly folder: string;
  readonly owner: ProcessIdentity;
}

/** One move that runs. */
export interface MoveSession {
  readonly journal: RunningOperation;
  readonly operationId: string;
  readonly owner: ProcessIdentity;
  /** Aborted when the move is cancelled. */
  readonly signal: AbortSignal;
}

/**
 * Does `work` with a journal for what it would have to undo, kept as a vault's is. At the end the journal goes, unless
 * a note is still open: then {@link recoverMoves} undoes it. Rejects with `fileUnusable`, `diskFilledUp`, or what
 * `work` threw.
 */
export async function withMoveSession<T>(
  { folder, owner }: MoveNotes,
  what: { readonly subject: string },
  { signal }: { readonly signal: AbortSignal },
  work: (session: MoveSession) => Promise<T>,
): Promise<T> {
  const paths = await notesAt(folder);
  const deps = { paths, owner };
  return await withLock(deps, { scope: 'vault', mode: 'shared', waitMs: 0 }, { signal }, async (held) => {
    const journal = await beginOperation(deps, held, { kind: 'move', subject: what.subject });
    try {
      return await work({ journal, operationId: journal.id, owner, signal: held.signal });
    } finally {
      if (journal.openNotes.length === 0) await journal.end();
    }
  });
}

/**
 * Undoes what moves left that no longer run, on those of `engines` that they were between; what concerns another one is
 * left for later. Engines are asked only when there is such a note. Resolves with nothing while somebody else is at it.
 */
export async function recoverMoves(
  { folder, owner, engines }: MoveNotes & { readonly engines: readonly Engine[] },
  { signal }: CancelOptions = {},
): Promise<readonly RecoveredOperation[]> {
  try {
    const deps = { paths: await notesAt(folder), owner };
    return await recoverJournal(deps, undoesOn(engines), signal && { signal });
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'vaultInUse') return [];
    throw error;
  }
}

/** How notes are undone on whichever of the engines they are of. */
function undoesOn(engines: readonly Engine[]): ReadonlyMap<string, UndoNote> {
  let known: Promise<readonly ReadonlyMap<string, UndoNote>[]> | undefined;
  const onEngines =
    (kind: string): UndoNote =>
    async (data, operation, cancel) => {
      known ??= Promise.all(
        engines.map(async (engine) =>
          undoEngineNotes(engine, engineKey(await engine.info({ signal: cancel }))),
        ),
      );
      for (const ways of await known)
        if ((await ways.get(kind)?.(data, operation, cancel)) === 'settled') return 'settled';
      return 'elsewhere';
    };
  return new Map(engineNoteKinds.map((kind) => [kind, onEngines(kind)]));
}

/** Laid out like a vault's own notes, of which nothing else is there. */
async function notesAt(folder: string): Promise<VaultPaths> {
  const paths = vaultPaths(folder);
  try {
    for (const part of [paths.locks, paths.journal, paths.partial])
      await mkdir(part, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw explainFileError(error, folder);
  }
  return paths;
}
