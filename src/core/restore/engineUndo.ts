import type { Engine } from '../engine/engine.ts';
import { reasonOf } from '../errors.ts';
import { noteEngine, undoEngineNotes, type EngineNote } from '../recovery/engineNotes.ts';
import type { OperationHead } from '../vault/journalFile.ts';
import type { VaultSession } from '../vault/vaultSession.ts';

interface OpenNote {
  readonly number: number;
  readonly note: EngineNote;
  readonly atMs: number;
}

/**
 * What a restore has done to an engine so far. Undoing it goes the way that recovery goes after a crash, so that there
 * is one way back and it is tried often.
 */
export class EngineUndo {
  readonly #engine: Engine;
  readonly #engineId: string;
  readonly #session: VaultSession;
  #open: OpenNote[] = [];

  constructor(engine: Engine, engineId: string, session: VaultSession) {
    this.#engine = engine;
    this.#engineId = engineId;
    this.#session = session;
  }

  /** To be awaited before the thing is done. */
  async note(note: EngineNote): Promise<void> {
    const atMs = Date.now();
    const number = await noteEngine(this.#session, this.#engineId, note);
    this.#open.push({ number, note, atMs });
  }

  /** Undoes all of it, last first, and goes on after a step that fails. Resolves with what is left, in words. */
  async undoAll(): Promise<readonly string[]> {
    const { operationId, owner, journal } = this.#session;
    const head: OperationHead = {
      id: operationId,
      kind: 'restore',
      subject: '',
      owner,
      claimId: operationId,
      since: new Date().toISOString(),
    };
    const undo = undoEngineNotes(this.#engine, this.#engineId);
    const left: string[] = [];
    for (const { number, note, atMs } of this.#open.splice(0).reverse()) {
      const { kind, ...data } = note;
      // Without the signal that may have brought this about.
      const { signal } = new AbortController();
      try {
        await undo.get(kind)?.({ engineId: this.#engineId, atMs, ...data }, head, signal);
        await journal.settle(number);
      } catch (error) {
        left.push(`${kind} ${'name' in note ? note.name : note.container} (${reasonOf(error)})`);
      }
    }
    return left;
  }

  /** All of it is to stay. The notes go at once and together: half of them would undo a half. */
  async keepAll(): Promise<void> {
    await this.#session.journal.end();
    this.#open = [];
  }
}
