import { shortDigest } from '../../core/digest.ts';
import type { VaultProblem } from '../../core/maintenance/vaultProblem.ts';
import { verifyVault, type VerifyReport } from '../../core/maintenance/verifyVault.ts';
import type { VerifyShare } from '../../core/maintenance/verifyShare.ts';
import { formatBytes } from '../../core/quantity.ts';
import type { Snapshot } from '../../core/snapshot/snapshot.ts';
import { readSnapshots } from '../../core/snapshot/snapshots.ts';
import type { Vault } from '../../core/vault/layout.ts';
import { currentProcess } from '../../core/vault/processIdentity.ts';
import type { Command } from '../command.ts';
import { countOf } from '../countOf.ts';
import { vaultOption } from '../options.ts';
import { exitCodes } from '../exitCode.ts';
import { CliFailure, usageFailure } from '../failures.ts';
import { openChosenVault } from '../vaultOption.ts';

const depths = ['structure', 'digests', 'contents'] as const;

export const verify: Command = {
  name: 'verify',
  summary: 'Look whether a vault still holds what was put into it',
  usage: '[--depth structure|digests|contents] [--share 1/7|10%] [--read-only]',
  details: [
    'structure reads every document and compares every size; digests reads every byte; contents unpacks every layer and compares every file with its hash.',
    'What was found is marked in the vault, unless --read-only is given or it lies in a registry. Ends with 1 when anything is wrong.',
  ],
  takes: { least: 0, most: 0 },
  options: {
    ...vaultOption,
    depth: { value: 'DEPTH', choices: depths, help: 'how deep to look; digests if not given' },
    share: {
      value: 'SHARE',
      help: 'read a part of the blobs only: 1/7, 2/7 … 7/7 on the days of a week, or 10% at random',
    },
    'read-only': { help: 'write nothing to the vault, not even a lock' },
  },
  async run(context, args) {
    const share = shareIn(args.text('share'));
    const vault = await openChosenVault(context, args, args.isSet('read-only') ? 'read' : 'write');
    const report = await verifyVault(
      { vault, owner: await currentProcess() },
      { depth: args.choice('depth', depths) ?? 'digests', ...(share && { share }) },
      context.operation,
    );
    const names = new Map(
      (await readSnapshots(vault, context.operation)).map((one: Snapshot) => [one.id, one.refName]),
    );
    const isWhole = report.problems.length === 0;
    return {
      document: { vault: vault.paths.root, isWhole, ...report },
      text: () => [
        ...report.problems.map((problem) => problemLine(problem, (id) => names.get(id) ?? shortDigest(id))),
        ...(isWhole ? [summary(report)] : []),
      ],
      quiet: report.problems.flatMap(({ digest, path }) => digest ?? path ?? []),
      ...(isWhole ? {} : { error: damageFound(report, vault) }),
    };
  },
};

/** A problem on one line: what, how, and whom it hurts. */
export function problemLine(
  { kind, digest, path, detail, snapshots }: VaultProblem,
  nameOf: (id: VaultProblem['snapshots'][number]) => string,
): string {
  const what = kind === 'file' || kind === 'entry' ? path : digest;
  const hurt = snapshots.length === 0 ? 'hurts no snapshot' : `hurts ${snapshots.map(nameOf).join(', ')}`;
  return `${kind}: ${what ?? ''}: ${detail}; ${hurt}`;
}

/** Told on standard error also where nobody looks at the rest, as in a job at night. */
function damageFound(report: VerifyReport, { paths: { root: path }, listing }: Vault): CliFailure {
  const advice =
    listing === undefined
      ? '`drydock repair` says what can be mended.'
      : 'Copy what it hurts there again from a vault that has it whole.';
  return new CliFailure(
    'vaultDamaged',
    `Not everything is right in the vault ${path}: ${summary(report)}. ${advice}`,
    { exitCode: exitCodes.failed, details: { path, problems: report.problems.length } },
  );
}

function summary({ problems, snapshots, sound, read, all, depth }: VerifyReport): string {
  const looked =
    depth === 'structure'
      ? `${countOf(all.blobs, 'blob')} looked at`
      : `${read.blobs} of ${all.blobs} blobs read (${formatBytes(read.bytes)})`;
  if (problems.length > 0)
    return `${countOf(problems.length, 'problem')}: ${sound.length} of ${snapshots} snapshots found whole, ${looked}`;
  const isPart = sound.length < snapshots;
  return `Nothing is wrong${isPart ? ' with what was read' : ''}: ${countOf(snapshots, 'snapshot')}, ${looked}`;
}

function shareIn(text: string | undefined): VerifyShare | undefined {
  if (text === undefined) return undefined;
  const [, percent] = /^(\d{1,3}(?:\.\d+)?)%$/.exec(text) ?? [];
  if (percent !== undefined && Number(percent) > 0 && Number(percent) <= 100)
    return { percent: Number(percent) };
  const [, part, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  if (part !== undefined && Number(part) >= 1 && Number(part) <= Number(of))
    return { part: Number(part), of: Number(of) };
  throw usageFailure(`--share takes a part such as 1/7 or 10%, not "${text.slice(0, 100)}".`);
}
