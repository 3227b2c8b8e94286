import type { PortMapping } from '../../core/engine/records.ts';
import { formatAge } from '../../core/quantity.ts';
import type { Command } from '../command.ts';
import { containerLabel } from '../findContainer.ts';
import { isoTime } from '../isoTime.ts';
import { table } from '../table.ts';

export const containers: Command = {
  name: 'containers',
  summary: 'List containers, running or not',
  usage: '',
  takes: { least: 0, most: 0 },
  options: {},
  async run({ engine, operation: { signal }, now }) {
    const list = await (await engine()).containers.list({ signal });
    const nowMs = now();
    return {
      document: {
        containers: list.map((container) => ({
          id: container.id,
          names: container.names,
          image: container.image,
          imageId: container.imageId,
          command: container.command,
          createdAt: isoTime(container.createdAtMs),
          state: container.state,
          status: container.status,
          health: container.health,
          ports: container.ports,
          mounts: container.mounts,
          labels: container.labels,
          networks: container.networks,
        })),
      },
      text: (columns) =>
        table(
          ['NAME', 'ID', 'IMAGE', 'CREATED', 'STATE', 'STATUS', 'PORTS'],
          list.map((container) => [
            containerLabel(container),
            container.id.slice(0, 12),
            container.image,
            formatAge(container.createdAtMs, nowMs),
            container.state,
            container.status,
            container.ports.map(portWords).join(', '),
          ]),
          columns,
        ),
      quiet: list.map(({ id }) => id),
    };
  },
};

/** `127.0.0.1:8080->80/tcp`, or `80/tcp` where nothing outside leads to it. */
function portWords({ hostIp, hostPort, containerPort, protocol }: PortMapping): string {
  const inside = `${containerPort}/${protocol}`;
  if (hostPort === undefined) return inside;
  const host = hostIp?.includes(':') === true ? `[${hostIp}]` : hostIp;
  return `${host === undefined ? '' : `${host}:`}${hostPort}->${inside}`;
}
