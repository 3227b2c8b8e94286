import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod';
import type { EngineEvent } from '../core/engine/records.ts';
import { failure } from '../core/errors.ts';
import { checkedBody } from './body.ts';
import type { EngineClient } from './call.ts';
import { translateFault } from './faults.ts';
import { jsonLines } from './jsonLines.ts';
import { count, digestFrom, text, textMap } from './wire/parseWire.ts';

const shownKinds = ['image', 'container', 'volume', 'network'] as const;

const wireEvent = z
  .object({
    Type: z.enum(shownKinds),
    Action: z.string().min(1),
    Actor: z.object({ ID: text, Attributes: textMap }),
    time: count,
    timeNano: count,
  })
  .transform((wire): EngineEvent => ({
    kind: wire.Type,
    action: actionOf(wire.Type, wire.Action),
    subject: subjectOf(wire.Type, wire.Actor),
    attributes: wire.Actor.Attributes,
    timeMs: wire.timeNano > 0 ? Math.floor(wire.timeNano / 1e6) : wire.time * 1000,
  }));

/** Podman has words of its own for the end of things. */
function actionOf(kind: (typeof shownKinds)[number], action: string): string {
  switch (action) {
    case 'remove':
      return kind === 'image' ? 'delete' : 'destroy';
    case 'died':
      return 'die';
    default:
      return action;
  }
}

/** Podman leaves the prefix of image IDs away, and names volumes only among the attributes. */
function subjectOf(
  kind: (typeof shownKinds)[number],
  actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> },
): string {
  const id = actor.ID === '' ? (actor.Attributes['name'] ?? '') : actor.ID;
  return kind === 'image' ? (digestFrom(id) ?? id) : id;
}

/** How long to wait before the engine is asked again. */
export interface Backoff {
  /** Milliseconds before the given try, counted from 1. */
  delayMs(attempt: number): number;
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** From 1 s to 30 s, each spread by a quarter, so that many windows don't ask an engine in one beat. */
export const usualBackoff: Backoff = {
  delayMs: (attempt) =>
    Math.round(Math.min(30_000, 1000 * 2 ** Math.min(attempt - 1, 10)) * (0.75 + Math.random() / 4)),
  wait: async (ms, signal) => {
    await wait(ms, undefined, { signal });
  },
};

/**
 * Follows the engine's events for ever.
 *
 * 1. Ask; when the engine answers, say `connected`, and start counting tries anew.
 * 2. Hand on each event; kinds that nothing here shows are passed over.
 * 3. When the stream ends, for whatever reason, say `disconnected`, wait, and go to 1.
 *
 * Ends, without an error, when `stop` fires or the client is closed.
 */
export async function* followEvents(
  client: EngineClient,
  stop: AbortSignal,
  backoff: Backoff,
): AsyncGenerator<EngineEvent, void, undefined> {
  const signal = AbortSignal.any([stop, client.closed]);
  const call = {
    name: 'events',
    method: 'GET',
    path: '/events',
    query: { filters: JSON.stringify({ type: shownKinds }) },
  } as const;
  const isOver = (): boolean => signal.aborted;
  for (let attempt = 1; !isOver(); attempt += 1) {
    let error: Error;
    try {
      const response = await client.follow(call, signal);
      attempt = 1;
      yield { kind: 'connected' };
      for await (const line of jsonLines(checkedBody(response), call.name)) {
        const event = wireEvent.safeParse(line);
        if (event.success) yield event.data;
      }
      // An engine that stops ends the stream politely.
      error = failure('engineUnreachable', { endpoint: client.address });
    } catch (caught) {
      error = translateFault(caught, { call: call.name, address: client.address, signal });
    }
    if (isOver()) return;
    const retryInMs = backoff.delayMs(attempt);
    yield { kind: 'disconnected', error, retryInMs };
    await backoff.wait(retryInMs, signal).catch((caught: unknown) => {
      if (!signal.aborted) throw caught;
    });
  }
}
