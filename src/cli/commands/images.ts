import { shortDigest } from '../../core/digest.ts';
import type { ImageSummary } from '../../core/engine/records.ts';
import { imageUsers } from '../../core/inspect/usersIndex.ts';
import { formatAge, formatBytes } from '../../core/quantity.ts';
import type { Command } from '../command.ts';
import { isoTime } from '../isoTime.ts';
import { table } from '../table.ts';

export const images: Command = {
  name: 'images',
  summary: 'List images',
  usage: '',
  takes: { least: 0, most: 0 },
  options: {},
  async run({ engine, operation: { signal }, now }) {
    const { images: store, containers } = await engine();
    const [list, users] = await Promise.all([
      store.list({ signal }),
      containers.list({ signal }).then(imageUsers),
    ]);
    const nowMs = now();
    const usersOf = ({ id }: ImageSummary): readonly string[] => users.get(id) ?? [];
    return {
      document: {
        images: list.map((image) => ({
          id: image.id,
          tags: image.tags,
          repoDigests: image.repoDigests,
          createdAt: isoTime(image.createdAtMs),
          sizeBytes: image.sizeBytes,
          labels: image.labels,
          containers: usersOf(image),
        })),
      },
      text: (columns) =>
        table(
          ['NAME', 'ID', 'CREATED', 'SIZE', 'CONTAINERS'],
          list.flatMap((image) =>
            (image.tags.length > 0 ? image.tags : ['<none>']).map((tag) => [
              tag,
              shortDigest(image.id),
              formatAge(image.createdAtMs, nowMs),
              formatBytes(image.sizeBytes),
              String(usersOf(image).length),
            ]),
          ),
          columns,
        ),
      quiet: list.map(({ id }) => id),
    };
  },
};
