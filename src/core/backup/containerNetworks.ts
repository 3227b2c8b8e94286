import * as z from 'zod';
import type { Engine } from '../engine/engine.ts';
import { DrydockError } from '../errors.ts';
import type { CapturedNetwork } from '../snapshot/snapshotRecords.ts';
import { projectOf } from './startOrder.ts';

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

/** The networks that a container is in, by its inspect, and the names of those that are gone by now. */
export async function networksOf(
  engine: Engine,
  inspect: unknown,
  signal: AbortSignal,
): Promise<{ readonly networks: readonly CapturedNetwork[]; readonly gone: readonly string[] }> {
  const settingsOf = settings.parse(inspect).NetworkSettings?.Networks ?? {};
  const networks: CapturedNetwork[] = [];
  const gone: string[] = [];
  for (const [key, endpoint] of Object.entries(settingsOf)) {
    // A container that does not run has no ID of it; one that was made with an ID has that for a key.
    const id = endpoint?.NetworkID ?? '';
    const found = await capture(engine, id === '' ? key : id, signal);
    if (found === undefined) gone.push(key);
    else networks.push(found);
  }
  return { networks, gone };
}

/** The networks that Compose made for a project, whether containers are in them or not. */
export async function networksOfProject(
  engine: Engine,
  project: string,
  signal: AbortSignal,
): Promise<readonly CapturedNetwork[]> {
  const listed = await engine.networks.list({ signal });
  const found: CapturedNetwork[] = [];
  for (const { id, labels } of listed) {
    const network = projectOf(labels) === project ? await capture(engine, id, signal) : undefined;
    if (network !== undefined) found.push(network);
  }
  return found;
}

/** Undefined when it is gone. */
async function capture(
  engine: Engine,
  ref: string,
  signal: AbortSignal,
): Promise<CapturedNetwork | undefined> {
  try {
    const network = await engine.networks.inspect(ref, { signal });
    const { name, driver, isInternal, isAttachable, isIpv6Enabled, options, labels, ipam } = network;
    return {
      ...{ name, driver, isInternal, isAttachable, isIpv6Enabled, ipam },
      options: { ...options },
      labels: { ...labels },
      isPredefined: predefined.has(name),
    };
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'engineNotFound') return undefined;
    throw error;
  }
}
