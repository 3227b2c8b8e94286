import { volumeUsers } from '../../core/inspect/usersIndex.ts';
import { formatBytes } from '../../core/quantity.ts';
import type { Command } from '../command.ts';
import { containerLabel } from '../findContainer.ts';
import { isoTime } from '../isoTime.ts';
import { table } from '../table.ts';

export const volumes: Command = {
  name: 'volumes',
  summary: 'List volumes and who uses them',
  usage: '[--size]',
  takes: { least: 0, most: 0 },
  options: { size: { help: 'measure each volume too; the engine walks all of their files' } },
  async run({ engine, operation: { signal } }, args) {
    const { volumes: store, containers } = await engine();
    const isMeasured = args.isSet('size');
    const [list, present, usage] = await Promise.all([
      store.list({ signal }),
      containers.list({ signal }),
      isMeasured ? store.usage({ signal }) : [],
    ]);
    const users = volumeUsers(present);
    const labels = new Map(present.map((container) => [container.id, containerLabel(container)]));
    const sizes = new Map(usage.map(({ name, sizeBytes }) => [name, sizeBytes]));
    const rows = list.map((volume) => ({
      volume,
      users: users.get(volume.name) ?? [],
      sizeBytes: sizes.get(volume.name),
    }));
    return {
      document: {
        volumes: rows.map(({ volume, users: ids, sizeBytes }) => ({
          name: volume.name,
          driver: volume.driver,
          mountpoint: volume.mountpoint,
          createdAt: isoTime(volume.createdAtMs),
          scope: volume.scope,
          labels: volume.labels,
          options: volume.options,
          containers: ids,
          ...(isMeasured ? { sizeBytes: sizeBytes ?? null } : {}),
        })),
      },
      text: (columns) =>
        table(
          ['NAME', 'DRIVER', ...(isMeasured ? ['SIZE'] : []), 'CONTAINERS'],
          rows.map(({ volume, users: ids, sizeBytes }) => [
            volume.name,
            volume.driver,
            ...(isMeasured ? [sizeBytes === undefined ? '?' : formatBytes(sizeBytes)] : []),
            ids.map((id) => labels.get(id) ?? id).join(', '),
          ]),
          columns,
        ),
      quiet: list.map(({ name }) => name),
    };
  },
};
