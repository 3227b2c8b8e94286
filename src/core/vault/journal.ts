import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { explainFileError } from '../files/fileErrors.ts';
import { syncFolder } from '../files/writeDurably.ts';
import type { CancelOptions } from './blobStore.ts';
import { livingClaims } from './claims.ts';
import {
  appendToJournal,
  journalFiles,
  journalLine,
  journalPath,
  readJournalFile,
  type FoundOperation,
  type JournalNote,
  type OperationHead,
} from './journalFile.ts';
import { withLock, type HeldLock, type LockDeps } from './locks.ts';
import { withPartialFile } from './partialFile.ts';
import { unwatched } from './vaultSteps.ts';

/** An operation that runs and has promised to clean up after itself. */
export interface RunningOperation {
  readonly id: string;
  /** The notes that are not settled, in their order: what recovery would have to undo. */
  readonly openNotes: readonly JournalNote[];
  /**
   * Notes what has to be undone. To be awaited before it is begun: when this resolves the note is on the disk. `data`
   * must be JSON, and enough to undo the thing whether or not it was begun.
   */
  note(kind: string, data: unknown): Promise<number>;
  /** Says that a note was undone, or that what it stands for is to stay. */
  settle(note: number): Promise<void>;
  /** Ends the operation: nothing is left to undo. Its file goes. */
  end(): Promise<void>;
}

/** How a note was dealt with: `settled` for good, or `elsewhere` when only another machine or engine can do it. */
export type Undone = 'settled' | 'elsewhere';

/**
 * Undoes what a note stands for. It is called again after a crash in its middle, and for things that were never
 * begun, so finding nothing to undo is success.
 */
export type UndoNote = (
  data: unknown,
  operation: InterruptedOperation,
  signal: AbortSignal,
) => Promise<Undone>;

/** An operation whose notes are undone, last first. */
export interface InterruptedOperation extends OperationHead {
  /**
   * Whether a later note of it could not be undone just now: then what it made may still be there, and what looks
   * like somebody else's be its own.
   */
  readonly hasLeft?: boolean;
}

/** A note that could not be undone, and why: no reason for one that belongs elsewhere or is of an unknown kind. */
export interface LeftNote {
  readonly note: JournalNote;
  readonly error?: unknown;
}

/** What became of an operation that had not ended. */
export interface RecoveredOperation {
  /** Where its journal file lies, or lay. */
  readonly path: string;
  /** Left out when the file can't be read. */
  readonly head?: OperationHead;
  readonly outcome: 'undone' | 'left';
  readonly left: readonly LeftNote[];
  readonly error?: unknown;
}

/**
 * Begins an operation under `held`, a lock on the vault: as long as that is held the operation counts as running.
 * Rejects with `diskFilledUp`, `fileUnusable`.
 */
export async function beginOperation(
  { paths, owner, steps = unwatched }: LockDeps,
  held: HeldLock,
  { kind, subject }: { readonly kind: string; readonly subject: string },
): Promise<RunningOperation> {
  const id = randomUUID();
  const path = journalPath(paths, id);
  const head: OperationHead = {
    id,
    kind,
    subject,
    owner,
    claimId: held.id,
    since: new Date().toISOString(),
  };
  await withPartialFile(paths.partial, [journalLine(head)], { steps }, async (partial) => {
    await rename(partial.path, path);
    await syncFolder(paths.journal);
  });
  let notes = 0;
  let wholeBytes = journalLine(head).length;
  const openNotes = new Map<number, JournalNote>();
  let appending: Promise<void> = Promise.resolve();
  const append = (line: Buffer): Promise<void> => {
    // One after another; a failure is told to who waits for it, and keeps nobody else from trying.
    const next = appending
      .catch(() => undefined)
      .then(() => appendToJournal(path, line, wholeBytes))
      .then(() => {
        wholeBytes += line.length;
      })
      .catch((error: unknown) => {
        throw explainFileError(error, path);
      });
    appending = next;
    return next;
  };
  return {
    id,
    get openNotes() {
      return [...openNotes.values()];
    },
    note: async (noteKind, data) => {
      const number = notes++;
      await append(journalLine({ note: number, kind: noteKind, data }));
      openNotes.set(number, { number, kind: noteKind, data });
      steps.reached('journal written');
      return number;
    },
    settle: async (note) => {
      await append(journalLine({ settled: note }));
      openNotes.delete(note);
    },
    end: async () => {
      await appending.catch(() => undefined);
      await removeJournal(paths.journal, path);
      steps.reached('journal ended');
    },
  };
}

/**
 * Undoes what operations left that no longer run:
 * 1. take the journal lock, 2. pass over operations whose claim is still held, 3. undo each open note, last first,
 * and settle it at once, so that a crash here loses nothing, 4. remove the file when none is left.
 *
 * One that fails keeps no other from being undone. Rejects with `vaultInUse` while somebody else does this.
 */
export async function recoverJournal(
  deps: LockDeps,
  undo: ReadonlyMap<string, UndoNote>,
  { signal }: CancelOptions = {},
): Promise<readonly RecoveredOperation[]> {
  const { paths, owner } = deps;
  const lock = { scope: 'journal', mode: 'exclusive', waitMs: 0 } as const;
  return await withLock(deps, lock, signal && { signal }, async (held) => {
    const results: RecoveredOperation[] = [];
    for (const path of await journalFiles(paths)) {
      held.signal.throwIfAborted();
      try {
        const { head } = (await readJournalFile(path)) ?? {};
        // Asked after the file was read: a claim that is gone by now has ended for good.
        const running = new Set((await livingClaims(paths, 'vault', owner)).map(({ id }) => id));
        if (head === undefined || running.has(head.claimId)) continue;
        // Once more: it may have ended well in between, and left nothing to undo.
        const found = await readJournalFile(path);
        if (found === undefined) continue;
        results.push(await undoOperation(paths.journal, found, undo, held.signal));
      } catch (error) {
        held.signal.throwIfAborted();
        results.push({ path, outcome: 'left', left: [], error });
      }
    }
    return results;
  });
}

async function undoOperation(
  folder: string,
  { path, head, open, wholeBytes }: FoundOperation,
  undo: ReadonlyMap<string, UndoNote>,
  signal: AbortSignal,
): Promise<RecoveredOperation> {
  let sizeBytes = wholeBytes;
  const settle = async ({ number }: JournalNote): Promise<void> => {
    const line = journalLine({ settled: number });
    await appendToJournal(path, line, sizeBytes);
    sizeBytes += line.length;
  };
  const left = await undoNotes({ head, open, settle }, undo, signal);
  if (left.length > 0) return { path, head, outcome: 'left', left };
  await removeJournal(folder, path);
  return { path, head, outcome: 'undone', left };
}

/**
 * Undoes notes, last first, and settles each at once. Goes on after one that fails; resolves with those that are left.
 * Rejects with an AbortError alone.
 */
export async function undoNotes(
  operation: {
    readonly head: OperationHead;
    readonly open: readonly JournalNote[];
    readonly settle: (note: JournalNote) => Promise<void>;
  },
  undo: ReadonlyMap<string, UndoNote>,
  signal: AbortSignal,
): Promise<readonly LeftNote[]> {
  const left: LeftNote[] = [];
  for (const note of [...operation.open].reverse()) {
    signal.throwIfAborted();
    const interrupted = { ...operation.head, hasLeft: left.length > 0 };
    try {
      const outcome = await undo.get(note.kind)?.(note.data, interrupted, signal);
      if (outcome === 'settled') await operation.settle(note);
      else left.push({ note });
    } catch (error) {
      signal.throwIfAborted();
      left.push({ note, error });
    }
  }
  return left;
}

async function removeJournal(folder: string, path: string): Promise<void> {
  await rm(path, { force: true });
  await syncFolder(folder);
}
