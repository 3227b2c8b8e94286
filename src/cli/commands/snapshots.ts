import { shortDigest } from '../../core/digest.ts';
import { formatAge, formatBytes } from '../../core/quantity.ts';
import type { Snapshot } from '../../core/snapshot/snapshot.ts';
import { readSnapshots } from '../../core/snapshot/snapshots.ts';
import type { Command } from '../command.ts';
import { vaultOption } from '../options.ts';
import { filtered, filterOptions, noneNote } from '../snapshotFilter.ts';
import { snapshotDocument } from '../snapshotDocument.ts';
import { table } from '../table.ts';
import { openChosenVault } from '../vaultOption.ts';

export const snapshots: Command = {
  name: 'snapshots',
  summary: 'List the snapshots of a vault, newest first',
  usage: '[--kind KIND] [--source NAME] [--tag TAG]',
  details: [
    'SIZE is what a snapshot holds, unpacked; NEW is what it added to the vault. VERIFIED says when all of it was last read and found right.',
  ],
  takes: { least: 0, most: 0 },
  options: { ...vaultOption, ...filterOptions },
  async run(context, args) {
    const vault = await openChosenVault(context, args, 'read');
    const all = await readSnapshots(vault, context.operation);
    const list = filtered(all, args);
    const nowMs = context.now();
    return {
      document: { vault: vault.paths.root, snapshots: list.map(snapshotDocument) },
      text: (columns) =>
        table(
          ['ID', 'CREATED', 'KIND', 'SOURCE', 'SIZE', 'NEW', 'VERIFIED', 'TAGS'],
          list.map((one) => [
            shortDigest(one.id),
            formatAge(one.createdMs, nowMs),
            one.source.kind,
            one.source.name,
            formatBytes(one.plainBytes),
            formatBytes(one.newBytes),
            checkedWords(one, nowMs),
            [...(one.isPinned ? ['(pinned)'] : []), ...one.tags].join(', '),
          ]),
          columns,
        ),
      quiet: list.map(({ id }) => id),
      notes: [
        ...noneNote(list, all, args.text('source')),
        // Of a registry: one of these may be a snapshot.
        ...((await vault.listing?.faults()) ?? []).map(
          ({ name, reason }) => `${name} can’t be read: ${reason}`,
        ),
      ],
    };
  },
};

/** Whether a snapshot can be trusted, in a few words. */
export function checkedWords({ verified, damaged }: Snapshot, nowMs: number): string {
  if (damaged !== undefined) return 'DAMAGED';
  return verified === undefined ? 'no' : formatAge(verified.atMs, nowMs);
}
