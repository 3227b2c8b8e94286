import * as z from 'zod';
import type { ContainerDetails, JsonObject } from '../engine/records.ts';
import { secretsIn } from '../secretEnv.ts';
import type { Remark } from '../snapshot/snapshotRecords.ts';

const hostConfig = z.object({
  Tmpfs: z.record(z.string(), z.unknown()).nullish(),
  Devices: z.array(z.object({ PathOnHost: z.string() })).nullish(),
});

/** What a snapshot of a container does not hold, or holds and should not be shown around. Binds are left to others. */
export function remarksOnContainer(container: ContainerDetails, createBody: JsonObject): readonly Remark[] {
  const { Tmpfs, Devices } = hostConfig.catch({}).parse(createBody['HostConfig']);
  const mounted = container.mounts.filter(({ type }) => type === 'tmpfs').map(({ target }) => target);
  const others = container.mounts.filter(({ type }) => !['volume', 'bind', 'tmpfs'].includes(type));
  return [
    ...[...new Set([...mounted, ...Object.keys(Tmpfs ?? {})])].map((subject): Remark => ({
      kind: 'tmpfs',
      subject,
    })),
    ...others.map(({ type, target }): Remark => ({ kind: 'notRead', subject: target, detail: type })),
    ...(Devices ?? []).map(({ PathOnHost }): Remark => ({ kind: 'device', subject: PathOnHost })),
    ...secretsIn(container.config.env).map((subject): Remark => ({ kind: 'secret', subject })),
  ];
}
