import type { Snapshot } from './snapshot.ts';

/** On the snapshots that are made of what a restore replaces. */
export const beforeRestoreTag = 'before-restore';

/**
 * Whether a snapshot holds what somebody had a restore replace. It is newer than the backup that was restored, and
 * must stand in for no backup: neither as the latest nor where a policy keeps the newest.
 */
export function isBeforeRestore({ tags }: Pick<Snapshot, 'tags'>): boolean {
  return tags.includes(beforeRestoreTag);
}
