import type { Remark } from '../core/snapshot/snapshotRecords.ts';
import type { Wording } from '../views/viewItem.ts';

/** What kind of remark it is, in the reader's language. */
export function remarkKindWord(kind: Remark['kind'], { l10n }: Pick<Wording, 'l10n'>): string {
  switch (kind) {
    case 'changed':
      return l10n.t('changed while it was read');
    case 'vanished':
      return l10n.t('vanished while it was read');
    case 'socket':
      return l10n.t('is a socket, which no archive holds');
    case 'notRead':
      return l10n.t('could not be read');
    case 'bind':
      return l10n.t('is a folder of the host and not included');
    case 'tmpfs':
      return l10n.t('is in memory and not included');
    case 'device':
      return l10n.t('is a device of the host');
    case 'secret':
      return l10n.t('looks like a secret in the environment');
    case 'xattrs':
      return l10n.t('is kept without what engines don’t hand out');
    case 'maskedOption':
      return l10n.t('is an option that the engine hides');
    case 'notPaused':
      return l10n.t('could not be paused');
    case 'hookFailed':
      return l10n.t('is a command around the backup that failed');
    case 'anonymousVolume':
      return l10n.t('is a volume without a name');
    case 'other':
      return l10n.t('is noted');
  }
}
