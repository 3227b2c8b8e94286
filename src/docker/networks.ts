import * as z from 'zod';
import type { NetworkStore } from '../core/engine/engine.ts';
import { failure } from '../core/errors.ts';
import { pathOf, type EngineCall, type EngineClient } from './call.ts';
import { tellMissing } from './missing.ts';
import { networkDetails, networkSummary } from './wire/networkRecords.ts';
import { parseWire, parseWireList } from './wire/parseWire.ts';

/** A driver may have to ask other hosts. */
const changeDeadlineMs = 2 * 60_000;

/** Networks over the Docker API. */
export function networkStore(client: EngineClient): NetworkStore {
  const about = (ref: string): Pick<EngineCall, 'subject'> => ({ subject: { kind: 'network', name: ref } });
  const inspect: NetworkStore['inspect'] = async (ref, { signal } = {}) => {
    const call = {
      name: 'network inspect',
      method: 'GET',
      path: pathOf`/networks/${known(ref)}`,
      ...about(ref),
    } as const;
    const raw = await client.json(call, signal);
    return { ...parseWire(networkDetails, raw, call.name), raw };
  };
  const list: NetworkStore['list'] = async ({ signal } = {}) => {
    const call = { name: 'network ls', method: 'GET', path: '/networks' } as const;
    return parseWireList(networkSummary, await client.json(call, signal), call.name);
  };
  const change = (
    verb: 'connect' | 'disconnect',
    ref: string,
    container: string,
    json: EngineCall['json'],
    signal: AbortSignal | undefined,
  ): Promise<void> =>
    tellMissing(
      client.done(
        {
          name: `network ${verb}`,
          method: 'POST',
          path: `${pathOf`/networks/${known(ref)}`}/${verb}`,
          json: { Container: container, ...json },
          deadlineMs: changeDeadlineMs,
          ...about(ref),
        },
        signal,
      ),
      () => inspect(ref, signal && { signal }),
      (cause) => failure('engineNotFound', { kind: 'container', name: container }, cause),
    );

  return {
    list,
    inspect,

    async create(input, { signal } = {}) {
      // Docker before 25 and others allow several networks of one name when nobody asks.
      if ((await list(signal && { signal })).some(({ name }) => name === input.name)) {
        throw failure('engineConflict', {
          name: input.name,
          reason: 'a network with that name exists already',
        });
      }
      const call = {
        name: 'network create',
        method: 'POST',
        path: '/networks/create',
        json: {
          Name: input.name,
          CheckDuplicate: true,
          Driver: input.driver,
          Internal: input.isInternal,
          Attachable: input.isAttachable,
          EnableIPv6: input.isIpv6Enabled,
          Options: input.options,
          Labels: input.labels,
          ...(Object.keys(input.ipam).length === 0 ? {} : { IPAM: input.ipam }),
        },
        deadlineMs: changeDeadlineMs,
        subject: { kind: 'network', name: input.name },
      } as const;
      return parseWire(z.object({ Id: z.string().min(1) }), await client.json(call, signal), call.name).Id;
    },

    async remove(ref, { signal } = {}) {
      await client.done(
        {
          name: 'network rm',
          method: 'DELETE',
          path: pathOf`/networks/${known(ref)}`,
          deadlineMs: changeDeadlineMs,
          ...about(ref),
        },
        signal,
      );
    },

    async connect(ref, container, endpoint, { signal } = {}) {
      await change('connect', ref, container, { EndpointConfig: endpoint }, signal);
    },

    async disconnect(ref, container, { signal } = {}) {
      await change('disconnect', ref, container, { Force: false }, signal);
    },
  };
}

/** An empty reference, or one with a slash, would name another place of the API. */
function known(ref: string): string {
  if (ref === '' || ref.includes('/') || /^\.+$/.test(ref)) {
    throw failure('engineNotFound', { kind: 'network', name: ref });
  }
  return ref;
}
