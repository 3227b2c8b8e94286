/** A time for JSON, `2026-11-21T07:45:00.000Z`; null for a time that is not known or not representable. */
export function isoTime(timeMs: number | undefined): string | null {
  const time = new Date(timeMs ?? Number.NaN);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}
