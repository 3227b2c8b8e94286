import { exportContainer } from '../../core/backup/exportContainer.ts';
import { formatBytes } from '../../core/quantity.ts';
import type { Command } from '../command.ts';
import { containerLabel, findContainer } from '../findContainer.ts';
import { compressOption, outputOptions } from '../options.ts';
import { outputFile } from '../outputFile.ts';

export const exportFilesystem: Command = {
  name: 'export',
  summary: 'Write a container’s files into a tar and read it back',
  usage: 'CONTAINER -o FILE',
  details: ['The tar holds the flattened root file system, without volumes, tmpfs and configuration.'],
  takes: { least: 1, most: 1 },
  options: { ...outputOptions, ...compressOption },
  async run({ engine: connected, operation }, args) {
    const file = await outputFile(args);
    const engine = await connected();
    const container = await findContainer(engine, args.first, operation.signal);
    const done = await exportContainer({ engine }, { ...file, containerId: container.id }, operation);
    const name = containerLabel(container);
    return {
      document: {
        container: { id: container.id, name },
        path: done.path,
        compression: file.compression,
        tarDigest: done.digest,
        tarBytes: done.plainBytes,
        entries: done.entries,
      },
      text: () => [
        `Exported and verified: ${name}, ${done.entries} entries without its volumes`,
        `${done.path} (a tar of ${formatBytes(done.plainBytes)}, ${done.digest})`,
      ],
      quiet: [done.path],
    };
  },
};
