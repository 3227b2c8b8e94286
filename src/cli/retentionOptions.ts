import { type RetentionCount, type RetentionPolicy } from '../core/maintenance/planRetention.ts';
import type { Arguments } from './arguments.ts';
import { usageFailure } from './failures.ts';
import type { OptionTable } from './options.ts';

const counts = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
const spans = [
  ['keep-within', 'within', 'all'],
  ['keep-within-hourly', 'withinHourly', 'the newest of each hour'],
  ['keep-within-daily', 'withinDaily', 'the newest of each day'],
  ['keep-within-weekly', 'withinWeekly', 'the newest of each week'],
  ['keep-within-monthly', 'withinMonthly', 'the newest of each month'],
  ['keep-within-yearly', 'withinYearly', 'the newest of each year'],
] as const;
const periodWords: Readonly<Record<(typeof counts)[number], string>> = {
  last: 'the last N',
  hourly: 'the newest of each of the last N hours that have one',
  daily: 'the newest of each of the last N days that have one',
  weekly: 'the newest of each of the last N weeks that have one',
  monthly: 'the newest of each of the last N months that have one',
  yearly: 'the newest of each of the last N years that have one',
};

/** The rules of a policy, named as restic names them. */
export const retentionOptions: OptionTable = {
  ...Object.fromEntries(
    counts.map((name) => [`keep-${name}`, { value: 'N', help: `keep ${periodWords[name]}, or "unlimited"` }]),
  ),
  ...Object.fromEntries(
    spans.map(([option, , words]) => [
      option,
      { value: 'SPAN', help: `keep ${words} within SPAN (such as 1y5m7d2h) of the source’s newest` },
    ]),
  ),
  'keep-tag': {
    value: 'TAG[,TAG…]',
    isRepeatable: true,
    mayBeEmpty: true,
    help: 'keep all that have every one of these tags; several: of any of these lists',
  },
};

/** The policy that a command line states; without any rule it is empty. */
export function chosenPolicy(args: Arguments): RetentionPolicy {
  const counted = counts.reduce<RetentionPolicy>((policy, name) => {
    const text = args.text(`keep-${name}`);
    return text === undefined ? policy : { ...policy, [name]: countIn(text, name) };
  }, {});
  const spanned = spans.reduce<RetentionPolicy>((policy, [option, name]) => {
    const text = args.text(option);
    return text === undefined ? policy : { ...policy, [name]: text };
  }, counted);
  const tags = args.texts('keep-tag');
  return { ...spanned, ...(tags.length > 0 && { tags }) };
}

/** Whether any rule was given. */
export function hasPolicy(policy: RetentionPolicy): boolean {
  return Object.keys(policy).length > 0;
}

function countIn(text: string, name: string): RetentionCount {
  if (text === 'unlimited' || text === '-1') return 'unlimited';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw usageFailure(`--keep-${name} takes a number or "unlimited", not "${text.slice(0, 100)}".`);
}
