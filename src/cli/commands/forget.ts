import { shortDigest } from '../../core/digest.ts';
import { forgetSnapshots } from '../../core/maintenance/forgetSnapshots.ts';
import { planRetention, type RetentionGroup } from '../../core/maintenance/planRetention.ts';
import { retentionReasonText } from '../../core/maintenance/retentionWords.ts';
import type { Snapshot } from '../../core/snapshot/snapshot.ts';
import { findSnapshot, readSnapshots } from '../../core/snapshot/snapshots.ts';
import { currentProcess } from '../../core/vault/processIdentity.ts';
import type { Arguments } from '../arguments.ts';
import { snapshotWords } from '../chosenSnapshot.ts';
import type { Command, CommandContext, Report } from '../command.ts';
import { asUsage, usageFailure } from '../failures.ts';
import { isoTime } from '../isoTime.ts';
import { chosenPolicy, hasPolicy, retentionOptions } from '../retentionOptions.ts';
import { snapshotDocument } from '../snapshotDocument.ts';
import { table } from '../table.ts';
import { openChosenVault, vaultOption } from '../vaultOption.ts';

const kinds = ['image', 'container', 'volume', 'project'] as const;

export const forget: Command = {
  name: 'forget',
  summary: 'Remove snapshots by name, or all but those that a policy keeps',
  usage: '[SNAPSHOT…] [--keep-… N] [--dry-run]',
  details: [
    snapshotWords,
    'A policy is applied to each source on its own; a snapshot stays when any of its rules keeps it. Pinned snapshots stay, and so does the only verified one of a source. Hours, days and weeks are those of the local calendar.',
    'The space is freed by `drydock prune`.',
  ],
  takes: { least: 0, most: Number.POSITIVE_INFINITY },
  options: {
    ...vaultOption,
    ...retentionOptions,
    kind: { value: 'KIND', choices: kinds, help: 'apply the policy to snapshots of one kind only' },
    source: { value: 'NAME', help: 'apply the policy to this source only' },
    tag: {
      value: 'TAG',
      isRepeatable: true,
      help: 'apply it to those with this tag only; several: with all',
    },
    'dry-run': { help: 'only show what would be kept and removed' },
  },
  async run(context, args) {
    const policy = chosenPolicy(args);
    const isNamed = args.words.length > 0;
    if (isNamed === hasPolicy(policy))
      throw usageFailure(
        isNamed
          ? 'Name snapshots or give a policy, not both.'
          : 'Name the snapshots to remove, or say with --keep-… which to keep.',
      );
    if (isNamed) return forgetNamed(context, args);
    const vault = await openChosenVault(context, args, args.isSet('dry-run') ? 'read' : 'write');
    const chosen = (await readSnapshots(vault)).filter((one) => isMeant(one, args));
    const groups = asUsage(() => planRetention(chosen, policy, context.now()));
    const ids = groups.flatMap(({ removed }) => removed.map(({ id }) => id));
    if (!args.isSet('dry-run') && ids.length > 0)
      await forgetSnapshots({ vault, owner: await currentProcess() }, { ids }, context.operation);
    return policyReport(groups, args.isSet('dry-run'));
  },
};

async function forgetNamed(context: CommandContext, args: Arguments): Promise<Report> {
  const isDryRun = args.isSet('dry-run');
  const vault = await openChosenVault(context, args, isDryRun ? 'read' : 'write');
  const all = await readSnapshots(vault);
  const chosen = [...new Set(args.words.map((word) => findSnapshot(all, word)))];
  const ids = chosen.map(({ id }) => id);
  if (!isDryRun) await forgetSnapshots({ vault, owner: await currentProcess() }, { ids }, context.operation);
  return {
    document: { isDryRun, removed: chosen.map(snapshotDocument) },
    text: () =>
      chosen.map(
        ({ id, refName }) => `${isDryRun ? 'Would remove' : 'Removed'} ${refName} (${shortDigest(id)})`,
      ),
    quiet: ids,
  };
}

function isMeant({ source, tags }: Snapshot, args: Arguments): boolean {
  const [kind, name] = [args.choice('kind', kinds), args.text('source')];
  return (
    (kind === undefined || source.kind === kind) &&
    (name === undefined || source.name === name) &&
    args.texts('tag').every((tag) => tags.includes(tag))
  );
}

function policyReport(groups: readonly RetentionGroup[], isDryRun: boolean): Report {
  const removed = groups.flatMap((group) => group.removed);
  const kept = groups.flatMap((group) => group.kept);
  return {
    document: {
      isDryRun,
      groups: groups.map((group) => ({
        source: {
          kind: group.source.kind,
          name: group.source.name,
          engine: { id: group.source.engineId, name: group.source.engineName },
        },
        kept: group.kept.map(({ snapshot, reasons }) => ({
          ...snapshotDocument(snapshot),
          reasons: reasons.map(retentionReasonText),
        })),
        removed: group.removed.map(snapshotDocument),
      })),
    },
    text: (columns) => [
      ...table(
        ['', 'ID', 'TIME', 'KIND', 'SOURCE', 'WHY'],
        groups.flatMap((group) => [
          ...group.kept.map(({ snapshot, reasons }) =>
            row('keep', snapshot, reasons.map(retentionReasonText).join(', ')),
          ),
          ...group.removed.map((snapshot) => row('remove', snapshot, '')),
        ]),
        columns,
      ),
      `${isDryRun ? 'Would remove' : 'Removed'} ${removed.length} of ${kept.length + removed.length} snapshots`,
    ],
    quiet: removed.map(({ id }) => id),
  };
}

function row(fate: string, { id, createdMs, source }: Snapshot, why: string): readonly string[] {
  return [fate, shortDigest(id), isoTime(createdMs)?.slice(0, 19) ?? '?', source.kind, source.name, why];
}
