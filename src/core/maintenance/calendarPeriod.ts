/** The periods of which a policy keeps the newest snapshot. */
export type CalendarPeriod = 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly';

/**
 * A name for the hour, day, ISO week, month or year, by the local calendar, in which a time lies. An hour that comes
 * twice when clocks are put back counts as one, as restic counts it.
 */
export function periodOf(period: CalendarPeriod, ms: number): string {
  const at = new Date(ms);
  const [year, month, day] = [at.getFullYear(), at.getMonth() + 1, at.getDate()];
  switch (period) {
    case 'hourly':
      return `${year}-${month}-${day} ${at.getHours()}`;
    case 'daily':
      return `${year}-${month}-${day}`;
    case 'weekly':
      return isoWeek(year, month, day);
    case 'monthly':
      return `${year}-${month}`;
    case 'yearly':
      return String(year);
  }
}

/** Weeks begin on Monday and belong to the year in which their Thursday lies. Source: ISO 8601. */
function isoWeek(year: number, month: number, day: number): string {
  const date = new Date(Date.UTC(year, month - 1, day));
  const weekday = date.getUTCDay() || 7;
  date.setUTCDate(date.getUTCDate() + 4 - weekday);
  const thursday = date.getTime();
  const firstDay = Date.UTC(date.getUTCFullYear(), 0, 1);
  return `${date.getUTCFullYear()}-W${1 + Math.floor((thursday - firstDay) / (7 * 86_400_000))}`;
}
