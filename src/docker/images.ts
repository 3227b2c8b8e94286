import type { IncomingMessage } from 'node:http';
import type { Digest } from '../core/digest.ts';
import type { ImageStore } from '../core/engine/engine.ts';
import { DrydockError, failure, reasonOf } from '../core/errors.ts';
import { isOlder } from './apiVersion.ts';
import { checkedBody } from './body.ts';
import { pathOf, type EngineCall, type EngineClient } from './call.ts';
import { jsonLines } from './jsonLines.ts';
import { readLoadAnswer } from './loadAnswer.ts';
import { splitName } from './imageName.ts';
import { checkLogIn, pushImage } from './pushImage.ts';
import { checkedTar } from './tarStream.ts';
import { upload } from './uploadStream.ts';
import { historyEntry, imageDetails, imageSummary, removal } from './wire/imageRecords.ts';
import { engineMessage, errorIn } from './wire/messages.ts';
import { digestFrom, parseWire, parseWireList } from './wire/parseWire.ts';

/** Deleting the layers of a large image takes an engine its time. */
const removeDeadlineMs = 10 * 60_000;

/** Images over the Docker API. */
export function imageStore(client: EngineClient): ImageStore {
  const about = (ref: string): Pick<EngineCall, 'subject'> => ({ subject: { kind: 'image', name: ref } });

  const inspect: ImageStore['inspect'] = async (ref, { signal, withManifests = false } = {}) => {
    const isTold = withManifests && !isOlder(await client.apiVersion(signal), '1.48');
    const call = {
      name: 'image inspect',
      method: 'GET',
      path: pathOf`/images/${known(ref)}/json`,
      ...(isTold && { query: { manifests: true } }),
      ...about(ref),
    } as const;
    const raw = await client.json(call, signal);
    return { ...parseWire(imageDetails, raw, call.name), raw };
  };
  /** Podman refuses to save what it does not have with a status that says nothing. */
  const mustExist = async (refs: readonly string[], signal: AbortSignal): Promise<void> => {
    for (const ref of refs) await inspect(ref, { signal });
  };

  return {
    inspect,

    async list({ signal } = {}) {
      const call = { name: 'image ls', method: 'GET', path: '/images/json' } as const;
      return parseWireList(imageSummary, await client.json(call, signal), call.name);
    },

    async history(ref, { signal } = {}) {
      const call = {
        name: 'image history',
        method: 'GET',
        path: pathOf`/images/${known(ref)}/history`,
        ...about(ref),
      } as const;
      return parseWireList(historyEntry, await client.json(call, signal), call.name);
    },

    async save(refs, { signal = neverAborted() } = {}) {
      // Asked for nothing, an engine answers 200 with an archive of nothing.
      if (refs.length === 0) throw failure('nothingSelected', { verb: 'save' });
      const call = {
        name: 'image save',
        method: 'GET',
        path: '/images/get',
        query: { names: refs.map(known) },
        ...about(refs.join(', ')),
      } as const;
      const response = await client.open(call, signal).catch(async (error: unknown) => {
        if (error instanceof DrydockError && error.code === 'engineRefused') await mustExist(refs, signal);
        throw error;
      });
      return checkedTar(response, { call: call.name, address: client.address }, signal);
    },

    async load(archive, { signal = neverAborted(), onProgress } = {}) {
      const call = {
        name: 'image load',
        method: 'POST',
        path: '/images/load',
        query: { quiet: onProgress === undefined },
      } as const;
      const lines = upload(client, archive, signal, call, linesOf(call.name));
      try {
        return await readLoadAnswer(lines, onProgress);
      } catch (error) {
        if (
          error instanceof DrydockError &&
          (error.code === 'engineRefused' || error.code === 'engineConflict')
        ) {
          throw failure('loadFailed', { reason: error.details['reason'] ?? error.message }, error);
        }
        throw error;
      }
    },

    async tag(ref, name, { signal } = {}) {
      const { repository, tag } = splitName(name);
      await client.done(
        {
          name: 'image tag',
          method: 'POST',
          path: pathOf`/images/${known(ref)}/tag`,
          query: { repo: repository, tag },
          ...about(ref),
        },
        signal,
      );
    },

    async remove(ref, { signal, force = false } = {}) {
      const call = {
        name: 'image rm',
        method: 'DELETE',
        path: pathOf`/images/${known(ref)}`,
        query: { force },
        deadlineMs: removeDeadlineMs,
        ...about(ref),
      } as const;
      return parseWireList(removal, await client.json(call, signal), call.name);
    },

    checkLogIn: (logIn, { signal } = {}) => checkLogIn(client, logIn, signal),

    push: (name, logIn, options) => pushImage(client, name, logIn, options),

    async importRootfs(tar, input, { signal = neverAborted() } = {}) {
      const name = 'image import';
      const call = {
        name,
        method: 'POST',
        path: '/images/create',
        query: {
          fromSrc: '-',
          // The whole name, as the CLI sends it: Podman passes over a tag of its own, and would move `latest`.
          repo: input.name === '' ? undefined : input.name,
          message: input.message,
          changes: input.changes,
        },
      } as const;
      const lines = upload(client, tar, signal, call, linesOf(name));
      let id: Digest | undefined;
      for await (const line of lines) {
        const message = parseWire(engineMessage, line, name);
        const failed = errorIn(message);
        if (failed !== undefined) throw failure('engineRefused', { call: name, reason: reasonOf(failed) });
        id = digestFrom(message.status ?? '') ?? digestFrom(message.id ?? '') ?? id;
      }
      if (id === undefined) {
        throw failure('engineGarbled', { call: name, reason: 'it tells no ID of the image it made' });
      }
      return id;
    },
  };
}

function linesOf(call: string): (response: IncomingMessage) => AsyncIterable<unknown> {
  return (response) => jsonLines(checkedBody(response), call);
}

/** An empty reference, or one of dots, would name another place of the API. */
function known(ref: string): string {
  if (ref.split('/').some((part) => part === '' || /^\.+$/.test(part))) {
    throw failure('engineNotFound', { kind: 'image', name: ref });
  }
  return ref;
}

function neverAborted(): AbortSignal {
  return new AbortController().signal;
}
