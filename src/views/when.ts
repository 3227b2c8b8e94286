import { formatAge } from '../core/quantity.ts';
import type { Wording } from './viewItem.ts';

/** `3 days ago`; empty for the zero times that reproducible builds and engines without a clock give. */
export function ageOf(timeMs: number | undefined, { language, nowMs }: Wording): string {
  return isTime(timeMs) ? formatAge(timeMs, nowMs(), language) : '';
}

/** The time in full, in the reader's language and zone; empty where {@link ageOf} is. */
export function timeOf(timeMs: number | undefined, { language }: Wording): string {
  if (!isTime(timeMs)) return '';
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' }).format(timeMs);
}

const farthestMs = 8.64e15;

function isTime(timeMs: number | undefined): timeMs is number {
  return timeMs !== undefined && timeMs > 0 && timeMs <= farthestMs;
}
