/** Numbers as people read them. Language-neutral where units are symbols; ages go through Intl. */

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `1234567` ⇒ `1.23 MB`. Decimal units, three digits, as the Docker CLI shows sizes. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${byteUnits[unit] ?? 'B'}`;
}

/** Seconds as a clock: `75` ⇒ `1:15`, `3675` ⇒ `1:01:15`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const pad = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

const ageUnits = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

/** Making a formatter costs more than using it a hundred times; trees word a thousand ages at once. */
const relativeTimes = new Map<string, Intl.RelativeTimeFormat>();

function relativeTime(locale: string): Intl.RelativeTimeFormat {
  const known = relativeTimes.get(locale) ?? new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  relativeTimes.set(locale, known);
  return known;
}

/** How long ago a time was, in words of `locale`: `3 days ago`. Under a minute it says `now` in that language. */
export function formatAge(timeMs: number, nowMs: number, locale = 'en'): string {
  const seconds = (nowMs - timeMs) / 1000;
  const words = relativeTime(locale);
  for (const [unit, length] of ageUnits) {
    if (seconds >= length) return words.format(-Math.floor(seconds / length), unit);
  }
  return words.format(0, 'second');
}

/** A time for a file name, in UTC and without characters that file systems refuse: `20261121T074500Z`. */
export function fileTimestamp(timeMs: number): string {
  return `${new Date(timeMs).toISOString().replace(/[-:]/g, '').slice(0, 15)}Z`;
}
