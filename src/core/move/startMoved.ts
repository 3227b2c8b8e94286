import { failure } from '../errors.ts';
import { awaitSteady, reasonAgainst } from '../restore/awaitSteady.ts';
import { readBody } from '../restore/capturedBody.ts';
import type { MadeContainer } from '../restore/makeContainers.ts';
import type { MoveRun } from './moveRun.ts';

/**
 * Starts what ran, in order, each after those it needs are healthy where they have a check, and waits until all of it
 * is clear to stay. Resolves with when the last one was started, by `performance.now()`. Rejects with `moveNotHealthy`.
 */
export async function startMoved(
  { target: { engine }, operation, wait, to }: Pick<MoveRun, 'target' | 'operation' | 'wait' | 'to'>,
  made: readonly MadeContainer[],
): Promise<{ readonly startedAtMs: number }> {
  const { signal, progress } = operation;
  const started = made.filter(({ planned }) => planned.state !== 'created');
  const steady = new Set<string>();
  const requireSteady = async ({ id, planned: { document, name } }: MadeContainer): Promise<void> => {
    if (steady.has(id)) return;
    progress.report({ phase: 'checking', item: name });
    const found = await awaitSteady(engine, { id, document }, { signal, wait });
    if (!found.isSteady) throw failure('moveNotHealthy', { name, to, reason: found.reason });
    steady.add(id);
  };
  for (const { id, planned } of started) {
    for (const need of started)
      if (planned.needs.includes(need.planned.document.name) && hasCheck(need)) await requireSteady(need);
    signal.throwIfAborted();
    progress.report({ phase: 'finishing', item: planned.name });
    // Without the signal: a call that broke off might still be carried out after it was undone.
    await engine.containers.start(id);
  }
  const startedAtMs = performance.now();
  for (const one of started) await requireSteady(one);
  // One may have ended while the others were waited for.
  for (const { id, planned } of started) {
    const reason = reasonAgainst(await engine.containers.inspect(id, { signal }));
    if (reason !== undefined) throw failure('moveNotHealthy', { name: planned.name, to, reason });
    if (planned.state === 'paused') await engine.containers.pause(id);
  }
  return { startedAtMs };
}

function hasCheck({ planned: { document } }: MadeContainer): boolean {
  const { Healthcheck } = readBody(document.createBody);
  const [kind] = Healthcheck?.Test ?? [];
  return kind !== undefined && kind !== 'NONE';
}
