import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod';
import type { Engine } from '../engine/engine.ts';
import type { ContainerDetails } from '../engine/records.ts';
import { DrydockError, failure } from '../errors.ts';

/** A container that runs, and is to stand still for a while. */
export interface Standing {
  readonly id: string;
  readonly name: string;
  readonly mode: 'pause' | 'stop';
  /** Changes with every start. */
  readonly startedAt: string;
  /** Seconds the container wants for its end, where it says so. */
  readonly graceSeconds?: number;
}

const inspected = z.object({
  State: z.object({ StartedAt: z.string().optional(), ExitCode: z.number().optional() }),
  Config: z.object({ StopTimeout: z.number().nonnegative().nullish() }).optional(),
  HostConfig: z.object({ AutoRemove: z.boolean().optional() }).optional(),
});

/** What has to be known of a running container before it is paused or stopped. Throws `stopWouldRemove`. */
export function standingOf(container: ContainerDetails, mode: 'pause' | 'stop'): Standing {
  const { State, Config, HostConfig } = inspected.parse(container.raw);
  if (mode === 'stop' && HostConfig?.AutoRemove === true)
    throw failure('stopWouldRemove', { name: container.name });
  const graceSeconds = Config?.StopTimeout ?? undefined;
  return {
    id: container.id,
    name: container.name,
    mode,
    startedAt: State.StartedAt ?? '',
    ...(graceSeconds === undefined ? {} : { graceSeconds }),
  };
}

/**
 * Pauses or stops. Not cancellable: an engine that was asked does it, whether anybody waits or not, and only then
 * can it be undone.
 */
export async function standStill(engine: Engine, { id, mode, graceSeconds }: Standing): Promise<void> {
  if (mode === 'pause') await engine.containers.pause(id);
  else await engine.containers.stop(id, graceSeconds === undefined ? {} : { graceSeconds });
}

/** Whether a container stood still from when it was made to until now. */
export async function stoodStill(engine: Engine, standing: Standing): Promise<boolean> {
  const found = await inspectIfThere(engine, standing.id);
  if (found === undefined) return false;
  const isAsLeft = standing.mode === 'pause' ? found.state === 'paused' : found.state === 'exited';
  return isAsLeft && (inspected.parse(found.raw).State.StartedAt ?? '') === standing.startedAt;
}

/** How it went to put a container back: `ended` when it ran again and was over at once. */
export type PutBack = 'running' | 'gone' | 'ended';

/**
 * Resumes or starts a container again, unless somebody else did, and waits until it runs. Rejects when the engine
 * can't; it may be called again then.
 */
export async function putBack(engine: Engine, { id, mode }: Standing): Promise<PutBack> {
  const found = await inspectIfThere(engine, id);
  if (found === undefined) return 'gone';
  try {
    if (mode === 'pause' && found.state === 'paused') await engine.containers.unpause(id);
    if (mode === 'stop' && found.state === 'exited') await engine.containers.start(id);
  } catch (error) {
    // Somebody else may have done it in this moment; what is, counts.
    const now = await inspectIfThere(engine, id);
    if (now?.state !== 'running') throw error;
  }
  for (let attempt = 0; attempt < 25; attempt++) {
    const now = await inspectIfThere(engine, id);
    if (now === undefined) return 'gone';
    if (now.state === 'running') return 'running';
    if (now.state === 'exited' || now.state === 'dead') return 'ended';
    await wait(200);
  }
  throw failure('engineConflict', { name: id.slice(0, 12), reason: 'it does not run again' });
}

/** The container, or undefined when there is none any more. */
export async function inspectIfThere(
  engine: Engine,
  ref: string,
  signal?: AbortSignal,
): Promise<ContainerDetails | undefined> {
  try {
    return await engine.containers.inspect(ref, signal && { signal });
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'engineNotFound') return undefined;
    throw error;
  }
}
