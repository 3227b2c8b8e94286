import type { Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import { reasonOf } from '../errors.ts';
import { noteEngine, undoEngineNotes, type EngineNote } from '../recovery/engineNotes.ts';
import type { UndoNote } from '../vault/journal.ts';
import type { OperationHead } from '../vault/journalFile.ts';
import type { Vault } from '../vault/layout.ts';
import type { ProcessIdentity } from '../vault/processIdentity.ts';
import type { VaultSession } from '../vault/vaultSession.ts';
import { refillNote } from '../volumes/replaceVolume.ts';
import { undoReplace } from '../volumes/undoReplace.ts';

interface OpenNote {
  readonly number: number;
  readonly kind: string;
  readonly data: object;
  readonly name: string;
}

/**
 * What a restore has done to an engine so far. Undoing it goes the way that recovery goes after a crash, so that there
 * is one way back and it is tried often.
 */
export class EngineUndo {
  readonly #engineId: string;
  readonly #session: VaultSession;
  readonly #ways: ReadonlyMap<string, UndoNote>;
  #open: OpenNote[] = [];

  constructor(
    deps: { readonly engine: Engine; readonly vault: Vault; readonly owner: ProcessIdentity },
    engineId: string,
    session: VaultSession,
  ) {
    this.#engineId = engineId;
    this.#session = session;
    this.#ways = new Map([
      ...undoEngineNotes(deps.engine, engineId),
      [refillNote, undoReplace(deps, engineId)],
    ]);
  }

  /** To be awaited before the thing is done. */
  async note(note: EngineNote): Promise<void> {
    const { kind, ...data } = note;
    const atMs = Date.now();
    const number = await noteEngine(this.#session, this.#engineId, note);
    const name = 'name' in note ? note.name : note.container;
    this.#open.push({ number, kind, name, data: { engineId: this.#engineId, atMs, ...data } });
  }

  /** A volume whose data was replaced gets back what is in the snapshot. */
  async noteReplaced(name: string, snapshot: Digest): Promise<void> {
    const data = { engineId: this.#engineId, name, snapshot };
    const number = await this.#session.journal.note(refillNote, data);
    this.#open.push({ number, kind: refillNote, name, data });
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
    const left: string[] = [];
    for (const { number, kind, data, name } of this.#open.splice(0).reverse()) {
      // A container that could not be removed still uses them; they would count as somebody else's.
      if (left.length > 0 && ['removeNetwork', 'removeVolume'].includes(kind)) {
        left.push(name);
        continue;
      }
      // Without the signal that may have brought this about.
      const { signal } = new AbortController();
      try {
        await this.#ways.get(kind)?.(data, head, signal);
        await journal.settle(number);
      } catch (error) {
        left.push(`${name}: ${reasonOf(error)}`);
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
