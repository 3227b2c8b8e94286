import { DrydockError, failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { awaitSteady, reasonAgainst } from '../restore/awaitSteady.ts';
import { readBody } from '../restore/capturedBody.ts';
import type { MadeContainer } from '../restore/makeContainers.ts';
import { allOf } from './allOf.ts';
import type { MoveRun } from './moveRun.ts';

/** Containers that were started, and what is left to see of them. */
export interface StartedContainers {
  /** When the last one was started, by `performance.now()`. */
  readonly startedAtMs: number;
  /** Waits until all of them are clear to stay; then those are paused that were. Rejects with `moveNotHealthy`. */
  readonly untilSteady: () => Promise<void>;
}

/**
 * Starts what ran, in order, each after those it needs are healthy where they have a check. Rejects with
 * `moveNotStarted` and `moveNotHealthy`.
 */
export async function startMoved(
  { target: { engine }, operation, wait, to }: Pick<MoveRun, 'target' | 'operation' | 'wait' | 'to'>,
  made: readonly MadeContainer[],
): Promise<StartedContainers> {
  const { signal, progress } = operation;
  const started = made.filter(({ planned }) => planned.state !== 'created');
  const steady = new Set<string>();
  const requireSteady = async (
    { id, planned: { document, name } }: MadeContainer,
    during: Operation,
  ): Promise<void> => {
    if (steady.has(id)) return;
    during.progress.report({ phase: 'checking', item: name });
    const found = await awaitSteady(engine, { id, document }, { signal: during.signal, wait });
    if (!found.isSteady) throw failure('moveNotHealthy', { name, to, reason: found.reason });
    steady.add(id);
  };
  for (const { id, planned } of started) {
    for (const need of started)
      if (planned.needs.includes(need.planned.document.name) && hasCheck(need))
        await requireSteady(need, operation);
    signal.throwIfAborted();
    progress.report({ phase: 'finishing', item: planned.name });
    // Without the signal: a call that broke off might still be carried out after it was undone.
    await engine.containers.start(id).catch((error: unknown) => {
      throw refusedStart(error, { name: planned.name, to });
    });
  }
  const startedAtMs = performance.now();
  const untilSteady = async (): Promise<void> => {
    // All at once: each has its own time to show that it stays.
    await allOf(
      operation,
      started.map((one) => (during: Operation) => requireSteady(one, during)),
    );
    // One may have ended while the others were waited for.
    for (const { id, planned } of started) {
      const reason = reasonAgainst(await engine.containers.inspect(id, { signal }));
      if (reason !== undefined) throw failure('moveNotHealthy', { name: planned.name, to, reason });
      if (planned.state === 'paused') await engine.containers.pause(id);
    }
  };
  return { startedAtMs, untilSteady };
}

/** What the engine says against a start, such as a port that is taken, with what became of it; other failures as they are. */
function refusedStart(error: unknown, names: { readonly name: string; readonly to: string }): unknown {
  if (!(error instanceof DrydockError) || error.code !== 'engineRefused') return error;
  return failure('moveNotStarted', { ...names, reason: error.details['reason'] ?? '' }, error);
}

function hasCheck({ planned: { document } }: MadeContainer): boolean {
  const { Healthcheck } = readBody(document.createBody);
  const [kind] = Healthcheck?.Test ?? [];
  return kind !== undefined && kind !== 'NONE';
}
