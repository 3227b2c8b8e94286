import type { VolumeArchives } from '../core/engine/engine.ts';
import { isOlder } from './apiVersion.ts';
import { pathOf, type EngineCall, type EngineClient } from './call.ts';
import { checkedTar } from './tarStream.ts';
import { uploadWhole } from './uploadStream.ts';

/** The first Podman whose service gives and takes the data of volumes. */
const firstPodman = '5.6';

/**
 * The volume archives of Podman's own API; undefined for Docker and older Podmans, which have none. Where they are,
 * they are the way to take: the files of a container come out of Podman without their owners.
 */
export async function volumeArchives(
  client: EngineClient,
  known: (name: string) => string,
  signal?: AbortSignal,
): Promise<VolumeArchives | undefined> {
  const libpod = await client.libpodVersion(signal);
  if (libpod === undefined || isOlder(libpod, firstPodman)) return undefined;
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
