import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import type { ContainerStore } from '../core/engine/engine.ts';
import { failure } from '../core/errors.ts';
import { checkedBody } from './body.ts';
import type { EngineCall, EngineClient } from './call.ts';
import { readExecOutput } from './execStream.ts';
import { translateFault } from './faults.ts';
import { parseWire } from './wire/parseWire.ts';

const name = 'container exec';
/** The output may end a moment before the engine has noted how the command did. */
const settleTries = 100;
const settleMs = 50;

const madeExec = z.object({ Id: z.string().regex(/^[\w.-]{1,128}$/) });
const execState = z.object({
  Running: z.boolean().nullish().catch(null),
  ExitCode: z.number().int().nullish().catch(null),
});

/**
 * Runs a command in a container, without a terminal. There is no deadline but the caller's signal. The engine has no
 * way to end a command: after a cancel it may go on in the container.
 */
export function execIn(
  client: EngineClient,
  placeOf: (ref: string) => string,
  about: (ref: string) => Pick<EngineCall, 'subject'>,
): ContainerStore['exec'] {
  return async (ref, { command, user }, { signal = new AbortController().signal } = {}) => {
    const making = {
      name,
      method: 'POST',
      path: `${placeOf(ref)}/exec`,
      json: {
        AttachStdout: true,
        AttachStderr: true,
        Tty: false,
        Cmd: command,
        ...(user === undefined ? {} : { User: user }),
      },
      ...about(ref),
    } as const;
    const { Id: id } = parseWire(madeExec, await client.json(making, signal), name);

    const response = await client.open(
      { name, method: 'POST', path: `/exec/${id}/start`, json: { Detach: false, Tty: false }, ...about(ref) },
      signal,
    );
    let output: string;
    try {
      output = await readExecOutput(checkedBody(response), name);
    } catch (error) {
      throw translateFault(error, { call: name, address: client.address, signal, isChange: true });
    } finally {
      response.destroy();
    }
    return { exitCode: await exitCodeOf(client, id, signal), output };
  };
}

async function exitCodeOf(client: EngineClient, id: string, signal: AbortSignal): Promise<number> {
  for (let tried = 0; tried < settleTries; tried++) {
    const call = { name, method: 'GET', path: `/exec/${id}/json` } as const;
    const state = parseWire(execState, await client.json(call, signal), name);
    if (state.Running !== true && typeof state.ExitCode === 'number') return state.ExitCode;
    await delay(settleMs, undefined, { signal });
  }
  // The body ends with the connection, so a lost connection looks like the end of the output.
  throw failure('engineAnswerCut', { call: name });
}
