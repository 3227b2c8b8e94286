import type { RetentionReason } from './planRetention.ts';

/** A reason in restic's words, for tables and JSON. */
export function retentionReasonText(reason: RetentionReason): string {
  switch (reason.kind) {
    case 'tags':
      return reason.tags === '' ? 'has no tags' : `has tags ${reason.tags}`;
    case 'within': {
      const { span, period, isOldest } = reason;
      return period === undefined ? `within ${span}` : `${isOldest ? 'oldest ' : ''}${period} within ${span}`;
    }
    case 'pinned':
      return 'pinned';
    case 'onlyVerified':
      return 'only verified snapshot';
    case 'unreadable':
      return 'annotations can’t be read';
    default:
      return `${reason.isOldest ? 'oldest ' : ''}${reason.kind} snapshot`;
  }
}
