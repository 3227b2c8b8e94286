import type { VolumeStore } from '../core/engine/engine.ts';
import { failure } from '../core/errors.ts';
import { isOlder } from './apiVersion.ts';
import { pathOf, type EngineCall, type EngineClient } from './call.ts';
import { volumeArchives } from './volumeArchives.ts';
import { parseWire, parseWireList } from './wire/parseWire.ts';
import { volumeList, volumeSummary, volumeUsage } from './wire/volumeRecords.ts';

/** The engine walks every file of every volume. */
const usageDeadlineMs = 30 * 60_000;
const removeDeadlineMs = 5 * 60_000;
/** A driver may have to ask other hosts. */
const createDeadlineMs = 2 * 60_000;

/** Volumes over the Docker API. */
export function volumeStore(client: EngineClient): VolumeStore {
  const about = (name: string): Pick<EngineCall, 'subject'> => ({ subject: { kind: 'volume', name } });
  let lastUsage: Promise<unknown> = Promise.resolve();

  return {
    async list({ signal } = {}) {
      const call = { name: 'volume ls', method: 'GET', path: '/volumes' } as const;
      const answer = parseWire(volumeList, await client.json(call, signal), call.name);
      return parseWireList(volumeSummary, answer.Volumes, call.name);
    },

    async inspect(name, { signal } = {}) {
      const call = {
        name: 'volume inspect',
        method: 'GET',
        path: pathOf`/volumes/${known(name)}`,
        ...about(name),
      } as const;
      const raw = await client.json(call, signal);
      return { ...parseWire(volumeSummary, raw, call.name), raw };
    },

    async usage({ signal } = {}) {
      const ask = async () => {
        const isFiltered = !isOlder(await client.apiVersion(signal), '1.42');
        const call = {
          name: 'system df',
          method: 'GET',
          path: '/system/df',
          query: { type: isFiltered ? 'volume' : undefined },
          deadlineMs: usageDeadlineMs,
        } as const;
        const answer = parseWire(volumeList, await client.json(call, signal), call.name);
        return parseWireList(volumeUsage, answer.Volumes, call.name);
      };
      // Old engines refuse a second walk while one is under way.
      const asked = lastUsage.then(ask, ask);
      lastUsage = asked.catch(() => undefined);
      return asked;
    },

    async create({ name, driver, options, labels }, { signal } = {}) {
      const call = {
        name: 'volume create',
        method: 'POST',
        path: '/volumes/create',
        json: {
          ...(name === undefined ? {} : { Name: known(name) }),
          Driver: driver,
          DriverOpts: options,
          Labels: labels,
        },
        deadlineMs: createDeadlineMs,
        ...about(name ?? ''),
      } as const;
      const raw = await client.json(call, signal);
      return { ...parseWire(volumeSummary, raw, call.name), raw };
    },

    archives: ({ signal } = {}) => volumeArchives(client, known, signal),

    async remove(name, { signal } = {}) {
      await client.done(
        {
          name: 'volume rm',
          method: 'DELETE',
          path: pathOf`/volumes/${known(name)}`,
          deadlineMs: removeDeadlineMs,
          ...about(name),
        },
        signal,
      );
    },
  };
}

/** An empty name would ask for the list of all. */
function known(name: string): string {
  if (name === '' || name.includes('/') || /^\.+$/.test(name)) {
    throw failure('engineNotFound', { kind: 'volume', name });
  }
  return name;
}
