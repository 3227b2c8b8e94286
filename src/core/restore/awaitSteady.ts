import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { Engine } from '../engine/engine.ts';
import type { ContainerDetails } from '../engine/records.ts';
import type { CapturedContainer } from '../snapshot/snapshotRecords.ts';
import { readBody } from './capturedBody.ts';

/** Waits; tests pass the time by hand. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

export const realWait: Wait = async (ms, signal) => {
  await sleep(ms, undefined, { signal });
};

/** Where a container stands once it is clear whether it stays. */
export type Steadiness = { readonly isSteady: true } | { readonly isSteady: false; readonly reason: string };

const pollMs = 500;
/** What has no health check and runs for this long is taken to be up. */
const steadyMs = 3000;
const longestMs = 10 * 60_000;
/** The engine's own values where a check states none. Source: Docker's Dockerfile reference, HEALTHCHECK. */
const usual = { intervalMs: 30_000, timeoutMs: 30_000, retries: 3 };

const state = z.object({
  State: z.object({ ExitCode: z.number().optional(), Error: z.string().optional() }).optional(),
  RestartCount: z.number().optional(),
});

/**
 * Waits until a container that was just started is healthy, or has run for a while where it has no health check.
 * Resolves with the reason when it ended, restarts, is unhealthy, or takes longer than its own check allows.
 */
export async function awaitSteady(
  engine: Engine,
  { id, document }: { readonly id: string; readonly document: CapturedContainer },
  { signal, wait }: { readonly signal: AbortSignal; readonly wait: Wait },
): Promise<Steadiness> {
  const limitMs = limitOf(document);
  for (let passedMs = 0; ; passedMs += pollMs) {
    const found = await engine.containers.inspect(id, { signal });
    const unsteady = reasonAgainst(found);
    if (unsteady !== undefined) return { isSteady: false, reason: unsteady };
    if (found.health === 'healthy') return { isSteady: true };
    if (found.health === 'none' && passedMs >= steadyMs) return { isSteady: true };
    if (passedMs >= limitMs) return { isSteady: false, reason: `not healthy after ${limitMs / 1000} s` };
    await wait(pollMs, signal);
  }
}

/** Why a container that was started does not count as up, or undefined while it does. */
export function reasonAgainst({ state: now, health, raw }: ContainerDetails): string | undefined {
  if (health === 'unhealthy') return 'unhealthy';
  const parsed = state.safeParse(raw);
  const { State, RestartCount = 0 } = parsed.success ? parsed.data : {};
  if (now === 'running' && RestartCount === 0) return undefined;
  const ended = State?.ExitCode === undefined ? '' : `exit code ${State.ExitCode}`;
  const detail = State?.Error === undefined || State.Error === '' ? ended : State.Error;
  return detail === '' ? now : `${now}, ${detail}`;
}

function limitOf(document: CapturedContainer): number {
  const { Healthcheck } = readBody(document.createBody);
  const ms = (nanoseconds: number | null | undefined, otherwise: number): number =>
    nanoseconds ? nanoseconds / 1e6 : otherwise;
  const each = ms(Healthcheck?.Interval, usual.intervalMs) + ms(Healthcheck?.Timeout, usual.timeoutMs);
  const stated = Healthcheck?.Retries ?? 0;
  const retries = stated > 0 ? stated : usual.retries;
  return Math.min(longestMs, ms(Healthcheck?.StartPeriod, 0) + each * (retries + 1));
}
