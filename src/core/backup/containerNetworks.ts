import * as z from 'zod';
import type { Engine } from '../engine/engine.ts';
import { DrydockError } from '../errors.ts';
import type { CapturedNetwork } from '../snapshot/snapshotRecords.ts';

const settings = z.object({
  NetworkSettings: z
    .object({
      Networks: z.record(z.string(), z.object({ NetworkID: z.string().nullish() }).nullish()).nullish(),
    })
    .nullish(),
});

/** Networks that an engine has from the start, or makes for itself. */
const predefined: ReadonlySet<string> = new Set([
  ...['bridge', 'host', 'none', 'nat', 'podman', 'ingress', 'docker_gwbridge'],
]);

/** The networks that a container is in, by its inspect; those that are gone by now are not among them. */
export async function networksOf(
  engine: Engine,
  inspect: unknown,
  signal: AbortSignal,
): Promise<readonly CapturedNetwork[]> {
  const networks = settings.parse(inspect).NetworkSettings?.Networks ?? {};
  const found: CapturedNetwork[] = [];
  for (const [key, endpoint] of Object.entries(networks)) {
    // A container that does not run has no ID of it; one that was made with an ID has that for a key.
    const id = endpoint?.NetworkID ?? '';
    const ref = id === '' ? key : id;
    try {
      const network = await engine.networks.inspect(ref, { signal });
      const { name, driver, isInternal, isAttachable, isIpv6Enabled, options, labels, ipam } = network;
      found.push({
        ...{ name, driver, isInternal, isAttachable, isIpv6Enabled, ipam },
        options: { ...options },
        labels: { ...labels },
        isPredefined: predefined.has(name),
      });
    } catch (error) {
      if (!(error instanceof DrydockError && error.code === 'engineNotFound')) throw error;
    }
  }
  return found;
}
