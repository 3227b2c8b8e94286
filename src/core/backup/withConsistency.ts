import { setTimeout as wait } from 'node:timers/promises';
import type { Engine } from '../engine/engine.ts';
import type { ContainerDetails, ContainerSummary } from '../engine/records.ts';
import { failure, reasonOf } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { noteEngine } from '../recovery/engineNotes.ts';
import type { Remark } from '../snapshot/snapshotRecords.ts';
import type { VaultSession } from '../vault/vaultSession.ts';
import { withHooks } from './hooks.ts';
import { inspectIfThere, putBack, standingOf, standStill, stoodStill, type Standing } from './standstill.ts';
import { startWaves } from './startOrder.ts';

/**
 * How what is read is kept from changing meanwhile: `none` not at all, `pause` as if the power had been cut at one
 * moment, `stop` as a clean end leaves it.
 */
export type Consistency = 'none' | 'pause' | 'stop';

export interface ConsistencyDeps {
  readonly engine: Engine;
  /** See `engineIdentity`. */
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
  for (const { id } of containers) {
    const details = await inspectIfThere(deps.engine, id, signal);
    if (details?.state === 'running' || details?.state === 'restarting') found.push(details);
  }
  const remarks: Remark[] = [];
  const order = startWaves(found, ({ config }) => config.labels);
  const waves = order.map((wave) => wave.flatMap((details) => asStanding(details, mode, remarks)));
  const isStill = found.length === waves.flat().length;
  // In one that is between two starts nothing can be run.
  const hooked = order.flat().filter(({ state }) => state === 'running');
  const value = await withHooks(deps, { containers: hooked, remarks }, signal, () =>
    whileStill(deps, { waves, remarks }, signal, () => work({ isStill })),
  );
  return { value, remarks };
}

function asStanding(details: ContainerDetails, mode: Consistency, remarks: Remark[]): readonly Standing[] {
  if (mode === 'none') return [];
  if (mode === 'pause' && details.state === 'restarting') {
    remarks.push({ kind: 'notPaused', subject: details.name, detail: 'it restarts again and again' });
    return [];
  }
  return [standingOf(details, mode)];
}

async function whileStill<T>(
  deps: ConsistencyDeps,
  { waves, remarks }: { readonly waves: readonly (readonly Standing[])[]; readonly remarks: Remark[] },
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const { engine, engineId, session } = deps;
  const open = new Map<Standing, number>();
  const settle = async (standing: Standing): Promise<void> => {
    const note = open.get(standing);
    open.delete(standing);
    if (note !== undefined) await session.journal.settle(note);
  };
  const still = async (): Promise<T> => {
    // All notes first: the first one that is paused waits for the last one.
    for (const standing of waves.flat()) {
      signal.throwIfAborted();
      const kind = standing.mode === 'pause' ? 'unpause' : 'start';
      open.set(standing, await noteEngine(session, engineId, { kind, container: standing.id }));
    }
    for (const wave of [...waves].reverse()) {
      signal.throwIfAborted();
      const asked = await Promise.allSettled(wave.map((standing) => standStill(engine, standing)));
      for (const [index, standing] of wave.entries()) {
        const answer = asked[index];
        if (answer?.status !== 'rejected') continue;
        // One that ended by itself in this moment stands still too, and stays as it is.
        const now = await inspectIfThere(engine, standing.id);
        if (now?.state === 'running' || now?.state === 'restarting') throw answer.reason;
        await settle(standing);
      }
    }
    signal.throwIfAborted();
    const value = await work();
    for (const standing of open.keys()) {
      if (await stoodStill(engine, standing)) continue;
      const detail = 'it did not stand still while it was read';
      remarks.push({ kind: 'notPaused', subject: standing.name, detail });
    }
    return value;
  };
  return await inTheEnd(still, async () => {
    const left = await putAllBack(engine, waves, open, remarks, settle);
    if (left.length === 0) return;
    const names = left.map(({ standing }) => standing.name).join(', ');
    throw failure('notPutBack', { names, reason: reasonOf(left[0]?.error) }, left[0]?.error);
  });
}

/** Rounds, since one that can't start may need another one that is tried after it, or an engine that comes back. */
async function putAllBack(
  engine: Engine,
  waves: readonly (readonly Standing[])[],
  open: ReadonlyMap<Standing, number>,
  remarks: Remark[],
  settle: (standing: Standing) => Promise<void>,
): Promise<readonly { readonly standing: Standing; readonly error: unknown }[]> {
  for (let round = 1; ; round++) {
    const failed: { standing: Standing; error: unknown }[] = [];
    for (const standing of waves.flat()) {
      if (!open.has(standing)) continue;
      try {
        const outcome = await putBack(engine, standing);
        if (outcome === 'ended') {
          const detail = 'it was put back and ended at once';
          remarks.push({ kind: 'other', subject: standing.name, detail });
        }
        if (outcome === 'gone')
          remarks.push({ kind: 'vanished', subject: standing.name, detail: 'the container was removed' });
        await settle(standing);
      } catch (error) {
        failed.push({ standing, error });
      }
    }
    if (failed.length === 0 || round === 4) return failed;
    await wait(round * 500);
  }
}

/** Does `last` after `work`, whatever came of it; if both fail, both are told, and `last` is what people read. */
async function inTheEnd<T>(work: () => Promise<T>, last: () => Promise<void>): Promise<T> {
  let value: T;
  try {
    value = await work();
  } catch (error) {
    await last().catch((second: unknown) => {
      if (second instanceof Error) second.cause = new AggregateError([second.cause, error]);
      throw second;
    });
    throw error;
  }
  await last();
  return value;
}
