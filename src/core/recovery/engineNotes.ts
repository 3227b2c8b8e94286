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
import { takeNameAway } from '../engine/takeNameAway.ts';
import { isDigest } from '../digest.ts';
import { DrydockError, failure, reasonOf, type FailureCode } from '../errors.ts';
import type { UndoNote, Undone } from '../vault/journal.ts';
import type { VaultSession } from '../vault/vaultSession.ts';
import { undoLoad, type BrokenLoad } from './undoLoad.ts';

/** One thing to undo. A container is best given by its ID, which nobody else can get. */
export type EngineNote =
  | { readonly kind: 'removeContainer'; readonly name: string }
  /** `name` is one that Drydock made up: it goes, and the image with it when it has no other. */
  | { readonly kind: 'removeImage'; readonly name: string }
  /** As well, of an image that was there before and stays. */
  | { readonly kind: 'takeNameAway'; readonly name: string }
  /**
   * `notBeforeMs`: when it was noted. What is older was there before, and stays. `madeAtMs`: what the engine itself
   * told of it when it was made.
   */
  | {
      readonly kind: 'removeVolume';
      readonly name: string;
      readonly notBeforeMs: number;
      readonly madeAtMs?: number;
    }
  | { readonly kind: 'removeNetwork'; readonly name: string }
  | { readonly kind: 'unpause'; readonly container: string }
  /** `name`: it is started only while it has that name, for what took its place works on the same data. */
  | {
      readonly kind: 'start';
      readonly container: string;
      readonly name?: string;
      /** Whether it is to stand still after that. */
      readonly isPaused?: boolean;
    }
  | { readonly kind: 'renameBack'; readonly container: string; readonly to: string }
  /** Images that an operation sends; see `undoLoad`. */
  | ({ readonly kind: 'undoLoad'; readonly keepAs: readonly (readonly [string, string])[] } & Omit<
      BrokenLoad,
      'keepAs'
    >)
  /** A command that ends what another one began. It gets one try after a crash, whatever comes of it. */
  | {
      readonly kind: 'runAfter';
      readonly container: string;
      readonly command: readonly string[];
      readonly timeoutMs: number;
    };

/**
 * What is made right after it was noted is not older than its note, give or take the engine's clock, and not much
 * younger: the name may be somebody else's by the time a crash is cleaned up.
 */
const madeWithinMs = 10 * 60_000;
/** How far an engine's clock may be from ours. */
export const clockSlackMs = 5 * 60_000;

const text = z.string().min(1).max(10_000);
const count = z.number().int().nonnegative();
const noted = z.object({ engineId: z.string().max(10_000), atMs: count });
const image = z.object({ id: z.string().refine(isDigest), tags: z.array(text) });
const shapes = {
  removeContainer: noted.extend({ name: text }),
  removeImage: noted.extend({ name: text }),
  takeNameAway: noted.extend({ name: text }),
  removeVolume: noted.extend({
    name: text,
    notBeforeMs: count,
    madeAtMs: count.optional(),
    // Said by the process that made it alone, and never written.
    isKnown: z.boolean().default(false),
  }),
  removeNetwork: noted.extend({ name: text }),
  unpause: noted.extend({ container: text }),
  start: noted.extend({ container: text, name: text.optional(), isPaused: z.boolean().default(false) }),
  renameBack: noted.extend({ container: text, to: text }),
  undoLoad: noted.extend({
    images: z.array(image),
    keepAs: z.array(z.tuple([text, text])),
    before: z.array(image),
    said: z.array(text),
  }),
  runAfter: noted.extend({ container: text, command: z.array(z.string()).min(1), timeoutMs: count }),
} as const satisfies Record<EngineNote['kind'], z.ZodType>;

/** The kinds of notes that need an engine to be undone. */
export const engineNoteKinds: readonly string[] = Object.keys(shapes);

/** A name for what exists on an engine only while an operation runs: `drydock-<what>-<16 hex digits>`. */
export function madeUpName(what: string): string {
  return `drydock-${what}-${randomBytes(8).toString('hex')}`;
}

/**
 * Notes on the disk what will have to be undone on the engine `engineId` (see `engineKey`). To be awaited before
 * it is begun. The number is for `session.journal.settle`, once it was undone or is to stay.
 */
export function noteEngine(
  session: { readonly journal: Pick<VaultSession['journal'], 'note'> },
  engineId: string,
  note: EngineNote,
): Promise<number> {
  const { kind, ...data } = note;
  return session.journal.note(kind, { engineId, atMs: Date.now(), ...data });
}

/**
 * How notes are undone on `engine`. Whatever is not there, or in its prior state already, is settled; so is what now
 * belongs to somebody else: a volume or a network that a container uses, a name that was given anew. Rejects with
 * what the engine rejects with, and may then be tried again. `olderId`: what notes of Drydock's first versions call it.
 */
export function undoEngineNotes(
  engine: Engine,
  engineId: string,
  olderId?: string,
): ReadonlyMap<string, UndoNote> {
  const { containers } = engine;
  const ids: ReadonlySet<string | undefined> = new Set([engineId, olderId]);
  return new Map([
    undo(ids, 'removeContainer', async ({ name, atMs }, { signal }) => {
      const { id, state, createdAtMs } = await containers.inspect(name, { signal });
      // By its name alone it is known until the engine told its ID, and what is started after that is somebody else's.
      if (!isMadeUp(name) && !(state === 'created' && isMadeThen(atMs, createdAtMs))) return;
      await containers.remove(id, { force: true, anonymousVolumes: true, signal });
    }),
    undo(ids, 'removeImage', async ({ name }, { signal }) => {
      await engine.images.remove(name, { signal });
    }),
    undo(ids, 'takeNameAway', ({ name }, { signal }) => takeNameAway(engine, name, { signal })),
    undo(ids, 'removeVolume', async ({ name, notBeforeMs, madeAtMs, isKnown }, { signal, hasLeft }) => {
      const { createdAtMs } = await engine.volumes.inspect(name, { signal });
      const isSame = isKnown || (createdAtMs !== undefined && createdAtMs === madeAtMs);
      const isNear = isMadeUp(name) || isMadeThen(madeAtMs ?? notBeforeMs, createdAtMs);
      if (!isSame && !isNear && madeAtMs === undefined) return;
      const all = await containers.list({ signal });
      if (all.some(({ mounts }) => mounts.some((mount) => mount.name === name))) {
        requireNoneLeft(name, hasLeft);
        return;
      }
      // Engines tell whole seconds, and older ones when the folder last changed. A clock that is behind or somebody
      // else's volume: with data at stake nobody guesses.
      const notBefore = madeAtMs ?? Math.floor(notBeforeMs / 1000) * 1000;
      if (!isSame && (!isNear || createdAtMs === undefined || createdAtMs < notBefore))
        throw failure('engineConflict', {
          name,
          reason: 'it may be another one of that name, so it was not removed',
        });
      await engine.volumes.remove(name, { signal });
    }),
    undo(ids, 'removeNetwork', async ({ name, atMs }, { signal, hasLeft }) => {
      const found = await engine.networks.inspect(name, { signal });
      if (!isMadeUp(name) && !isMadeThen(atMs, networkMadeAtMs(found.raw))) return;
      const all = await containers.list({ signal });
      if (all.some(({ networks }) => networks.includes(found.name))) requireNoneLeft(name, hasLeft);
      else await engine.networks.remove(found.id, { signal });
    }),
    undo(ids, 'unpause', async ({ container }, { signal }) => {
      const { id, state } = await containers.inspect(container, { signal });
      if (state === 'paused') await containers.unpause(id, { signal });
    }),
    undo(ids, 'start', async ({ container, name, isPaused }, { signal }) => {
      const found = await containers.inspect(container, { signal });
      if (name !== undefined && found.name !== name)
        throw failure('engineConflict', { name, reason: 'what took its place is still there' });
      const { id, state } = found;
      const isStill = state === 'exited' || state === 'created';
      if (isStill)
        await containers.start(id, { signal }).catch(async (error: unknown) => {
          if (!isGone(error)) throw error;
          // Unless it is gone itself, which this tells, something is that it needs: a network, a folder of the host.
          await containers.inspect(id, { signal });
          throw failure('engineConflict', { name: found.name, reason: reasonOf(error) }, error);
        });
      if (isPaused && (isStill || state === 'running')) await containers.pause(id, { signal });
    }),
    undo(ids, 'renameBack', async ({ container, to }, { signal }) => {
      const { id, name } = await containers.inspect(container, { signal });
      if (name !== to) await containers.rename(id, to, { signal });
    }),
    undo(ids, 'undoLoad', async ({ keepAs, ...load }, { hasLeft }) => {
      await undoLoad(engine, { ...load, keepAs: new Map(keepAs) }).catch((error: unknown) => {
        const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
        // What is gone needs nothing, and an image that is in use by now is somebody else's.
        if (!errors.every((one) => isGone(one) || (!hasLeft && hasCode(one, 'engineConflict')))) throw error;
      });
    }),
    undo(ids, 'runAfter', async ({ container, command, timeoutMs }, { signal, hasLeft }) => {
      const { id, state } = await containers.inspect(container, { signal });
      // What could not be resumed or started yet still has what the other command began.
      if (state !== 'running' && hasLeft)
        throw failure('engineConflict', { name: container, reason: 'it does not run again yet' });
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
  engineIds: ReadonlySet<string | undefined>,
  kind: K,
  work: (
    data: z.output<(typeof shapes)[K]>,
    during: { readonly signal: AbortSignal; readonly hasLeft: boolean },
  ) => Promise<void>,
): readonly [string, UndoNote] {
  return [
    kind,
    async (found, operation, signal): Promise<Undone> => {
      const parsed = shapes[kind].safeParse(found);
      if (!parsed.success)
        throw failure('badJson', { where: `${kind} (${operation.id})`, reason: parsed.error.message });
      const data = parsed.data as z.output<(typeof shapes)[K]>;
      if (!engineIds.has(data.engineId)) return 'elsewhere';
      try {
        await work(data, { signal, hasLeft: operation.hasLeft ?? false });
      } catch (error) {
        if (!isGone(error)) throw error;
      }
      return 'settled';
    },
  ];
}

/** What is used may be somebody else's by now, but not while what this operation made may still be the user. */
function requireNoneLeft(name: string, hasLeft: boolean): void {
  if (hasLeft) throw failure('engineConflict', { name, reason: 'what was made for it is still there' });
}

/** Whether nobody else has such a name: it was made up by Drydock, or by the engine as an ID. */
function isMadeUp(name: string): boolean {
  return /^(drydock-[a-z-]+-[0-9a-f]{12,}|[0-9a-f]{64})$/.test(name);
}

/** Whether something may be what was made right after `atMs`. */
function isMadeThen(atMs: number, createdAtMs: number | undefined): boolean {
  if (createdAtMs === undefined) return false;
  return createdAtMs >= atMs - clockSlackMs && createdAtMs <= atMs + madeWithinMs;
}

const madeAt = z.object({ Created: z.iso.datetime({ offset: true }) });

/** Engines tell it of networks as a text. */
function networkMadeAtMs(raw: unknown): number | undefined {
  const parsed = madeAt.safeParse(raw);
  return parsed.success ? Date.parse(parsed.data.Created) : undefined;
}

function isGone(error: unknown): boolean {
  return hasCode(error, 'engineNotFound');
}

function hasCode(error: unknown, code: FailureCode): boolean {
  return error instanceof DrydockError && error.code === code;
}
