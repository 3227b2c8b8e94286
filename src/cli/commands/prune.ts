import { pruneVault, usualGraceMs } from '../../core/maintenance/pruneVault.ts';
import { formatBytes } from '../../core/quantity.ts';
import { currentProcess } from '../../core/vault/processIdentity.ts';
import type { Arguments } from '../arguments.ts';
import type { Command } from '../command.ts';
import { countOf } from '../countOf.ts';
import { vaultOption } from '../options.ts';
import { usageFailure } from '../failures.ts';
import { openChosenFolder } from '../vaultOption.ts';

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export const prune: Command = {
  name: 'prune',
  summary: 'Remove the blobs that no snapshot needs any more',
  usage: '[--grace SPAN] [--dry-run]',
  details: [
    'Nobody can write to the vault meanwhile. Where a document can’t be read nothing is removed: repair the vault first.',
  ],
  takes: { least: 0, most: 0 },
  options: {
    ...vaultOption,
    grace: {
      value: 'SPAN',
      help: 'spare what was stored less than this ago, such as 30m, 12h or 7d; 24h if not given',
    },
    'dry-run': { help: 'only say what would be removed' },
  },
  async run(context, args) {
    const [graceMs, isDryRun] = [graceIn(args), args.isSet('dry-run')];
    const vault = await openChosenFolder(
      context,
      args,
      'The registry frees what nothing names when it next collects its garbage; see its own manual.',
    );
    const owner = await currentProcess();
    const result = await pruneVault({ vault, owner }, { graceMs, isDryRun }, context.operation);
    const { removed, young, kept, partials } = result;
    const words = ({ blobs, bytes }: typeof removed): string =>
      `${countOf(blobs, 'blob')} (${formatBytes(bytes)})`;
    return {
      document: { isDryRun, ...result },
      text: () => [
        `${isDryRun ? 'Would remove' : 'Removed'} ${words(removed)}; ${words(kept)} needed`,
        ...(young.blobs > 0 ? [`Left ${words(young)} that nothing needs and that are young`] : []),
        ...(partials > 0
          ? [`${isDryRun ? 'Would sweep' : 'Swept'} ${countOf(partials, 'unfinished file')}`]
          : []),
      ],
      quiet: [],
    };
  },
};

function graceIn(args: Arguments): number {
  const text = args.text('grace');
  if (text === undefined) return usualGraceMs;
  const [, digits, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (text === '0') return 0;
  if (digits === undefined)
    throw usageFailure(`--grace takes a span such as 30m, 12h or 7d, not "${text.slice(0, 100)}".`);
  return Number(digits) * unitMs[unit as keyof typeof unitMs];
}
