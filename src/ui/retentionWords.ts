import type { RetentionReason } from '../core/maintenance/planRetention.ts';
import type { Wording } from '../views/viewItem.ts';

/** Why a snapshot is kept, in the reader's language. */
export function retentionWords(reason: RetentionReason, { l10n }: Pick<Wording, 'l10n'>): string {
  switch (reason.kind) {
    case 'pinned':
      return l10n.t('pinned');
    case 'onlyVerified':
      return l10n.t('the only verified one');
    case 'unreadable':
      return l10n.t('what is noted of it can’t be read');
    case 'tags':
      return reason.tags === ''
        ? l10n.t('has no tags')
        : l10n.t('has the tags {tags}', { tags: reason.tags });
    case 'within':
      return l10n.t('newer than {span}', { span: reason.span });
    case 'last':
      return l10n.t('one of the newest');
    case 'hourly':
      return l10n.t('of its hour');
    case 'daily':
      return l10n.t('of its day');
    case 'weekly':
      return l10n.t('of its week');
    case 'monthly':
      return l10n.t('of its month');
    case 'yearly':
      return l10n.t('of its year');
  }
}
