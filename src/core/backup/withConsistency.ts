import { setTimeout as wait } from 'node:timers/promises';
import type { Engine } from '../engine/engine.ts';
import type { ContainerDetails, ContainerSummary } from '../engine/records.ts';
import { failure, reasonOf } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { noteEngine } from '../recovery/engineNotes.ts';
import type { Remark } from '../snapshot/snapshotRecords.ts';
import type { VaultSession } from '../vault/vaultSession.ts';
import { withHooks } from './hooks.ts';
import { inTheEnd } from './inTheEnd.ts';
import {
  inspectIfThere,
  isActive,
  putBack,
  standingOf,
  standStill,
  startedAtOf,
  stoodStill,
  type Standing,
} from './standstill.ts';
import { startWaves } from './startOrder.ts';

/**
 * How what is read is kept from changing meanwhile: `none` not at all, `pause` as if the power had been cut at one
 * moment, `stop` as a clean end leaves it.
 */
export type Consistency = 'none' | 'pause' | 'stop';

export interface ConsistencyDeps {
  readonly engine: Engine;
  /** See `engineKey`. */
  readonly engineId: string;
  readonly session: Pick<VaultSession, 'journal'>;
}

export interface ConsistencyInput {
  /** Whoever may write to what is read. Each is looked at again, so a list may be a little old. */
  readonly containers: readonly Pick<ContainerSummary, 'id'>[];
  readonly mode: Consistency;
}

/** What work is told about the time in which it reads. */
export interface ConsistentWindow {
  /** Whether every container stands still; where not, what is read may be written meanwhile. */
  readonly isStill: boolean;
}

export interface ConsistentResult<T> {
  readonly value: T;
  /** Containers that did not stand still all the time, or did not come back well; hooks that failed afterwards. */
  readonly remarks: readonly Remark[];
}

/**
 * Does `work` while the containers stand still:
 * 1. look at each; those that don't run stay as they are, 2. hooks before, 3. note for each that it is to be resumed
 * or started, 4. pause, or stop those first on which no other depends, 5. work, 6. look whether they stood still,
 * 7. put back what this made stand still, 8. hooks after.
 *
 * 7 and 8 happen whatever came before, a cancel included, and after a crash through `recoverVault`. What `work` reads
 * it has read when it resolves or rejects. Rejects with `stopWouldRemove`, `hookLabelBad`, `hookFailed`, `notPutBack`,
 * and whatever the engine or `work` rejects with.
 */
export async function withConsistency<T>(
  deps: ConsistencyDeps,
  { containers, mode }: ConsistencyInput,
  { signal, progress }: Operation,
  work: (window: ConsistentWindow) => Promise<T>,
): Promise<ConsistentResult<T>> {
  progress.report({ phase: 'preparing' });
  const found: ContainerDetails[] = [];
  const idle: ContainerDetails[] = [];
  for (const { id } of containers) {
    const details = await inspectIfThere(deps.engine, id, signal);
    if (details !== undefined) (isActive(details) ? found : idle).push(details);
  }
  const remarks: Remark[] = [];
  const order = startWaves(found, ({ config }) => config.labels);
  const waves = order.map((wave) => wave.flatMap((details) => asStanding(details, mode, remarks)));
  const isStill = found.length === waves.flat().length;
  // In one that is between two starts nothing can be run.
  const hooked = order.flat().filter(({ state }) => state === 'running');
  const value = await withHooks(deps, { containers: hooked, remarks }, signal, () =>
    whileStill(deps, { waves, idle, remarks }, signal, async () => {
      const result = await work({ isStill });
      remarks.push(...(await startedMeanwhile(deps.engine, idle, signal)));
      return result;
    }),
  );
  return { value, remarks };
}

/** Containers that did not run, and that somebody else had go on. */
async function startedMeanwhile(
  engine: Engine,
  idle: readonly ContainerDetails[],
  signal: AbortSignal,
): Promise<readonly Remark[]> {
  const remarks: Remark[] = [];
  for (const before of idle) {
    const now = await inspectIfThere(engine, before.id, signal);
    if (now === undefined || (!isActive(now) && startedAtOf(now) === startedAtOf(before))) continue;
    const detail = 'it was started or resumed while it was read';
    remarks.push({ kind: 'notPaused', subject: before.name, detail });
  }
  return remarks;
}

function asStanding(details: ContainerDetails, mode: Consistency, remarks: Remark[]): readonly Standing[] {
  if (mode === 'none') return [];
  if (mode === 'pause' && details.state === 'restarting') {
    remarks.push({ kind: 'notPaused', subject: details.name, detail: 'it restarts again and again' });
    return [];
  }
  return [standingOf(details, mode)];
}

/** A container that is to go on, and the note that says so. */
interface Open {
  readonly standing: Standing;
  readonly note: number;
}

async function whileStill<T>(
  { engine, engineId, session }: ConsistencyDeps,
  {
    waves,
    idle,
    remarks,
  }: {
    readonly waves: readonly (readonly Standing[])[];
    readonly idle: ContainerDetails[];
    readonly remarks: Remark[];
  },
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const open = new Map<string, Open>();
  const settle = async (id: string): Promise<void> => {
    const note = open.get(id)?.note;
    open.delete(id);
    if (note !== undefined) await session.journal.settle(note);
  };
  const standWave = async (wave: readonly Standing[]): Promise<void> => {
    for (const { id, mode } of wave) {
      const now = await inspectIfThere(engine, id, signal);
      const held = open.get(id);
      // One that ended by itself meanwhile, while hooks ran for example, stays as it is.
      if (now === undefined || !isActive(now)) {
        await settle(id);
        if (now !== undefined) idle.push(now);
      } else if (held !== undefined) open.set(id, { ...held, standing: standingOf(now, mode) });
    }
    const asked = wave.flatMap(({ id }) => open.get(id)?.standing ?? []);
    const outcomes = await Promise.allSettled(asked.map((standing) => standStill(engine, standing)));
    for (const [index, { id }] of asked.entries()) {
      const outcome = outcomes[index];
      if (outcome?.status === 'rejected') throw outcome.reason;
      if (outcome?.value !== 'byItself') continue;
      await settle(id);
      const now = await inspectIfThere(engine, id, signal);
      if (now !== undefined) idle.push(now);
    }
  };
  const still = async (): Promise<T> => {
    // All notes first: the first one that is paused waits for the last one.
    for (const standing of waves.flat()) {
      signal.throwIfAborted();
      const kind = standing.mode === 'pause' ? 'unpause' : 'start';
      const note = await noteEngine(session, engineId, { kind, container: standing.id });
      open.set(standing.id, { standing, note });
    }
    for (const wave of [...waves].reverse()) {
      signal.throwIfAborted();
      await standWave(wave);
    }
    signal.throwIfAborted();
    const value = await work();
    for (const { standing } of open.values()) {
      if (await stoodStill(engine, standing)) continue;
      const detail = 'it did not stand still while it was read';
      remarks.push({ kind: 'notPaused', subject: standing.name, detail });
    }
    return value;
  };
  return await inTheEnd(still, async () => {
    const inOrder = waves.flat().flatMap(({ id }) => open.get(id) ?? []);
    const { done, failed } = await putAllBack(engine, inOrder, remarks);
    // Only now: a disk of the vault that hangs keeps nobody waiting.
    for (const { standing } of done) await settle(standing.id);
    if (failed.length === 0) return;
    const names = failed.map(({ standing }) => standing.name).join(', ');
    throw failure('notPutBack', { names, reason: reasonOf(failed[0]?.error) }, failed[0]?.error);
  });
}

/** Rounds, since one that can't start may need another one that is tried after it, or an engine that comes back. */
async function putAllBack(
  engine: Engine,
  all: readonly Open[],
  remarks: Remark[],
): Promise<{
  readonly done: readonly Open[];
  readonly failed: readonly (Open & { readonly error: unknown })[];
}> {
  const done: Open[] = [];
  let left = all;
  for (let round = 1; ; round++) {
    const failed: (Open & { error: unknown })[] = [];
    for (const one of left) {
      const { standing } = one;
      try {
        const outcome = await putBack(engine, standing);
        if (outcome === 'ended') {
          const detail = 'it was put back and ended at once';
          remarks.push({ kind: 'other', subject: standing.name, detail });
        }
        if (outcome === 'gone')
          remarks.push({ kind: 'vanished', subject: standing.name, detail: 'the container was removed' });
        done.push(one);
      } catch (error) {
        failed.push({ ...one, error });
      }
    }
    if (failed.length === 0 || round === 4) return { done, failed };
    left = failed;
    await wait(round * 500);
  }
}
