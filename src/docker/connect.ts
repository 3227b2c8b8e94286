import type { Engine } from '../core/engine/engine.ts';
import { EngineClient } from './call.ts';
import { containerStore } from './containers.ts';
import type { Endpoint } from './endpoint.ts';
import { followEvents, usualBackoff, type Backoff } from './events.ts';
import { imageStore } from './images.ts';
import { networkStore } from './networks.ts';
import { dockerodeTransport } from './transport.ts';
import { volumeStore } from './volumes.ts';
import { engineInfo, infoAnswer, versionAnswer } from './wire/infoRecords.ts';
import { parseWire } from './wire/parseWire.ts';

export interface ConnectOptions {
  /** The ssh to start for ssh:// endpoints. */
  readonly sshCommand?: string;
  /** How the event stream waits between tries. */
  readonly backoff?: Backoff;
}

/** The engine at `endpoint`. Nothing is sent before the first call. */
export function connect(endpoint: Endpoint, options: ConnectOptions = {}): Engine {
  const transport = dockerodeTransport(endpoint, options.sshCommand ?? 'ssh');
  const client = new EngineClient(transport, endpoint.address);
  return {
    endpoint: endpoint.address,
    async info({ signal } = {}) {
      const [info, version] = await Promise.all([
        client.json({ name: 'info', method: 'GET', path: '/info' }, signal),
        client.json({ name: 'version', method: 'GET', path: '/version' }, signal),
      ]);
      return engineInfo(
        parseWire(infoAnswer, info, 'info'),
        parseWire(versionAnswer, version, 'version'),
        await client.apiVersion(signal),
      );
    },
    images: imageStore(client),
    containers: containerStore(client),
    volumes: volumeStore(client),
    networks: networkStore(client),
    events: (signal) => followEvents(client, signal, options.backoff ?? usualBackoff),
    close: () => client.close(),
  };
}
