import { failure } from '../errors.ts';

/** A span of the calendar: a month is as long as the month is. */
export interface RetentionSpan {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: number;
}

const units = { y: 'years', m: 'months', d: 'days', h: 'hours' } as const;

/** Reads `2y5m7d3h`, each unit once at most; throws `badSpan`. Source: restic's manual, "Removing backup snapshots". */
export function parseRetentionSpan(text: string): RetentionSpan {
  const span = { years: 0, months: 0, days: 0, hours: 0 };
  const seen = new Set<string>();
  if (!/^(?:\d{1,6}[ymdh])+$/.test(text)) throw failure('badSpan', { text: text.slice(0, 100) });
  for (const [, digits = '', unit = ''] of text.matchAll(/(\d+)([ymdh])/g)) {
    if (seen.has(unit)) throw failure('badSpan', { text: text.slice(0, 100) });
    seen.add(unit);
    span[units[unit as keyof typeof units]] = Number(digits);
  }
  return span;
}

/** Whether it says nothing: `0h` keeps nothing. */
export function isEmptySpan({ years, months, days, hours }: RetentionSpan): boolean {
  return years + months + days + hours === 0;
}

/**
 * The time that lies `span` before `ms`. Days, months and years go by the local calendar, and a day that a month does
 * not have runs over into the next one; hours are hours.
 */
export function before(ms: number, { years, months, days, hours }: RetentionSpan): number {
  const at = new Date(ms);
  const [year, month, day] = [at.getFullYear(), at.getMonth(), at.getDate()];
  const moved = new Date(ms);
  moved.setFullYear(year - years, month - months, day - days);
  const movedMs = moved.getTime();
  // Further back than any calendar goes: nothing is older.
  return Number.isNaN(movedMs) ? Number.NEGATIVE_INFINITY : movedMs - hours * 3_600_000;
}
