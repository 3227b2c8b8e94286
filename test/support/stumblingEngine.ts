import type { Engine } from '../../src/core/engine/engine.ts';
import { failure } from '../../src/core/errors.ts';

/** Calls that change an engine, in their order: `source containers.stop`. */
export interface StumblingRecord {
  readonly done: string[];
  /** Whether a call is refused, or its answer is lost, or never comes; asked with its number, from 0. */
  stumble: (call: number) => 'refused' | 'lost' | Promise<never> | undefined;
}

const changing: Readonly<Record<string, readonly string[]>> = {
  images: ['save', 'load', 'tag', 'remove', 'importRootfs'],
  containers: [
    ...['start', 'stop', 'remove', 'commit', 'create', 'rename', 'readArchive', 'writeArchive', 'pause'],
    ...['unpause', 'changes'],
  ],
  volumes: ['create', 'remove'],
  networks: ['create', 'remove', 'connect'],
};

/** A real engine whose calls are noted, and fail when they are told to. */
export function stumblingEngine(engine: Engine, name: string, record: StumblingRecord): Engine {
  const stores = Object.fromEntries(
    Object.entries(changing).map(([store, calls]) => {
      const real = engine[store as 'images'] as unknown as Record<
        string,
        (...args: unknown[]) => Promise<unknown>
      >;
      const wrapped = calls.map((call) => [
        call,
        async (...args: unknown[]): Promise<unknown> => {
          const number = record.done.push(`${name} ${store}.${call}`) - 1;
          const when = record.stumble(number);
          if (when === 'refused') throw failure('engineRefused', { call, reason: 'stumbled' });
          if (typeof when === 'object') await when;
          const result = await real[call]?.(...args);
          if (when === 'lost') throw failure('engineAnswerCut', { call });
          return result;
        },
      ]);
      return [store, { ...real, ...(Object.fromEntries(wrapped) as object) }];
    }),
  );
  return { ...engine, ...stores };
}
