import { shortDigest } from '../../core/digest.ts';
import { formatAge, formatBytes } from '../../core/quantity.ts';
import type { Snapshot } from '../../core/snapshot/snapshot.ts';
import { readSnapshots } from '../../core/snapshot/snapshots.ts';
import type { Command } from '../command.ts';
import { snapshotDocument } from '../snapshotDocument.ts';
import { table } from '../table.ts';
import { openChosenVault, vaultOption } from '../vaultOption.ts';

const kinds = ['image', 'container', 'volume', 'project'] as const;

export const snapshots: Command = {
  name: 'snapshots',
  summary: 'List the snapshots of a vault, newest first',
  usage: '[--kind KIND] [--source NAME] [--tag TAG]',
  details: [
    'SIZE is what a snapshot holds, unpacked; NEW is what it added to the vault. VERIFIED says when all of it was last read and found right.',
  ],
  takes: { least: 0, most: 0 },
  options: {
    ...vaultOption,
    kind: { value: 'KIND', choices: kinds, help: 'only those of one kind' },
    source: { value: 'NAME', help: 'only those of this image, container, volume or project' },
    tag: { value: 'TAG', isRepeatable: true, help: 'only those with this tag; several: with all of them' },
  },
  async run(context, args) {
    const vault = await openChosenVault(context, args, 'read');
    const [kind, source, tags] = [args.choice('kind', kinds), args.text('source'), args.texts('tag')];
    const list = (await readSnapshots(vault)).filter(
      (one) =>
        (kind === undefined || one.source.kind === kind) &&
        (source === undefined || one.source.name === source) &&
        tags.every((tag) => one.tags.includes(tag)),
    );
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
    };
  },
};

/** Whether a snapshot can be trusted, in a few words. */
export function checkedWords({ verified, damaged }: Snapshot, nowMs: number): string {
  if (damaged !== undefined) return 'DAMAGED';
  return verified === undefined ? 'no' : formatAge(verified.atMs, nowMs);
}
