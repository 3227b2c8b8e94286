import * as z from 'zod';
import type { JsonObject } from '../engine/records.ts';
import type { CapturedContainer } from '../snapshot/snapshotRecords.ts';
import { hostConfigOf, readBody } from './capturedBody.ts';

/** A container's place in one network, as the API takes it. */
export interface Endpoint {
  readonly network: string;
  readonly config: JsonObject;
}

const addresses = z.object({
  IPAMConfig: z
    .object({ IPv4Address: z.string().nullish(), IPv6Address: z.string().nullish() })
    .nullish()
    .catch(null),
});

/** The networks that a container was in, the one that its mode names first: older engines take one when it is made. */
export function endpointsOf(document: CapturedContainer): readonly Endpoint[] {
  const { EndpointsConfig } = readBody(document.createBody).NetworkingConfig ?? {};
  const { NetworkMode } = hostConfigOf(document);
  const mode = NetworkMode ?? 'default';
  const first = mode === 'default' ? 'bridge' : mode;
  return Object.entries(EndpointsConfig ?? {})
    .map(([network, config]): Endpoint => ({ network, config: (config ?? {}) as JsonObject }))
    .sort((a, b) => Number(b.network === first) - Number(a.network === first));
}

/** The addresses that a container insists on in a network. */
export function staticAddressesOf(document: CapturedContainer, network: string): readonly string[] {
  return endpointsOf(document)
    .filter((endpoint) => endpoint.network === network)
    .flatMap(({ config }) => {
      const { IPAMConfig } = addresses.catch({ IPAMConfig: null }).parse(config);
      return [IPAMConfig?.IPv4Address, IPAMConfig?.IPv6Address].flatMap((address) =>
        address ? [address] : [],
      );
    });
}
