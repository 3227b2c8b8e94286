import { vaultStats } from '../../core/maintenance/vaultStats.ts';
import { formatBytes } from '../../core/quantity.ts';
import type { Command } from '../command.ts';
import { countOf } from '../countOf.ts';
import { vaultOption } from '../options.ts';
import { table } from '../table.ts';
import { openChosenVault } from '../vaultOption.ts';

export const stats: Command = {
  name: 'stats',
  summary: 'Say what a vault holds and how much room it takes',
  usage: '',
  details: [
    'PLAIN is what the snapshots would take unpacked and each on its own, STORED what their blobs take; what two kinds share counts in both.',
  ],
  takes: { least: 0, most: 0 },
  options: { ...vaultOption },
  async run(context, args) {
    const vault = await openChosenVault(context, args, 'read');
    const found = await vaultStats(vault, { signal: context.operation.signal });
    return {
      document: { vault: vault.paths.root, ...found },
      text: (columns) => [
        ...table(
          ['KIND', 'SOURCES', 'SNAPSHOTS', 'PLAIN', 'STORED'],
          found.kinds.map(({ kind, sources, snapshots, plainBytes, storedBytes }) => [
            kind,
            String(sources),
            String(snapshots),
            formatBytes(plainBytes),
            formatBytes(storedBytes),
          ]),
          columns,
        ),
        `${countOf(found.snapshots, 'snapshot')} of ${formatBytes(found.plainBytes)} in ${formatBytes(found.stored.bytes)} (${countOf(found.stored.blobs, 'blob')})`,
        ...(vault.listing === undefined
          ? [
              `${formatBytes(found.reclaimable.bytes)} in ${countOf(found.reclaimable.blobs, 'blob')}, needed by nothing; prune removes what is old enough`,
            ]
          : []),
        ...(found.foreign.blobs > 0
          ? [`${formatBytes(found.foreign.bytes)} in ${countOf(found.foreign.blobs, 'blob')} of other tools`]
          : []),
        ...(found.damaged > 0 ? [`${found.damaged} of the snapshots found damaged; verify names what`] : []),
      ],
      quiet: [],
    };
  },
};
