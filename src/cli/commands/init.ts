import { resolve } from 'node:path';
import { createVault } from '../../core/vault/layout.ts';
import type { Command } from '../command.ts';
import { vaultOption } from '../options.ts';
import { usageFailure } from '../failures.ts';
import { isRegistryVault } from '../../core/registry/registryVaultName.ts';
import { vaultPath } from '../vaultOption.ts';

const compressions = ['zstd', 'gzip'] as const;

export const init: Command = {
  name: 'init',
  summary: 'Make a vault in an empty folder',
  usage: '[FOLDER] [--compression zstd|gzip]',
  details: [
    'FOLDER may be left out where --vault or DRYDOCK_VAULT names it. The compression is chosen once: gzip for tools and engines that can’t read zstd (Docker before 23), zstd for everything else.',
  ],
  takes: { least: 0, most: 1 },
  options: {
    ...vaultOption,
    compression: { value: 'KIND', choices: compressions, help: 'how layers are packed; zstd if not given' },
  },
  async run(context, args) {
    const [word] = args.words;
    if (word !== undefined && args.text('vault') !== undefined)
      throw usageFailure('Name the folder once: as FOLDER or with --vault.');
    const path = word === undefined || word === '' ? vaultPath(context, args) : word;
    if (isRegistryVault(path))
      throw usageFailure(
        `A vault in a registry needs no making: copy snapshots there with \`drydock copy --to ${path}\`.`,
      );
    const { paths, settings } = await createVault(
      {
        path: resolve(path),
        compression: args.choice('compression', compressions) ?? 'zstd',
      },
      { signal: context.operation.signal },
    );
    return {
      document: { path: paths.root, id: settings.id, compression: settings.compression },
      text: () => [`Made a vault: ${paths.root} (${settings.compression})`],
      quiet: [paths.root],
    };
  },
};
