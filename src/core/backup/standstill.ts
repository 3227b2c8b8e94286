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

/** What an engine gives a container for its end when nobody says otherwise, and what it may need beyond that. */
const usualGraceSeconds = 10;
const slackSeconds = 20;
const triesPerSecond = 5;

const inspected = z.object({
  State: z.object({ StartedAt: z.string().optional(), ExitCode: z.number().optional() }),
  Config: z.object({ StopTimeout: z.number().nonnegative().nullish() }).optional(),
  HostConfig: z.object({ AutoRemove: z.boolean().optional() }).optional(),
});

/** What has to be known of a running container before it is paused or stopped. Throws `stopWouldRemove`. */
export function standingOf(container: ContainerDetails, mode: 'pause' | 'stop'): Standing {
  const { Config, HostConfig } = inspected.parse(container.raw);
  if (mode === 'stop' && HostConfig?.AutoRemove === true)
    throw failure('stopWouldRemove', { name: container.name });
  const graceSeconds = Config?.StopTimeout ?? undefined;
  return {
    id: container.id,
    name: container.name,
    mode,
    startedAt: startedAtOf(container),
    ...(graceSeconds === undefined ? {} : { graceSeconds }),
  };
}

/** Whether a container runs, or is about to run again. */
export function isActive({ state }: Pick<ContainerDetails, 'state'>): boolean {
  return state === 'running' || state === 'restarting';
}

/** When a container was last started, as the engine says it. */
export function startedAtOf({ raw }: ContainerDetails): string {
  return inspected.parse(raw).State.StartedAt ?? '';
}

/** How a container came to stand still: because it was asked to, or it was so in this moment whatever was asked. */
export type StoodStill = 'asked' | 'byItself';

/**
 * Pauses or stops. Not cancellable: an engine that was asked does it, whether anybody waits or not, and only then
 * can it be undone. For the same reason an answer that was lost is no refusal: then it is waited until the engine has
 * done it, and rejected only when it is clear that it won't.
 */
export async function standStill(engine: Engine, standing: Standing): Promise<StoodStill> {
  const { id, mode, graceSeconds } = standing;
  try {
    if (mode === 'pause') await engine.containers.pause(id);
    else await engine.containers.stop(id, graceSeconds === undefined ? {} : { graceSeconds });
    return 'asked';
  } catch (error) {
    if (isRefusal(error)) {
      const now = await inspectIfThere(engine, id);
      if (now !== undefined && isActive(now)) throw error;
      return 'byItself';
    }
    const tries =
      ((mode === 'pause' ? 0 : (graceSeconds ?? usualGraceSeconds)) + slackSeconds) * triesPerSecond;
    for (let tried = 0; tried < tries; tried++) {
      const now = await inspectIfThere(engine, id);
      if (now === undefined || !isActive(now)) return 'asked';
      await wait(1000 / triesPerSecond);
    }
    throw error;
  }
}

/** Whether the engine itself said that it won't. */
export function isRefusal(error: unknown): boolean {
  const codes: readonly string[] = ['engineNotFound', 'engineConflict', 'engineRefused'];
  return error instanceof DrydockError && codes.includes(error.code);
}

/** Whether a container stood still from when it was made to until now. */
export async function stoodStill(engine: Engine, standing: Standing): Promise<boolean> {
  const found = await inspectIfThere(engine, standing.id);
  if (found === undefined) return false;
  const isAsLeft = standing.mode === 'pause' ? found.state === 'paused' : found.state === 'exited';
  return isAsLeft && startedAtOf(found) === standing.startedAt;
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
    // The engine itself starts this one again and again.
    if (now.state === 'restarting' && attempt > 10) return 'ended';
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
