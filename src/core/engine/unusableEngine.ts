import type { DrydockError } from '../errors.ts';
import type { Engine } from './engine.ts';

/**
 * Stands in for an engine whose address could not even be made out (an unknown context, a broken file): every call
 * fails with that reason, so that it is shown in the same places as an engine that does not answer.
 */
export function unusableEngine(endpoint: string, reason: DrydockError): Engine {
  const fail = (): Promise<never> => Promise.reject(reason);
  return {
    endpoint,
    info: fail,
    images: {
      list: fail,
      inspect: fail,
      history: fail,
      save: fail,
      load: fail,
      tag: fail,
      remove: fail,
      checkLogIn: fail,
      push: fail,
      importRootfs: fail,
    },
    containers: {
      list: fail,
      inspect: fail,
      start: fail,
      stop: fail,
      pause: fail,
      unpause: fail,
      remove: fail,
      exportRootfs: fail,
      commit: fail,
      create: fail,
      rename: fail,
      changes: fail,
      exec: fail,
      statPath: fail,
      readArchive: fail,
      writeArchive: fail,
    },
    volumes: { list: fail, inspect: fail, usage: fail, remove: fail, create: fail, archives: fail },
    networks: {
      list: fail,
      inspect: fail,
      create: fail,
      remove: fail,
      connect: fail,
      disconnect: fail,
    },
    async *events(signal) {
      yield { kind: 'disconnected', error: reason, retryInMs: Number.POSITIVE_INFINITY };
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else
          signal.addEventListener(
            'abort',
            () => {
              resolve();
            },
            { once: true },
          );
      });
    },
    close: () => Promise.resolve(),
  };
}
