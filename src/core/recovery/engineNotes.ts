/**
 * What an operation would have to undo on an engine, as notes of the vault's journal, and how each is undone.
 *
 *     const note = await noteEngine(session, engineId, { kind: 'unpause', container: id });
 *     await engine.containers.pause(id); // only now
 *     …
 *     await engine.containers.unpause(id);
 *     await session.journal.settle(note);
 */
import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import type { Engine } from '../engine/engine.ts';
import { DrydockError, failure } from '../errors.ts';
import type { UndoNote, Undone } from '../vault/journal.ts';
import type { VaultSession } from '../vault/vaultSession.ts';

/** One thing to undo. A container is best given by its ID, which nobody else can get. */
export type EngineNote =
  | { readonly kind: 'removeContainer'; readonly name: string }
  /** `name` is one that Drydock made up: it goes, and the image with it when it has no other. */
  | { readonly kind: 'removeImage'; readonly name: string }
  /** `notBeforeMs`: when it was noted. What is older was there before, and stays. */
  | { readonly kind: 'removeVolume'; readonly name: string; readonly notBeforeMs: number }
  | { readonly kind: 'removeNetwork'; readonly name: string }
  | { readonly kind: 'unpause'; readonly container: string }
  | { readonly kind: 'start'; readonly container: string }
  | { readonly kind: 'renameBack'; readonly container: string; readonly to: string }
  /** A command that ends what another one began. It gets one try after a crash, whatever comes of it. */
  | {
      readonly kind: 'runAfter';
      readonly container: string;
      readonly command: readonly string[];
      readonly timeoutMs: number;
    };

/** Something that an operation was about to make. */
interface Made {
  readonly name: string;
  /** When it was noted. */
  readonly atMs: number;
}

/**
 * What is made right after it was noted is not older than its note, give or take the engine's clock, and not much
 * younger: the name may be somebody else's by the time a crash is cleaned up.
 */
const madeWithinMs = 10 * 60_000;
const clockSlackMs = 5 * 60_000;

const text = z.string().min(1).max(10_000);
const count = z.number().int().nonnegative();
const noted = z.object({ engineId: z.string().max(10_000), atMs: count });
const shapes = {
  removeContainer: noted.extend({ name: text }),
  removeImage: noted.extend({ name: text }),
  removeVolume: noted.extend({ name: text, notBeforeMs: count }),
  removeNetwork: noted.extend({ name: text }),
  unpause: noted.extend({ container: text }),
  start: noted.extend({ container: text }),
  renameBack: noted.extend({ container: text, to: text }),
  runAfter: noted.extend({ container: text, command: z.array(z.string()).min(1), timeoutMs: count }),
} as const satisfies Record<EngineNote['kind'], z.ZodType>;

/** The kinds of notes that need an engine to be undone. */
export const engineNoteKinds: readonly string[] = Object.keys(shapes);

/** A name for what exists on an engine only while an operation runs: `drydock-<what>-<16 hex digits>`. */
export function madeUpName(what: string): string {
  return `drydock-${what}-${randomBytes(8).toString('hex')}`;
}

/**
 * Notes on the disk what will have to be undone on the engine `engineId` (see `engineIdentity`). To be awaited before
 * it is begun. The number is for `session.journal.settle`, once it was undone or is to stay.
 */
export function noteEngine(
  session: Pick<VaultSession, 'journal'>,
  engineId: string,
  note: EngineNote,
): Promise<number> {
  const { kind, ...data } = note;
  return session.journal.note(kind, { engineId, atMs: Date.now(), ...data });
}

/**
 * How notes are undone on `engine`. Whatever is not there, or in its prior state already, is settled; so is what now
 * belongs to somebody else: a volume or a network that a container uses, a name that was given anew. Rejects with
 * what the engine rejects with, and may then be tried again.
 */
export function undoEngineNotes(engine: Engine, engineId: string): ReadonlyMap<string, UndoNote> {
  const { containers } = engine;
  return new Map([
    undo(engineId, 'removeContainer', async ({ name, atMs }, signal) => {
      const found = await containers.inspect(name, { signal });
      if (!isOurs({ name, atMs }, found.createdAtMs)) return;
      await containers.remove(found.id, { force: true, anonymousVolumes: true, signal });
    }),
    undo(engineId, 'removeImage', async ({ name }, signal) => {
      await engine.images.remove(name, { signal });
    }),
    undo(engineId, 'removeVolume', async ({ name, notBeforeMs }, signal) => {
      const { createdAtMs } = await engine.volumes.inspect(name, { signal });
      if (!isOurs({ name, atMs: notBeforeMs }, createdAtMs)) return;
      const all = await containers.list({ signal });
      if (all.some(({ mounts }) => mounts.some((mount) => mount.name === name))) return;
      // Engines tell whole seconds. A clock that is behind or somebody else's volume: with data at stake nobody guesses.
      if (createdAtMs === undefined || createdAtMs < Math.floor(notBeforeMs / 1000) * 1000)
        throw failure('engineConflict', {
          name,
          reason: 'it may have been there before, so it was not removed',
        });
      await engine.volumes.remove(name, { signal });
    }),
    undo(engineId, 'removeNetwork', async ({ name }, signal) => {
      const found = await engine.networks.inspect(name, { signal });
      const all = await containers.list({ signal });
      if (all.some(({ networks }) => networks.includes(found.name))) return;
      await engine.networks.remove(found.id, { signal });
    }),
    undo(engineId, 'unpause', async ({ container }, signal) => {
      const { id, state } = await containers.inspect(container, { signal });
      if (state === 'paused') await containers.unpause(id, { signal });
    }),
    undo(engineId, 'start', async ({ container }, signal) => {
      const { id, state } = await containers.inspect(container, { signal });
      if (state === 'exited' || state === 'created') await containers.start(id, { signal });
    }),
    undo(engineId, 'renameBack', async ({ container, to }, signal) => {
      const { id, name } = await containers.inspect(container, { signal });
      if (name !== to) await containers.rename(id, to, { signal });
    }),
    undo(engineId, 'runAfter', async ({ container, command, timeoutMs }, signal) => {
      const { id, state } = await containers.inspect(container, { signal });
      if (state !== 'running') return;
      const limit = AbortSignal.timeout(timeoutMs);
      await containers
        .exec(id, { command }, { signal: AbortSignal.any([signal, limit]) })
        .catch((error: unknown) => {
          if (!limit.aborted) throw error;
        });
    }),
  ]);
}

function undo<K extends EngineNote['kind']>(
  engineId: string,
  kind: K,
  work: (data: z.output<(typeof shapes)[K]>, signal: AbortSignal) => Promise<void>,
): readonly [string, UndoNote] {
  return [
    kind,
    async (found, operation, signal): Promise<Undone> => {
      const parsed = shapes[kind].safeParse(found);
      if (!parsed.success)
        throw failure('badJson', { where: `${kind} (${operation.id})`, reason: parsed.error.message });
      const data = parsed.data as z.output<(typeof shapes)[K]>;
      if (data.engineId !== engineId) return 'elsewhere';
      try {
        await work(data, signal);
      } catch (error) {
        if (!(error instanceof DrydockError && error.code === 'engineNotFound')) throw error;
      }
      return 'settled';
    },
  ];
}

/** Whether something that has the name now is what was noted. */
function isOurs({ name, atMs }: Made, createdAtMs: number | undefined): boolean {
  // What was made up nobody else has: by Drydock, or by the engine as an ID.
  if (/^(drydock-[a-z-]+-[0-9a-f]{12,}|[0-9a-f]{64})$/.test(name)) return true;
  if (createdAtMs === undefined) return false;
  return createdAtMs >= atMs - clockSlackMs && createdAtMs <= atMs + madeWithinMs;
}
