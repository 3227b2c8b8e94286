import { shortDigest, type Digest } from '../../core/digest.ts';
import { forgetSnapshots } from '../../core/maintenance/forgetSnapshots.ts';
import { planRetention, type RetentionGroup } from '../../core/maintenance/planRetention.ts';
import { retentionReasonText } from '../../core/maintenance/retentionWords.ts';
import type { Snapshot } from '../../core/snapshot/snapshot.ts';
import { findSnapshot, readSnapshots } from '../../core/snapshot/snapshots.ts';
import { forgetInRegistry } from '../../core/transfer/forgetInRegistry.ts';
import { isInRegistry, type RegistryVault } from '../../core/transfer/registryVault.ts';
import type { Vault } from '../../core/vault/layout.ts';
import { currentProcess } from '../../core/vault/processIdentity.ts';
import type { Arguments } from '../arguments.ts';
import { snapshotWords } from '../chosenSnapshot.ts';
import type { Command, CommandContext, Report } from '../command.ts';
import { vaultOption } from '../options.ts';
import { asUsage, usageFailure } from '../failures.ts';
import { isoTime } from '../isoTime.ts';
import { chosenPolicy, hasPolicy, retentionOptions } from '../retentionOptions.ts';
import { filtered, filterOptions, noneNote, requireNoFilter } from '../snapshotFilter.ts';
import { snapshotDocument } from '../snapshotDocument.ts';
import { table } from '../table.ts';
import { openChosenVault } from '../vaultOption.ts';

export const forget: Command = {
  name: 'forget',
  summary: 'Remove snapshots by name, or all but those that a policy keeps',
  usage: '[SNAPSHOT…] [--keep-… N] [--dry-run]',
  details: [
    snapshotWords,
    'A policy is applied to each source on its own; a snapshot stays when any of its rules keeps it. Pinned snapshots stay, and so does the only verified one of a source. Hours, days and weeks are those of the local calendar.',
    'The space is freed by `drydock prune`. Of a vault in a registry the tags and the snapshots are removed, if the registry lets this log-in do so; it frees the space itself. It knows no pins.',
  ],
  takes: { least: 0, most: Number.POSITIVE_INFINITY },
  options: {
    ...vaultOption,
    ...retentionOptions,
    ...filterOptions,
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
    const isDryRun = args.isSet('dry-run');
    const vault = await openChosenVault(context, args, isDryRun ? 'read' : 'write');
    const all = await readSnapshots(vault, context.operation);
    const chosen = filtered(all, args);
    const groups = asUsage(() => planRetention(chosen, policy, context.now()));
    const ids = groups.flatMap(({ removed }) => removed.map(({ id }) => id));
    const kept = groups.flatMap((group) => group.kept.map(({ snapshot }) => snapshot));
    if (!isDryRun && ids.length > 0) await forgetIn(vault, { ids, kept }, context);
    return {
      ...policyReport(groups, isDryRun),
      notes: noneNote(chosen, all, args.text('source')),
    };
  },
};

async function forgetNamed(context: CommandContext, args: Arguments): Promise<Report> {
  requireNoFilter(args);
  const isDryRun = args.isSet('dry-run');
  const vault = await openChosenVault(context, args, isDryRun ? 'read' : 'write');
  const all = await readSnapshots(vault, context.operation);
  const chosen = [...new Set(args.words.map((word) => findSnapshot(all, word)))];
  const ids = chosen.map(({ id }) => id);
  if (!isDryRun) await forgetIn(vault, { ids }, context);
  return {
    document: { isDryRun, removed: chosen.map(snapshotDocument) },
    text: () =>
      chosen.map(
        ({ id, refName }) => `${isDryRun ? 'Would remove' : 'Removed'} ${refName} (${shortDigest(id)})`,
      ),
    quiet: ids,
  };
}

/** All of them or a failure, which says so where a registry has removed some by then. */
async function forgetIn(
  vault: Vault & Partial<RegistryVault>,
  { ids, kept }: { readonly ids: readonly Digest[]; readonly kept?: readonly Snapshot[] },
  { operation }: CommandContext,
): Promise<void> {
  const input = { ids, ...(kept && { kept }) };
  if (isInRegistry(vault)) await forgetInRegistry(vault, input, operation);
  else await forgetSnapshots({ vault, owner: await currentProcess() }, input, operation);
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
