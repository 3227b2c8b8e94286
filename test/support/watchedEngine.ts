import { Readable } from 'node:stream';
import type { Engine } from '../../src/core/engine/engine.ts';
import { failure } from '../../src/core/errors.ts';

/** What a test does around a call. */
export interface Watch {
  /** Called before a call such as `containers.create`; what it throws is what the caller gets. */
  readonly before?: (call: string, args: readonly unknown[]) => void | Promise<void>;
  /** Called when it was done; its answer is lost when this throws. */
  readonly after?: (call: string, args: readonly unknown[]) => void | Promise<void>;
}

/** A real engine whose calls can be watched and made to fail. */
export function watchedEngine(engine: Engine, { before, after }: Watch): Engine {
  const watched = <T extends object>(store: T, name: string): T =>
    new Proxy(store, {
      get(target, key): unknown {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        const call = `${name}.${String(key)}`;
        return async (...args: unknown[]): Promise<unknown> => {
          await before?.(call, args);
          const answer: unknown = await Reflect.apply(value, target, args);
          try {
            await after?.(call, args);
          } catch (error) {
            if (answer instanceof Readable) answer.destroy();
            throw error;
          }
          return answer;
        };
      },
    });
  const { info } = watched({ info: engine.info.bind(engine) }, 'engine');
  return {
    endpoint: engine.endpoint,
    info,
    images: watched(engine.images, 'images'),
    containers: watched(engine.containers, 'containers'),
    volumes: watched(engine.volumes, 'volumes'),
    networks: watched(engine.networks, 'networks'),
    events: engine.events.bind(engine),
    close: engine.close.bind(engine),
  };
}

/** An engine that does its first `calls` calls, loses the answer to the last of them, and is gone from then on. */
export function engineThatDies(
  engine: Engine,
  calls: number,
): { readonly engine: Engine; hasDied(): boolean } {
  let done = 0;
  let hasDied = calls === 0;
  const gone = (): never => {
    throw failure('engineUnreachable', { endpoint: engine.endpoint });
  };
  return {
    hasDied: () => hasDied,
    engine: watchedEngine(engine, {
      before: () => {
        if (hasDied) gone();
      },
      after: () => {
        done += 1;
        if (done < calls) return;
        hasDied = true;
        gone();
      },
    }),
  };
}
