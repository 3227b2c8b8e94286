import type { Engine } from '../engine/engine.ts';
import { reasonOf } from '../errors.ts';
import { nameOwners } from '../recovery/nameOwners.ts';
import type { BrokenLoad } from '../recovery/undoLoad.ts';
import { engineNoteKinds, noteEngine, undoEngineNotes, type EngineNote } from '../recovery/engineNotes.ts';
import { undoNotes, type UndoNote } from '../vault/journal.ts';
import type { JournalNote, OperationHead } from '../vault/journalFile.ts';
import type { Vault } from '../vault/layout.ts';
import type { ProcessIdentity } from '../vault/processIdentity.ts';
import type { VaultSession } from '../vault/vaultSession.ts';
import { refillNote, type ReplacedVolume } from '../volumes/replaceVolume.ts';
import { undoReplace } from '../volumes/undoReplace.ts';

/**
 * What an operation has done to an engine so far: every open note of its journal that is of this engine, so also of
 * helpers that could not be removed when they were done with, for what they use can't go before. Undoing it goes the
 * way that recovery goes after a crash, so that there is one way back and it is tried often.
 */
export class EngineUndo {
  readonly #engineId: string;
  readonly #session: Pick<VaultSession, 'journal' | 'operationId' | 'owner'>;
  readonly #ways: ReadonlyMap<string, UndoNote>;
  /** What is known of notes here, and not in the journal. */
  readonly #known = new Map<number, object>();
  /** Notes of others that are undone as if they were written here. */
  readonly #adopted = new Set<number>();

  /** Without a vault, volumes whose data was replaced can't be adopted. */
  constructor(
    {
      engine,
      vault,
      owner,
    }: { readonly engine: Engine; readonly vault?: Vault; readonly owner: ProcessIdentity },
    engineId: string,
    session: Pick<VaultSession, 'journal' | 'operationId' | 'owner'>,
  ) {
    this.#engineId = engineId;
    this.#session = session;
    this.#ways = new Map([
      ...undoEngineNotes(engine, engineId),
      ...(vault === undefined
        ? []
        : [[refillNote, undoReplace({ engine, vault, owner }, engineId)] as const]),
    ]);
  }

  /** To be awaited before the thing is done. Resolves with the note's number. */
  note(note: EngineNote): Promise<number> {
    return noteEngine(this.#session, this.#engineId, note);
  }

  /** The thing was made, and the engine told what it is: says so in the place of the first note, which had a name alone. */
  async made(first: number, note: EngineNote): Promise<number> {
    const number = await this.note(note);
    await this.#session.journal.settle(first);
    // This process knows; after a crash it has to be seen from what the engine tells.
    this.#known.set(number, { isKnown: true });
    return number;
  }

  /** Images that come, and tags that move. Of those that were there only what the load may touch is noted. */
  async noteLoad({ images, keepAs, before, said }: BrokenLoad): Promise<void> {
    const ids = new Set(images.map(({ id }) => id));
    const had = nameOwners(before);
    const names = [...images.flatMap(({ tags }) => tags), ...keepAs.keys(), ...keepAs.values()];
    const touched = new Set([...before.filter(({ id }) => ids.has(id)), ...names.map(had)]);
    const known = [...touched].flatMap((image) => (image ? [{ id: image.id, tags: image.tags }] : []));
    const note = { kind: 'undoLoad', images, keepAs: [...keepAs], before: known, said } as const;
    const number = await this.note(note);
    // What the engine says of it later only this process gets to know, and any image may lose a name to that.
    this.#known.set(number, { before });
  }

  /** A volume whose data was replaced gets back what it held before; the note of that is written already. */
  adoptReplaced({ note }: ReplacedVolume): void {
    this.#adopted.add(note);
  }

  /** What a note stands for was undone, or is to stay. */
  async settle(note: number): Promise<void> {
    await this.#session.journal.settle(note);
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
    const open = journal.openNotes
      .filter((note) => this.#isToUndo(note))
      .map((note) => this.#withKnown(note));
    const settle = ({ number }: JournalNote): Promise<void> => journal.settle(number);
    // Without the signal that may have brought this about.
    const left = await undoNotes({ head, open, settle }, this.#ways, new AbortController().signal);
    return left.map(({ note, error }) => `${nameOf(note)}: ${reasonOf(error)}`);
  }

  /** All of it is to stay. The notes go at once and together: half of them would undo a half. */
  async keepAll(): Promise<void> {
    await this.#session.journal.end();
  }

  /** A journal may be of two engines. Of a volume whose data was replaced only the replacement knows until it is done. */
  #isToUndo({ number, kind, data }: JournalNote): boolean {
    if (!engineNoteKinds.includes(kind)) return this.#adopted.has(number);
    return (data as { readonly engineId?: string }).engineId === this.#engineId;
  }

  #withKnown(note: JournalNote): JournalNote {
    return { ...note, data: { ...(note.data as object), ...this.#known.get(note.number) } };
  }
}

function nameOf({ data, kind }: JournalNote): string {
  const { name, container } = data as { readonly name?: string; readonly container?: string };
  return name ?? container ?? kind;
}
