import * as z from 'zod';
import type { ContainerStore } from '../core/engine/engine.ts';
import { DrydockError, failure } from '../core/errors.ts';
import { isOlder } from './apiVersion.ts';
import { pathOf, type EngineCall, type EngineClient } from './call.ts';
import { containerFiles } from './containerFiles.ts';
import { execIn } from './exec.ts';
import { splitName } from './imageName.ts';
import { refusedInItsWords, tellMissing } from './missing.ts';
import { imageStore } from './images.ts';
import { checkedTar } from './tarStream.ts';
import {
  containerConfig,
  containerDetails,
  containerSummary,
  fileChange,
  madeContainer,
} from './wire/containerRecords.ts';
import { digest, parseWire, parseWireList } from './wire/parseWire.ts';

/** What an engine gives a container to end by itself when nobody says otherwise. */
const usualGraceSeconds = 10;
/** Beyond what the work itself takes. */
const slackMs = 60_000;
const commitDeadlineMs = 30 * 60_000;
const removeDeadlineMs = 5 * 60_000;
const sizeDeadlineMs = 5 * 60_000;
/** A classic engine may first fill a new volume with what the image has in its place. */
const createDeadlineMs = 30 * 60_000;
/** The engine compares the container's files with its image's. */
const changesDeadlineMs = 10 * 60_000;

/** Containers over the Docker API. */
export function containerStore(client: EngineClient): ContainerStore {
  const about = (ref: string): Pick<EngineCall, 'subject'> => ({ subject: { kind: 'container', name: ref } });
  const placeOf = (ref: string): string => pathOf`/containers/${known(ref)}`;
  const change = async (
    verb: 'start' | 'stop' | 'pause' | 'unpause',
    ref: string,
    signal: AbortSignal | undefined,
    more: Pick<EngineCall, 'query' | 'deadlineMs'> = {},
  ): Promise<void> => {
    const path = `${pathOf`/containers/${known(ref)}`}/${verb}`;
    await client.done({ name: `container ${verb}`, method: 'POST', path, ...about(ref), ...more }, signal);
  };

  /** Podman tells a name that is taken as a failure like any other. */
  const orTaken = async <T>(work: Promise<T>, name: string, signal: AbortSignal | undefined): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      const isRefused = error instanceof DrydockError && error.code === 'engineRefused';
      if (!isRefused || !(await client.isPodman(signal)) || !(await isThere(name, signal))) throw error;
      throw failure('engineConflict', { name, reason: error.details['reason'] ?? error.message }, error);
    }
  };
  const isThere = async (name: string, signal: AbortSignal | undefined): Promise<boolean> => {
    const path = `${placeOf(name)}/json`;
    try {
      await client.json({ name: 'container inspect', method: 'GET', path, ...about(name) }, signal);
      return true;
    } catch (error) {
      if (error instanceof DrydockError && error.code === 'engineNotFound') return false;
      throw error;
    }
  };

  return {
    ...containerFiles(client, placeOf, about),
    exec: execIn(client, placeOf, about),

    async list({ signal } = {}) {
      const call = {
        name: 'container ls',
        method: 'GET',
        path: '/containers/json',
        query: { all: true },
      } as const;
      return parseWireList(containerSummary, await client.json(call, signal), call.name);
    },

    async inspect(ref, { signal, withSize = false } = {}) {
      const call = {
        name: 'container inspect',
        method: 'GET',
        path: pathOf`/containers/${known(ref)}/json`,
        ...about(ref),
        ...(withSize ? { query: { size: true }, deadlineMs: sizeDeadlineMs } : {}),
      } as const;
      const raw = await client.json(call, signal);
      const config = parseWire(containerConfig, raw, call.name);
      return { ...parseWire(containerDetails, raw, call.name), config, raw };
    },

    async start(ref, { signal } = {}) {
      await change('start', ref, signal, { deadlineMs: 2 * slackMs });
    },

    async stop(ref, { signal, graceSeconds } = {}) {
      await change('stop', ref, signal, {
        query: { t: graceSeconds },
        deadlineMs: (graceSeconds ?? usualGraceSeconds) * 1000 + slackMs,
      });
    },

    async pause(ref, { signal } = {}) {
      await change('pause', ref, signal);
    },

    async unpause(ref, { signal } = {}) {
      await change('unpause', ref, signal);
    },

    async remove(ref, { signal, force = false, anonymousVolumes = false } = {}) {
      await client.done(
        {
          name: 'container rm',
          method: 'DELETE',
          path: pathOf`/containers/${known(ref)}`,
          query: { force, v: anonymousVolumes },
          deadlineMs: removeDeadlineMs,
          ...about(ref),
        },
        signal,
      );
    },

    async exportRootfs(ref, { signal = new AbortController().signal } = {}) {
      const call = {
        name: 'container export',
        method: 'GET',
        path: pathOf`/containers/${known(ref)}/export`,
        ...about(ref),
      } as const;
      const response = await client.open(call, signal);
      return checkedTar(response, { call: call.name, address: client.address }, signal);
    },

    async commit(ref, input, { signal } = {}) {
      const { repository, tag } = splitName(input.name ?? '');
      const call = {
        name: 'container commit',
        method: 'POST',
        path: '/commit',
        query: {
          container: known(ref),
          repo: repository === '' ? undefined : repository,
          tag: tag === '' ? undefined : tag,
          comment: input.message,
          author: input.author,
          // Podman's default differs from Docker's, so it is always said.
          pause: input.pause,
          changes: input.changes,
        },
        deadlineMs: commitDeadlineMs,
        // Podman insists on a body. Docker must get none: it would take an empty config for a wish, and lose what a
        // merge with the container's own leaves out.
        ...((await client.isPodman(signal)) ? { json: {} } : {}),
        ...about(ref),
      } as const;
      return parseWire(z.object({ Id: digest }), await client.json(call, signal), call.name).Id;
    },

    async create({ name, body, platform }, { signal } = {}) {
      const call = {
        name: 'container create',
        method: 'POST',
        path: '/containers/create',
        query: { name, platform: isOlder(await client.apiVersion(signal), '1.41') ? undefined : platform },
        json: body,
        deadlineMs: createDeadlineMs,
        ...about(name ?? ''),
      } as const;
      const image = typeof body['Image'] === 'string' ? body['Image'] : '';
      const made = tellMissing(
        client.json(call, signal),
        // What is missing is the image, mostly; else something that the body names.
        () => imageStore(client).inspect(image, signal && { signal }),
        refusedInItsWords(call.name),
      );
      const answer = name === undefined ? await made : await orTaken(made, name, signal);
      return parseWire(madeContainer, answer, call.name);
    },

    async rename(ref, name, { signal } = {}) {
      const call = {
        name: 'container rename',
        method: 'POST',
        path: `${placeOf(ref)}/rename`,
        query: { name },
        ...about(ref),
      } as const;
      await orTaken(client.done(call, signal), name, signal);
    },

    async changes(ref, { signal } = {}) {
      const call = {
        name: 'container diff',
        method: 'GET',
        path: `${placeOf(ref)}/changes`,
        deadlineMs: changesDeadlineMs,
        ...about(ref),
      } as const;
      return parseWireList(fileChange, await client.json(call, signal), call.name);
    },
  };
}

/** An empty reference, or one with a slash, would name another place of the API. */
function known(ref: string): string {
  if (ref === '' || ref.includes('/') || /^\.+$/.test(ref)) {
    throw failure('engineNotFound', { kind: 'container', name: ref });
  }
  return ref;
}
