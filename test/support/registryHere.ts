/** A client for a registry of tests: no log-ins of this machine, and no waiting between tries. */
import { digestOf } from '../../src/core/digest.ts';
import type { BlobSource, RemoteRegistry } from '../../src/core/registry/remoteRepository.ts';
import { connectRegistry, type RegistryOptions } from '../../src/registry/connectRegistry.ts';

export interface HereOptions extends RegistryOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** How long it would have waited, in milliseconds. */
  readonly waits?: number[];
}

/** Reaches `host`; the configuration of the Docker CLI is what `env` says. */
export function registryHere(
  host: string,
  { env = {}, waits = [], ...options }: HereOptions = {},
): RemoteRegistry {
  return connectRegistry(
    { env: { DOCKER_CONFIG: '/nonexistent', ...env }, home: '/nonexistent', platform: 'linux' },
    host,
    {
      wait: (ms, signal) => {
        signal?.throwIfAborted();
        waits.push(ms);
        return Promise.resolve();
      },
      certificateFolders: [],
      ...options,
    },
  );
}

/** A blob in memory, in pieces as a disk gives them. */
export function sourceOf(bytes: Uint8Array, opened: number[] = []): BlobSource {
  return {
    digest: digestOf(bytes),
    sizeBytes: bytes.length,
    async *open(start) {
      opened.push(start);
      for (let at = start; at < bytes.length; at += 65_536)
        yield await Promise.resolve(bytes.subarray(at, at + 65_536));
    },
  };
}

/** Bytes that don't shrink and are the same each time. */
export function pseudoRandom(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** A whole list in one piece. */
export async function listed<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
