import * as z from 'zod';
import type { NetworkDetails, NetworkSummary } from '../../core/engine/records.ts';
import { flag, jsonObject, text, textMap } from './parseWire.ts';

const shared = z.object({
  Id: z.string().min(1),
  Name: z.string().min(1),
  Driver: text,
  Scope: text,
  Labels: textMap,
});

function summaryOf(wire: z.output<typeof shared>): NetworkSummary {
  return { id: wire.Id, name: wire.Name, driver: wire.Driver, scope: wire.Scope, labels: wire.Labels };
}

/** A row of `GET /networks`. */
export const networkSummary = shared.transform(summaryOf);

/** `GET /networks/{ref}`. */
export const networkDetails = shared
  .extend({
    Internal: flag,
    Attachable: flag,
    EnableIPv6: flag,
    Options: textMap,
    IPAM: jsonObject
      .nullish()
      .catch(null)
      .transform((ipam) => ipam ?? {}),
  })
  .transform((wire): Omit<NetworkDetails, 'raw'> => ({
    ...summaryOf(wire),
    isInternal: wire.Internal,
    isAttachable: wire.Attachable,
    isIpv6Enabled: wire.EnableIPv6,
    options: wire.Options,
    ipam: wire.IPAM,
  }));
