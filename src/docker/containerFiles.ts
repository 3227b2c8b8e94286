import type { ContainerStore } from '../core/engine/engine.ts';
import { DrydockError, failure } from '../core/errors.ts';
import type { EngineCall, EngineClient } from './call.ts';
import { tellMissing } from './missing.ts';
import { checkedTar } from './tarStream.ts';
import { uploadWhole } from './uploadStream.ts';
import { pathStatFrom } from './wire/pathStat.ts';

/** Where the engine puts what a path is. */
const statHeader = 'x-docker-container-path-stat';

/** The kind of thing that is missing when the container itself is there. */
const pathKind = 'path';

/** Files of containers, running or not, with the mounts they have. `placeOf` gives a container's path in the API. */
export function containerFiles(
  client: EngineClient,
  placeOf: (ref: string) => string,
  about: (ref: string) => Pick<EngineCall, 'subject'>,
): Pick<ContainerStore, 'statPath' | 'readArchive' | 'writeArchive'> {
  const archiveOf = (ref: string, path: string): Pick<EngineCall, 'path' | 'query' | 'subject'> => ({
    path: `${placeOf(ref)}/archive`,
    query: { path },
    ...about(ref),
  });
  /** A 404 may be about the container or the path. */
  const orPathMissing = <T>(
    work: Promise<T>,
    ref: string,
    path: string,
    signal: AbortSignal | undefined,
  ): Promise<T> =>
    tellMissing(
      work,
      () =>
        client.json(
          { name: 'container inspect', method: 'GET', path: `${placeOf(ref)}/json`, ...about(ref) },
          signal,
        ),
      (cause) => pathMissing(ref, path, cause),
    );

  const pathMissing = (ref: string, path: string, cause?: unknown): DrydockError =>
    failure('engineNotFound', { kind: pathKind, name: `${ref}:${path}` }, cause);
  const statPath: ContainerStore['statPath'] = async (ref, path, { signal } = {}) => {
    const call = { name: 'container stat', method: 'HEAD', ...archiveOf(ref, path) } as const;
    try {
      const headers = await orPathMissing(client.head(call, signal), ref, path, signal);
      return pathStatFrom(headers[statHeader], call.name);
    } catch (error) {
      if (error instanceof DrydockError && error.details['kind'] === pathKind) return undefined;
      throw error;
    }
  };

  return {
    statPath,

    async readArchive(ref, path, { signal = new AbortController().signal } = {}) {
      const call = { name: 'container cp', method: 'GET', ...archiveOf(ref, path) } as const;
      const response = await orPathMissing(client.open(call, signal), ref, path, signal);
      return checkedTar(response, { call: call.name, address: client.address }, signal);
    },

    async writeArchive(ref, path, tar, { signal = new AbortController().signal } = {}) {
      const call = { name: 'container cp', method: 'PUT', ...archiveOf(ref, path) } as const;
      // Podman would make the folder.
      if ((await client.isPodman(signal)) && (await statPath(ref, path, { signal })) === undefined)
        throw pathMissing(ref, path);
      await orPathMissing(uploadWhole(client, tar, signal, call), ref, path, signal);
    },
  };
}
