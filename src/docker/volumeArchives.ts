import type { VolumeArchives } from '../core/engine/engine.ts';
import { failure } from '../core/errors.ts';
import { isOlder } from './apiVersion.ts';
import { pathOf, type EngineCall, type EngineClient } from './call.ts';
import { checkedTar } from './tarStream.ts';
import { uploadWhole } from './uploadStream.ts';

/** The first Podman whose service gives and takes the data of volumes. */
const firstPodman = '5.6';

/**
 * The volume archives of Podman's own API; undefined for Docker, which has none. Rejects with `podmanTooOld` for a
 * Podman without them: the files of a container come out of every Podman with its user as their owner, so there is no
 * way to a whole backup.
 */
export async function volumeArchives(
  client: EngineClient,
  known: (name: string) => string,
  signal?: AbortSignal,
): Promise<VolumeArchives | undefined> {
  const libpod = await client.libpodVersion(signal);
  if (libpod === undefined) return undefined;
  if (isOlder(libpod, firstPodman)) throw failure('podmanTooOld', { found: libpod, needed: firstPodman });
  const callOn = (name: string, verb: 'export' | 'import'): Omit<EngineCall, 'method'> => ({
    name: `volume ${verb}`,
    path: `/libpod${pathOf`/volumes/${known(name)}`}/${verb}`,
    isLibpod: true,
    subject: { kind: 'volume', name },
  });
  return {
    async read(name, { signal: cancel = new AbortController().signal } = {}) {
      const call = { ...callOn(name, 'export'), method: 'GET' } as const;
      const response = await client.open(call, cancel);
      return checkedTar(response, { call: call.name, address: client.address }, cancel);
    },
    async write(name, tar, { signal: cancel = new AbortController().signal } = {}) {
      await uploadWhole(client, tar, cancel, { ...callOn(name, 'import'), method: 'POST' });
    },
  };
}
