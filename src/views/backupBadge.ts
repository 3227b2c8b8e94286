import type { ProtectionState } from '../core/inspect/protection.ts';
import type { ItemFace, Wording } from './viewItem.ts';
import { ageOf } from './when.ts';

/** What an item says about its backup. */
export interface BackupBadge {
  readonly state: 'never' | 'stale' | 'current';
  /** When the newest snapshot of it was made. */
  readonly createdMs?: number;
}

export function badgeOf(protection: ProtectionState | undefined): BackupBadge | undefined {
  if (protection === undefined) return undefined;
  return protection.kind === 'never'
    ? { state: 'never' }
    : { state: protection.kind, createdMs: protection.snapshot.createdMs };
}

export function isSameBadge(one: BackupBadge | undefined, other: BackupBadge | undefined): boolean {
  return one?.state === other?.state && one?.createdMs === other?.createdMs;
}

export function badged(badge: BackupBadge | undefined): Pick<ItemFace, 'badge'> {
  return badge === undefined ? {} : { badge: badge.state };
}

/** For tooltips and screen readers; empty where nothing is known. */
export function backupWords(badge: BackupBadge | undefined, wording: Wording): string {
  if (badge === undefined) return '';
  const { l10n } = wording;
  if (badge.state === 'never') return l10n.t('no backup');
  const age = ageOf(badge.createdMs, wording);
  return badge.state === 'current'
    ? l10n.t('backed up {age}', { age })
    : l10n.t('backup is old: {age}', { age });
}
